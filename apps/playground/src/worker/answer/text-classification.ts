import { field, type Run } from "./task.js";

export const runTextClassification: Run<"text-classification"> = (classify, input, options) => {
  const [text, pair] = [field(input, "text"), field(input, "text_pair")];
  const all = { ...options, top_k: null, truncation: input["truncate"] === "yes" };
  return pair.trim() === "" ? classify(text, all) : classify({ text, text_pair: pair }, all);
};
