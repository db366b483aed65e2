import { field, type Run } from "./task.js";

export const runQuestionAnswering: Run<"question-answering"> = (answer, input, options) =>
  answer({ question: field(input, "question"), context: field(input, "context") }, { ...options, top_k: 3 });
