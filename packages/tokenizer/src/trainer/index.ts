import { BertNormalizer } from "../bert-normalizer.js";
import { TokenizerError } from "../errors.js";
import { mergePairs } from "./merges.js";
import { WordCounter } from "./words.js";

/** Options of training, under the names of the reference's `BertWordPieceTokenizer` and its `train`. */
export interface TrainingOptions {
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

/**
 * Trains a WordPiece vocabulary as the Rust trainer does (tokenizers 0.14.1, `WordPieceTrainer`): characters first, then
 * pairs of pieces, the most frequent first.
 * @param texts of any length; a line end parts them as in a file.
 * @returns the tokens in the order of their ids: what the tokenizers take, and, a line each, a `vocab.txt`.
 */
export async function trainWordPiece(
  texts: Iterable<string> | AsyncIterable<string>,
  options: TrainingOptions = {},
): Promise<string[]> {
  const size = options.vocab_size ?? 30000;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new TokenizerError("invalid-option", `vocab_size is ${size}; give a whole number from 1 on`, {
      vocab_size: size,
    });
  }
  const counter = new WordCounter(
    new BertNormalizer({
      clean_text: options.clean_text ?? true,
      handle_chinese_chars: options.handle_chinese_chars ?? true,
      strip_accents: options.strip_accents ?? null,
      lowercase: options.lowercase ?? true,
    }),
  );
  let done = 0;
  for await (const text of texts) {
    options.signal?.throwIfAborted();
    for (const line of text.split(/(?<=\n)/)) counter.add(line);
    done += text.length;
    options.onProgress?.({ stage: "words", done });
  }
  return train(counter.counts, size, options);
}

/** Trains on text files, read in pieces. @param paths of files, in Node, Bun or Deno. */
export async function trainWordPieceFromFiles(
  paths: readonly string[],
  options: TrainingOptions = {},
): Promise<string[]> {
  return trainWordPiece(readLines(paths), options);
}

async function* readLines(paths: readonly string[]): AsyncGenerator<string> {
  const { createReadStream } = await import("node:fs");
  for (const path of paths) {
    let rest = "";
    for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
      const text = rest + chunk;
      const end = text.lastIndexOf("\n") + 1;
      if (end > 0) yield text.slice(0, end);
      rest = text.slice(end);
    }
    if (rest) yield rest;
  }
}

function train(counts: ReadonlyMap<string, number>, size: number, options: TrainingOptions): string[] {
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
function alphabetOf(counts: ReadonlyMap<string, number>, options: TrainingOptions): string[] {
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
  options: TrainingOptions,
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
