import { field, lines, type Run } from "./task.js";

export const runZeroShot: Run<"zero-shot-classification"> = (classify, input, options) => {
  const template = field(input, "hypothesis_template").trim();
  return classify(field(input, "text"), lines(input, "labels"), {
    ...options,
    ...(template !== "" && { hypothesis_template: template }),
    multi_label: input["multi_label"] === "yes",
    truncation: input["truncate"] === "yes",
  });
};
