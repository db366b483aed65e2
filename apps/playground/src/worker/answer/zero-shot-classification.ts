import { field, lines, type Run } from "./task.js";

export const runZeroShot: Run<"zero-shot-classification", "sentence-similarity"> = async (pipeline, input, options) => {
  const [text, labels] = [field(input, "text"), lines(input, "labels")];
  const template = field(input, "hypothesis_template").trim();
  if (pipeline.task === "sentence-similarity") {
    const sentences = template === "" ? labels : labels.map((label) => template.replace("{}", () => label));
    const found = await pipeline({ source_sentence: text, sentences }, options);
    return {
      by: "likeness",
      labels: found.map(({ index }) => labels[index]!),
      scores: found.map(({ score }) => score),
    };
  }
  const result = await pipeline(text, labels, {
    ...options,
    ...(template !== "" && { hypothesis_template: template }),
    multi_label: input["multi_label"] === "yes",
    truncation: input["truncate"] === "yes",
  });
  return { by: "entailment", labels: result.labels, scores: result.scores };
};
