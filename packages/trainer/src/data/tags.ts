import type { TokenExample } from "./examples.js";

/** What a word has: a tag, or how likely each tag is. */
export type Tag = NonNullable<TokenExample["tags"]>[number];

/** The tag of a word that has none, as Hugging Face's data sets write it (PyTorch's `ignore_index`). */
export const IGNORED_TAG = "-100";

/** Whether a word, or the line that it begins, is what CoNLL 2003 has between its documents. */
export function isDocumentMark(word: unknown): boolean {
  return typeof word === "string" && word.startsWith("-DOCSTART");
}

/** The most likely tag of a word, of equals the first. */
export function likeliestTag(tag: Tag): string {
  if (typeof tag === "string") return tag;
  const shares = Object.entries(tag);
  return shares.reduce((best, share) => (share[1] > best[1] ? share : best), shares[0]!)[0];
}
