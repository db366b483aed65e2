import { field, lines, type Run } from "./task.js";

export const runFeatureExtraction: Run<"feature-extraction"> = async (embed, input, options) => {
  const texts = lines(input, "lines");
  const own = { ...options, pooling: "mean", normalize: true, truncation: input["truncate"] === "yes" } as const;
  const [query, ...others] = (await embed([field(input, "query"), ...texts], own)).map(
    ({ data }) => data as Float32Array,
  );
  const found = others.map((vector, index) => ({
    text: texts[index]!,
    similarity: vector.reduce((sum, value, at) => sum + value * query![at]!, 0),
    vector: Float32Array.from(vector),
  }));
  return { lines: found.sort((a, b) => b.similarity - a.similarity) };
};
