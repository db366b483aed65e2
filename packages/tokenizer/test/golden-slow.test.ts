import { describe, expect, test } from "vitest";
import { ConvBertTokenizer } from "../src/index.js";
import { golden, vocabulary } from "./golden-data.js";

describe("every golden row of the slow tokenizer", () => {
  golden.runs.forEach((run, index) => {
    if (!run.slow) return;
    test(`run ${index}: ${JSON.stringify(run.options)} ${JSON.stringify(run.call)} on ${run.on}`, () => {
      const tokenizer = new ConvBertTokenizer(vocabulary, run.options);
      const inputs = run.on === "pairs" ? golden.pairs : golden.texts;
      expect(run.slow).toHaveLength(run.count);
      run.slow!.forEach((expected, i) => {
        const input = inputs[i]!;
        const [text, pair] = typeof input === "string" ? [input, undefined] : input;
        const batch = tokenizer(text, { ...run.call, text_pair: pair });
        const ids = batch.input_ids as number[];
        const row = {
          ...batch,
          tokens: tokenizer.convertIdsToTokens(ids),
          decoded: tokenizer.decode(ids),
          decoded_clean: tokenizer.decode(ids, { skip_special_tokens: true }),
        };
        expect(row, JSON.stringify(input)).toEqual(expected);
      });
    });
  });
});
