import { field, lines, type Run } from "./task.js";

export const runMultipleChoice: Run<"multiple-choice"> = (choose, input, options) =>
  choose(
    { prompt: field(input, "prompt"), choices: lines(input, "choices") },
    { ...options, truncation: input["truncate"] === "yes" },
  );
