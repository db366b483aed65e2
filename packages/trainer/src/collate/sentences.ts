import type { SentenceBatch } from "@convbert/heads";
import { type ConvBertTokenizerFast, encodeSequences, type TokenSequences } from "@convbert/tokenizer";
import type { SentenceExample } from "../data/examples.js";
import {
  type Batch,
  type BatchInputs,
  batchOf,
  type Collator,
  type CollatorOptions,
  type FloatLabels,
  packingOf,
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
): Collator<SentenceExample, Batch<SentenceBatchInputs, SentenceBatch>> {
  const packing = packingOf(tokenizer, options);
  const encode = (examples: readonly SentenceExample[]): TokenSequences => {
    const count = examples[0]?.texts.length ?? 0;
    const odd = examples.find(({ texts }) => texts.length !== count);
    if (odd) throw exampleError(odd, `it has ${odd.texts.length} texts; others of its batch ${count}`, "text");
    const texts = Array.from({ length: count }, (_, i) => examples.map((example) => example.texts[i]!)).flat();
    return encodeSequences(tokenizer, texts, { truncation: true, max_length: packing.maxLength, verbose: false });
  };
  return {
    collate(examples) {
      const sequences = encode(examples);
      const labels = labelsOf(examples);
      const own = { texts_per_example: examples[0]?.texts.length ?? 1, ...(labels && { labels }) };
      return batchOf({
        sequences,
        packing,
        targets: examples.length,
        own,
        pad: ({ inputs }) => ({ ...inputs, ...own }),
      });
    },
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
