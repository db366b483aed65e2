/** A word with its tag, `O`, `B-` or `I-` of a kind. */
export interface TaggedWord {
  readonly word: string;
  readonly tag: string;
}

/** The endings that treebanks part from their verb, as `do n't`, and people write with it. */
const NEGATION = /^n['’]t$/i;

/** What BERT's tokenizer cuts a text into before it looks at words: runs without punctuation, and punctuation signs. */
const PIECES = /[\p{P}$+<=>^`|~]|[^\p{P}$+<=>^`|~]+/gu;

/**
 * Words as a tokenizer finds them in running text, where corpora part them otherwise: `do n't` is `don ' t`, `U.S.` is
 * `u . s .`, and `@name` is one word of two signs. A model that learns words of this kind answers texts as people write them.
 * Tags go with the letters: the pieces of a word that begins something go on with it.
 */
export function asWritten(sentence: readonly TaggedWord[]): TaggedWord[] {
  const joined: TaggedWord[] = [];
  for (const { word, tag } of sentence) {
    const before = joined.at(-1);
    if (before !== undefined && NEGATION.test(word) && /\p{L}$/u.test(before.word)) {
      joined[joined.length - 1] = { word: before.word + word, tag: before.tag };
    } else joined.push({ word, tag });
  }
  return joined.flatMap(({ word, tag }) => {
    const within = tag.replace(/^B-/, "I-");
    return (word.match(PIECES) ?? []).map((piece, i) => ({ word: piece, tag: i === 0 ? tag : within }));
  });
}
