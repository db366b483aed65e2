import { describe, expect, test } from "vitest";
import { ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { golden, type Row, type Run, vocabulary } from "./golden-data.js";

/** What the reference records of one call, made with ours. */
function record(tokenizer: ConvBertTokenizerFast, input: string | readonly [string, string], run: Run): Row {
  const [text, pair] = typeof input === "string" ? [input, undefined] : input;
  const batch = tokenizer(text, {
    ...run.call,
    text_pair: pair,
    return_offsets_mapping: true,
    return_special_tokens_mask: true,
  });
  const rows = batch.encodings.map((_, i) => i);
  const row: Record<string, unknown> = {
    ...batch,
    tokens: rows.map((i) => batch.tokens(i)),
    word_ids: rows.map((i) => batch.wordIds(i)),
    sequence_ids: rows.map((i) => batch.sequenceIds(i)),
  };
  if (!run.call["return_overflowing_tokens"]) {
    const ids = batch.input_ids as number[];
    row["decoded"] = tokenizer.decode(ids);
    row["decoded_clean"] = tokenizer.decode(ids, { skip_special_tokens: true });
  }
  return row;
}

describe("every golden row of the fast tokenizer", () => {
  golden.runs.forEach((run, index) => {
    if (!run.fast) return;
    test(`run ${index}: ${JSON.stringify(run.options)} ${JSON.stringify(run.call)} on ${run.on}`, () => {
      const tokenizer = new ConvBertTokenizerFast(vocabulary, run.options);
      const inputs = run.on === "pairs" ? golden.pairs : golden.texts;
      expect(run.fast).toHaveLength(run.count);
      run.fast!.forEach((expected, i) => {
        const input = inputs[i]!;
        if (expected.error === undefined) {
          expect(record(tokenizer, input, run), JSON.stringify(input)).toEqual(expected);
          return;
        }
        // The reference's words, after the Python name of the exception.
        const words = expected.error.slice(expected.error.indexOf(": ") + 2);
        let thrown: unknown;
        try {
          record(tokenizer, input, run);
        } catch (error) {
          thrown = error;
        }
        expect(thrown, JSON.stringify(input)).toBeInstanceOf(TokenizerError);
        expect((thrown as TokenizerError).message.startsWith(words), `${words}\n${(thrown as Error).message}`).toBe(
          true,
        );
      });
    });
  });
});
