/** The tag of a word that has none, as Hugging Face's data sets write it (PyTorch's `ignore_index`). */
export const IGNORED_TAG = "-100";

/** Whether a word, or the line that it begins, is what CoNLL 2003 has between its documents. */
export function isDocumentMark(word: unknown): boolean {
  return typeof word === "string" && word.startsWith("-DOCSTART");
}
