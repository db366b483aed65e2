import { describe, TokenizerError } from "../errors.js";
import type { FastStages } from "../fast/pipeline.js";
import { mergePairs } from "./merges.js";
import { WordCounter } from "./words.js";

/** Options of training, under the names of the reference's `BertWordPieceTokenizer` and its `train`. */
export interface WordPieceTrainingOptions {
  /** Tokens at most. Default 30000. */
  readonly vocab_size?: number;
  /** How often a pair must occur to become a token. Default 2. */
  readonly min_frequency?: number;
  /** Different characters at most; the rarest are left out. Default 1000. */
  readonly limit_alphabet?: number;
  /** Characters to have whatever the texts say. */
  readonly initial_alphabet?: readonly string[];
  /** The first tokens. Default [PAD], [UNK], [CLS], [SEP], [MASK]. */
  readonly special_tokens?: readonly string[];
  /** What a token begins with that continues a word. Default "##". */
  readonly wordpieces_prefix?: string;
  readonly clean_text?: boolean;
  readonly handle_chinese_chars?: boolean;
  readonly strip_accents?: boolean | null;
  readonly lowercase?: boolean;
  /**
   * Order in which continuations of one character get their ids; by code point where this says nothing. In the reference
   * it is the order of a hash map, different in each run, and with it the order among pairs that are equally frequent.
   */
  readonly continuingAlphabet?: readonly string[];
  readonly onProgress?: (progress: { readonly stage: "words" | "merges"; readonly done: number }) => void;
  readonly signal?: AbortSignal;
}

/** @throws TokenizerError `invalid-option` for what is no size of a vocabulary. */
export function checkSize(size: unknown): void {
  if (Number.isSafeInteger(size) && (size as number) >= 1) return;
  throw new TokenizerError(
    "invalid-option",
    `vocab_size is ${typeof size === "number" ? size : describe(size)}; give a whole number from 1 on`,
    { vocab_size: size },
  );
}

/** @throws TokenizerError `invalid-input` for what no texts come out of. */
export function checkTexts<T extends object>(texts: T): T {
  if (typeof texts === "object" && texts !== null && (Symbol.iterator in texts || Symbol.asyncIterator in texts))
    return texts;
  throw new TokenizerError(
    "invalid-input",
    `training: texts is ${describe(texts)}; expected a list or stream of texts`,
  );
}

/** @throws TokenizerError `invalid-input` for what is no text. */
export function checkText(text: unknown): string {
  if (typeof text === "string") return text;
  throw new TokenizerError("invalid-input", `training: a text is ${describe(text)}; expected a string`);
}

/**
 * How often each word occurs, normalized and split as a tokenizer of these stages does it.
 * @param texts texts, or lists of them.
 * @throws TokenizerError `invalid-input` for what is no text, and the reason of an aborted signal.
 */
export async function countWords(
  texts: Iterable<string | readonly string[]> | AsyncIterable<string | readonly string[]>,
  stages: Pick<FastStages, "normalizer" | "preTokenizer">,
  { signal, onProgress }: Pick<WordPieceTrainingOptions, "signal" | "onProgress">,
): Promise<ReadonlyMap<string, number>> {
  const counter = new WordCounter(stages.normalizer, stages.preTokenizer);
  let done = 0;
  for await (const batch of checkTexts(texts)) {
    signal?.throwIfAborted();
    for (const text of Array.isArray(batch) ? batch : [batch]) {
      counter.add(checkText(text));
      done += text.length;
    }
    onProgress?.({ stage: "words", done });
  }
  return counter.counts;
}

/** The tokens of a vocabulary out of counted words, in the order of their ids. */
export function trainOnCounts(
  counts: ReadonlyMap<string, number>,
  size: number,
  options: Omit<WordPieceTrainingOptions, "vocab_size">,
): string[] {
  const prefix = options.wordpieces_prefix ?? "##";
  const tokens: string[] = [];
  const ids = new Map<string, number>();
  const add = (token: string): number => {
    const known = ids.get(token);
    if (known !== undefined) return known;
    ids.set(token, tokens.length);
    return tokens.push(token) - 1;
  };
  for (const token of options.special_tokens ?? ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]) add(token);
  for (const character of alphabetOf(counts, options)) add(character);
  for (const token of continuationsOf(counts, ids, options).map((character) => prefix + character)) add(token);
  const words = Array.from(counts, ([word, count]) => ({
    // A character outside the alphabet leaves no trace; the first one that stays may well be a continuation.
    symbols: Array.from(word, (character, i) =>
      ids.has(character) ? ids.get(i ? prefix + character : character)! : -1,
    ).filter((id) => id >= 0),
    count,
  }));
  mergePairs(words, options.min_frequency ?? 2, (a, b) => {
    if (tokens.length >= size) return undefined;
    options.signal?.throwIfAborted();
    if (tokens.length % 1000 === 0) options.onProgress?.({ stage: "merges", done: tokens.length });
    const tail = tokens[b]!;
    return add(tokens[a]! + (tail.startsWith(prefix) ? tail.slice(prefix.length) : tail));
  });
  return tokens;
}

/** The characters to have, by code point. */
function alphabetOf(counts: ReadonlyMap<string, number>, options: WordPieceTrainingOptions): string[] {
  const found = new Map<string, number>();
  for (const [word, count] of counts) for (const c of word) found.set(c, (found.get(c) ?? 0) + count);
  for (const c of options.initial_alphabet ?? []) found.set(Array.from(c)[0]!, Number.POSITIVE_INFINITY);
  const byCodePoint = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;
  const limit = options.limit_alphabet ?? 1000;
  return Array.from(found)
    .sort(([a, m], [b, n]) => (m === n ? byCodePoint(a, b) : n - m))
    .slice(0, limit)
    .map(([c]) => c)
    .sort(byCodePoint);
}

/** The characters that occur inside words, in the order in which they get their ids. */
function continuationsOf(
  counts: ReadonlyMap<string, number>,
  ids: ReadonlyMap<string, number>,
  options: WordPieceTrainingOptions,
): string[] {
  const inside = new Set<string>();
  for (const word of counts.keys()) {
    let isFirst = true;
    for (const c of word) {
      if (!isFirst && ids.has(c)) inside.add(c);
      isFirst = false;
    }
  }
  const ordered = (options.continuingAlphabet ?? []).filter((c) => inside.has(c));
  const rest = [...inside].filter((c) => !ordered.includes(c)).sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  return [...ordered, ...rest];
}
