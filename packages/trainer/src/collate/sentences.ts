import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { SentenceExample } from "../data/examples.js";
import {
  type Batch,
  type BatchInputs,
  type Collator,
  type CollatorOptions,
  type EncodedRow,
  type FloatLabels,
  packingOf,
  packRows,
} from "./batch.js";
import { exampleError } from "./labels.js";

export interface SentenceBatchInputs extends BatchInputs {
  /** Vectors `[batch, size]` of single texts, scores `[batch]` of pairs. */
  readonly labels?: FloatLabels;
  readonly texts_per_example: number;
}

/** Batches of texts by themselves: the first ones of all examples, then the second ones, so that each is a row. */
export function sentenceCollator(
  tokenizer: ConvBertTokenizerFast,
  options: CollatorOptions = {},
): Collator<SentenceExample, Batch<SentenceBatchInputs>> {
  const packing = packingOf(tokenizer, options);
  const encode = (examples: readonly SentenceExample[]): EncodedRow[] => {
    const count = examples[0]?.texts.length ?? 0;
    const odd = examples.find(({ texts }) => texts.length !== count);
    if (odd) throw exampleError(odd, `it has ${odd.texts.length} texts; others of its batch ${count}`, "text");
    const texts = Array.from({ length: count }, (_, i) => examples.map((example) => example.texts[i]!)).flat();
    if (texts.length === 0) return [];
    const { input_ids: ids, token_type_ids: types } = tokenizer(texts, {
      truncation: true,
      max_length: packing.maxLength,
      return_token_type_ids: true,
      verbose: false,
    });
    return ids.map((row, i) => ({ input_ids: row, token_type_ids: types![i]! }));
  };
  const batch = (examples: readonly SentenceExample[], rows: readonly EncodedRow[], pad: boolean) => {
    const { inputs: packed, tokens } = packRows(rows, packing, pad);
    const { labels: _, ...inputs } = packed;
    const labels = labelsOf(examples);
    return {
      inputs: { ...inputs, texts_per_example: examples[0]?.texts.length ?? 1, ...(labels && { labels }) },
      rows: rows.length,
      tokens,
      targets: examples.length,
    };
  };
  return {
    collate: (examples) => batch(examples, encode(examples), true),
    // Texts of one example may differ in length.
    collateRows: (examples) => examples.map((example) => batch([example], encode([example]), example.texts.length > 1)),
  };
}

function labelsOf(examples: readonly SentenceExample[]): FloatLabels | undefined {
  const size = examples[0]?.vector?.length;
  if (size !== undefined) {
    const data = new Float32Array(examples.length * size);
    for (const [i, example] of examples.entries()) {
      const { length } = example.vector ?? [];
      if (length !== size) throw exampleError(example, `its vector has ${length} numbers; others ${size}`, "vector");
      data.set(example.vector!, i * size);
    }
    return { data, shape: [examples.length, size] };
  }
  if (!examples.some(({ score }) => score !== undefined)) return undefined;
  const without = examples.find(({ score }) => score === undefined);
  if (without) throw exampleError(without, "it has no score; others of its batch do", "score");
  return { data: Float32Array.from(examples, ({ score }) => score!), shape: [examples.length] };
}
