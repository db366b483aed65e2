import type { SentenceEncoder } from "@convbert/heads";
import { type ConvBertTokenizerFast, encodeSequences } from "@convbert/tokenizer";
import type { Dataset } from "../data/dataset.js";
import type { SentenceExample } from "../data/examples.js";

/** What the evaluations of sentence vectors take. */
export interface SentenceEvaluationOptions {
  /** Pairs of texts. */
  readonly dataset: Dataset<SentenceExample>;
  /** Pairs that run together; default 32. */
  readonly batchSize?: number | undefined;
  /** Tokens of a text at most; what the model takes by default. */
  readonly maxLength?: number | undefined;
}

/** The part of an encoder that is measured. */
export type MeasuredEncoder = Pick<SentenceEncoder, "encodeRagged" | "config">;

/** Vectors of length 1, or zeros, of texts at their own lengths, as the pipelines run them. */
export async function unitVectors(
  encoder: MeasuredEncoder,
  tokenizer: ConvBertTokenizerFast,
  texts: readonly string[],
  options: { readonly maxLength: number; readonly signal: AbortSignal | undefined },
): Promise<Float32Array[]> {
  const { maxLength, signal } = options;
  const sequences = encodeSequences(tokenizer, texts, { truncation: true, max_length: maxLength, verbose: false });
  const { data, shape } = await encoder.encodeRagged(sequences, { signal });
  const size = shape[1]!;
  return texts.map((_, i) => {
    const row = data.subarray(i * size, (i + 1) * size);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    return row.map((value) => value / length);
  });
}

/** Dot product; of unit vectors the cosine. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
