import { describe, TokenizerError } from "../errors.js";
import { BertNormalizer } from "../fast/bert-normalizer.js";
import {
  checkSize,
  checkText,
  checkTexts,
  countWords,
  trainOnCounts,
  type WordPieceTrainingOptions,
} from "./counted.js";

export type { WordPieceTrainingOptions } from "./counted.js";

/**
 * Trains a WordPiece vocabulary as the Rust trainer does (tokenizers 0.14.1, `WordPieceTrainer`): characters first, then
 * pairs of pieces, the most frequent first.
 * @param texts of any length; a line end parts them as in a file.
 * @returns the tokens in the order of their ids: what the tokenizers take, and, a line each, a `vocab.txt`.
 * @throws TokenizerError `invalid-input` for what is no text, `invalid-option`, and the reason of an aborted signal.
 */
export async function trainWordPiece(
  texts: Iterable<string> | AsyncIterable<string>,
  options: WordPieceTrainingOptions = {},
): Promise<string[]> {
  const size = options.vocab_size ?? 30000;
  checkSize(size);
  const normalizer = new BertNormalizer({
    clean_text: options.clean_text ?? true,
    handle_chinese_chars: options.handle_chinese_chars ?? true,
    strip_accents: options.strip_accents ?? null,
    lowercase: options.lowercase ?? true,
  });
  return trainOnCounts(await countWords(linesOf(texts), { normalizer }, options), size, options);
}

async function* linesOf(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  for await (const text of checkTexts(texts)) yield checkText(text).split(/(?<=\n)/);
}

/** Trains on text files, read in pieces. @param paths of files, in Node, Bun or Deno. @throws as {@link trainWordPiece}. */
export async function trainWordPieceFromFiles(
  paths: readonly string[],
  options: WordPieceTrainingOptions = {},
): Promise<string[]> {
  return trainWordPiece(readLines(paths), options);
}

async function* readLines(paths: readonly string[]): AsyncGenerator<string> {
  if (!Array.isArray(paths))
    throw new TokenizerError("invalid-input", `training: paths is ${describe(paths)}; expected a list of paths`);
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
