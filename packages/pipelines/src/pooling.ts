import type { SentenceDense } from "@convbert/heads";
import { applyDense } from "@convbert/heads/internal";
import { ndarrayOf } from "@convbert/model";
import { type FloatArray, rowAt } from "./numbers.js";

/** How the vectors of a text's tokens become its own. */
export type Pooling = "mean" | "cls" | "max";

const POOLINGS: Readonly<Record<Pooling, (rows: readonly Float32Array[], size: number) => Float32Array>> = {
  mean(rows, size) {
    const sums = new Float64Array(size);
    for (const row of rows) for (let i = 0; i < size; i++) sums[i]! += row[i]!;
    return Float32Array.from(sums, (sum) => sum / rows.length);
  },
  cls: (rows) => rows[0]!,
  max: (rows, size) =>
    Float32Array.from({ length: size }, (_, i) => rows.reduce((most, row) => Math.max(most, row[i]!), -Infinity)),
};

/**
 * Vectors of tokens `[tokens, size]`, or the text's one vector, through linear maps where there are some, which are for texts
 * alone. A vector of zeros has no direction: scaled to length 1 it stays as it is.
 */
export function pooled(
  states: FloatArray,
  { pooling, normalize }: { readonly pooling: Pooling | "none"; readonly normalize: boolean },
  dense: readonly SentenceDense[],
): FloatArray {
  const [tokens = 0, size = 0] = states.shape;
  const rows = Array.from({ length: tokens }, (_, token) => rowAt(states, token));
  const vectors = pooling === "none" ? rows : [dense.reduce(applyDense, POOLINGS[pooling](rows, size))];
  const width = vectors[0]?.length ?? size;
  const data = new Float32Array(vectors.length * width);
  for (const [i, vector] of vectors.entries()) {
    const length = normalize ? Math.hypot(...vector) : 1;
    data.set(length === 1 || length === 0 ? vector : vector.map((value) => value / length), i * width);
  }
  return ndarrayOf(data, pooling === "none" ? [tokens, width] : [width]);
}

/** What stands before every text of a model that was trained so; words get it as words of their own. */
export function prompted(text: unknown, prompt: string): unknown {
  if (prompt === "") return text;
  if (typeof text === "string") return prompt + text;
  return Array.isArray(text) ? [...prompt.split(/\s+/).filter((word) => word !== ""), ...text] : text;
}
