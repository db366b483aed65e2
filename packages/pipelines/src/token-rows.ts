import type { ConvBertConfig } from "@convbert/model";
import { ConvBertTokenizer, type Encoding } from "@convbert/tokenizer";
import { longestRow, type PipelineParts } from "./engine.js";
import { PipelineError, textOf, wordsOf } from "./errors.js";
import type { TokenRow } from "./schedule.js";
import { type PlacedWord, placedTokens, rowOf, windowsOf, wordsIn } from "./slow-tokens.js";

/** A token of a row that stands for something in the text. */
export interface TextToken {
  /** Position in the row, special tokens counted. */
  readonly index: number;
  /** As it is in the vocabulary; the text itself where it is unknown. */
  readonly word: string;
  /** Offset in the text in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  /** Whether it continues the word of the token before it. */
  readonly isSubword: boolean;
}

/** A row, and what its tokens are in the text. */
export interface TextRow extends TokenRow {
  readonly textTokens: readonly TextToken[];
}

export interface TextRowOptions {
  readonly is_split_into_words?: boolean | undefined;
  /** What stands between the words in the text that offsets are of. */
  readonly delimiter?: string | undefined;
  /** Tokens that windows share; without it there is one row. */
  readonly stride?: number | undefined;
  /** Cut a text that does not fit into one row. */
  readonly truncation: boolean;
}

type Parts = PipelineParts<{ readonly config: ConvBertConfig }>;

/**
 * Tokenizes one text, or its words, into rows whose tokens know their offsets.
 * @throws PipelineError "too-long" for a text that does not fit and may not be cut.
 */
export function textRows(parts: Parts, input: unknown, options: TextRowOptions): readonly TextRow[] {
  const { is_split_into_words: isWords = false, delimiter = " " } = options;
  const words = isWords ? placed(wordsOf("text", input), delimiter) : undefined;
  const text = isWords ? wordsOf("text", input).join(delimiter) : textOf("text", input);
  const { tokenizer } = parts;
  if (tokenizer instanceof ConvBertTokenizer) return slowRows(tokenizer, text, words, longestRow(parts), options);
  const { truncation, stride } = options;
  // The types tell one text from a list of them; here a list of words is one text.
  const { encodings } = tokenizer(isWords ? (input as unknown as string) : text, {
    is_split_into_words: isWords,
    truncation: truncation || stride !== undefined,
    ...((truncation || stride !== undefined) && { max_length: longestRow(parts) }),
    stride: stride ?? 0,
    return_overflowing_tokens: stride !== undefined,
    offset_unit: "utf16",
    verbose: false,
  });
  checkLength(encodings[0]!.length, longestRow(parts));
  return encodings.map((row) => {
    const { ids, typeIds } = row;
    return { ids, typeIds, textTokens: fastTokens(parts, text, words, row) };
  });
}

function placed(words: readonly string[], delimiter: string): PlacedWord[] {
  let start = 0;
  return words.map((text) => {
    const word = { text, start };
    start += text.length + delimiter.length;
    return word;
  });
}

function checkLength(tokens: number, limit: number): void {
  if (tokens <= limit) return;
  throw new PipelineError(
    "too-long",
    `the text has ${tokens} tokens and the model takes ${limit}; shorten it, or set truncation or a stride`,
    { tokens, limit },
  );
}

/**
 * Which tokens continue a word is known from the tokenizer; the reference guesses it from lengths, and errs where
 * normalizing changes them (Hangul, decomposed accents). A word that was given as one is one, whatever is in it.
 */
function fastTokens(
  { tokenizer }: Parts,
  text: string,
  words: readonly PlacedWord[] | undefined,
  row: Encoding,
): TextToken[] {
  return row.ids.flatMap((id, index): TextToken[] => {
    if (row.specialTokensMask[index]) return [];
    const word = row.wordIds[index] ?? null;
    const base = words === undefined || word === null ? 0 : words[word]!.start;
    const [start, end] = [base + row.offsets[index]![0], base + row.offsets[index]![1]];
    const isUnknown = id === tokenizer.unkTokenId;
    const isSubword = word !== null && word === row.wordIds[index - 1] && (words !== undefined || !isUnknown);
    const name = isUnknown ? text.slice(start, end) : (tokenizer.convertIdsToTokens(id) ?? row.tokens[index]!);
    return [{ index, word: name, start, end, isSubword }];
  });
}

function slowRows(
  tokenizer: ConvBertTokenizer,
  text: string,
  words: readonly PlacedWord[] | undefined,
  limit: number,
  { stride, truncation }: TextRowOptions,
): TextRow[] {
  const tokens = placedTokens(tokenizer, words ?? wordsIn(text));
  const room = limit - tokenizer.numSpecialTokensToAdd(false);
  if (stride === undefined && !truncation) checkLength(tokens.length + limit - room, limit);
  const windows = windowsOf(tokens, room, stride ?? 0).slice(0, stride === undefined ? 1 : undefined);
  return windows.map((window) => ({
    ...rowOf(
      tokenizer,
      window.map(({ id }) => id),
      null,
    ),
    textTokens: window.map(({ id, token, start, end, word, continues }, i) => ({
      // [CLS] stands before them.
      index: i + 1,
      word: id === tokenizer.unkTokenId ? text.slice(start, end) : token,
      start,
      end,
      isSubword: words === undefined ? continues && i > 0 : word === window[i - 1]?.word,
    })),
  }));
}
