import { field, lines, type Run } from "./task.js";

export const runFeatureExtraction: Run<"feature-extraction"> = async (embed, input, options) => {
  const texts = lines(input, "lines");
  const own = { ...options, truncation: input["truncate"] === "yes" };
  // A folder of sentence-transformers says itself how a vector is made; of any other model it is the tokens' mean.
  const probe = await embed(field(input, "query"), own);
  const pooled = probe.shape.length === 1 ? own : ({ ...own, pooling: "mean", normalize: true } as const);
  const [query, ...others] = (await embed([field(input, "query"), ...texts], pooled)).map(({ data }) =>
    Float32Array.from(data as Float32Array),
  );
  const found = others.map((vector, index) => ({
    text: texts[index]!,
    similarity: product(query!, vector) / Math.sqrt(product(query!, query!) * product(vector, vector) || 1),
    vector,
  }));
  return { lines: found.sort((a, b) => b.similarity - a.similarity) };
};

function product(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}
