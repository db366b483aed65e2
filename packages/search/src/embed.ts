import { SearchError } from "./errors.js";
import { dot } from "./vectors.js";

/** What a pipeline gives for a text. */
interface PooledVector {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/** Texts to vectors: `pipeline("feature-extraction", ENCODER)` of `@convbert/pipelines`. */
export type EncodeTexts = (
  texts: readonly string[],
  options?: { readonly signal?: AbortSignal },
) => Promise<readonly PooledVector[]>;

/** One vector for each text. Throws SearchError where the pipeline gives vectors of tokens. */
export async function embed(
  encode: EncodeTexts,
  texts: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<Float32Array[]> {
  if (texts.length === 0) return [];
  const vectors = await encode(texts, signal ? { signal } : {});
  return vectors.map(({ data, shape }) => {
    if (shape.length === 1) return Float32Array.from(data);
    throw new SearchError(
      "invalid-vector",
      "the pipeline gives a vector for each token; load an encoder of sentence-transformers, or give pooling: " +
        '"mean" and normalize: true when the pipeline is made',
      { shape },
    );
  });
}

/** Cosines of a query with texts, in their order. */
export async function similarities(
  encode: EncodeTexts,
  query: string,
  texts: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<number[]> {
  const [first, ...others] = (await embed(encode, [query, ...texts], signal)).map(unit);
  return others.map((vector) => dot(first!, vector));
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}
