import { quoted, shell, type TaskCode } from "./task.js";

/** The encoder of sentences that comes with the page: it knows how alike texts are, not what follows from them. */
export const ENCODER = "sentence-encoder";

/** Code that compares a text with others by what they mean. */
export function likenessCode(text: string | undefined, others: readonly string[]): TaskCode {
  return {
    task: "sentence-similarity",
    call: `{ source_sentence: ${quoted(text)}, sentences: ${JSON.stringify(others)} }`,
    command: [text, ...others].map(shell).join(" "),
    python: [
      "from sentence_transformers import SentenceTransformer, util",
      "",
      "encoder = SentenceTransformer({model})",
      `texts = ${JSON.stringify(others)}`,
      `scores = util.cos_sim(encoder.encode(${quoted(text)}), encoder.encode(texts))[0]`,
      "print(sorted(zip(scores.tolist(), texts), reverse=True))",
    ].join("\n"),
  };
}
