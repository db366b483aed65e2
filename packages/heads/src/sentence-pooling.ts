/** What a text's vector is made of: the mean of its tokens', the first token's, or the largest of each component. */
export type SentencePooling = "mean" | "first" | "max";

export const SENTENCE_POOLINGS: readonly SentencePooling[] = ["mean", "first", "max"];
