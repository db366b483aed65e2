import type { ConvBertConfig } from "@convbert/model";
import { ConvBertTokenizer, type ConvBertTokenizerFast } from "@convbert/tokenizer";
import { questionWindows } from "@convbert/tokenizer/internal";
import { longestRow, type PipelineParts } from "./engine.js";
import { PipelineError, recordOf, textOf } from "./errors.js";
import { checkName } from "./names.js";
import type { TokenRow } from "./schedule.js";
import { placedTokens, rowOf, windowsOf, wordsIn } from "./slow-tokens.js";

/** A question with a stretch of its context. */
export interface QuestionRow extends TokenRow {
  isContext(token: number): boolean;
  /** Offsets in the context of the stretch from one token to another, the last included; of whole words where asked for. */
  placeOf(first: number, last: number, alignToWords: boolean): readonly [start: number, end: number];
}

export interface QuestionRows {
  readonly context: string;
  readonly rows: readonly QuestionRow[];
}

export interface WindowOptions {
  readonly max_seq_len?: number;
  readonly doc_stride?: number;
  readonly max_question_len?: number;
  readonly truncation?: boolean;
}

type Parts = PipelineParts<{ readonly config: ConvBertConfig }>;

/**
 * Question and context in windows that overlap, so that every answer has some context around it.
 * @throws PipelineError for an input of another form, a question without room for its context, or windows that cannot be.
 */
export function questionRows(parts: Parts, input: unknown, options: WindowOptions): QuestionRows {
  const { tokenizer } = parts;
  const given = recordOf(input, 'a question is written { question: "...", context: "..." }');
  for (const name of Object.keys(given)) checkName("a question", "field", name, ["question", "context"]);
  const question = required("question", given["question"]);
  const context = required("context", given["context"]);
  const limit = longestRow(parts);
  const size = options.max_seq_len ?? Math.min(limit, 384);
  if (size > limit) {
    throw new PipelineError("invalid-option", `max_seq_len is ${size}; this model takes ${limit} tokens at most`, {
      option: "max_seq_len",
      value: size,
      limit,
    });
  }
  const limits = { size, room: (asked: number) => size - asked - tokenizer.numSpecialTokensToAdd(true), ...options };
  const rows =
    tokenizer instanceof ConvBertTokenizer
      ? slowWindows(tokenizer, question, context, limits)
      : fastWindows(tokenizer, question, context, limits);
  return { context, rows };
}

function required(name: "question" | "context", value: unknown): string {
  const text = textOf(name, value);
  if (text === "") throw new PipelineError("invalid-input", `the ${name} is empty`, { name });
  return text;
}

interface WindowLimits extends WindowOptions {
  /** Tokens of a window. */
  readonly size: number;
  /** Tokens of context beside a question of so many tokens. */
  room(asked: number): number;
}

/** How many tokens of the question are read, and how many the windows share. */
function layout(
  tokens: number,
  { size, room, ...options }: WindowLimits,
): { readonly asked: number; readonly stride: number } {
  let asked = Math.min(tokens, options.max_question_len ?? tokens);
  if (room(asked) < 1 && options.truncation) asked = Math.min(asked, Math.floor(size / 2));
  const free = room(asked);
  if (free < 1) {
    throw new PipelineError(
      "too-long",
      `the question has ${asked} tokens, which leaves no room for a context in windows of ${size}; ` +
        "shorten it, or set truncation or max_question_len",
      { tokens: asked, limit: size },
    );
  }
  const stride = options.doc_stride ?? Math.min(Math.floor(size / 2), 128, free - 1);
  if (stride >= free) {
    throw new PipelineError(
      "invalid-option",
      `doc_stride is ${stride}; beside a question of ${asked} tokens, windows of ${size} can overlap by ${free - 1} at most`,
      { option: "doc_stride", value: stride, limit: free - 1 },
    );
  }
  return { asked, stride };
}

function fastWindows(
  tokenizer: ConvBertTokenizerFast,
  question: string,
  context: string,
  limits: WindowLimits,
): QuestionRow[] {
  const windows = questionWindows(tokenizer, [{ question, context }], limits.size, ([tokens = 0]) => {
    const { asked, stride } = layout(tokens, limits);
    return { asked: [asked], stride };
  });
  return windows.map(({ encoding: row, contextAt }) => {
    const { ids, typeIds } = row;
    const wordSpan = (token: number) => {
      const word = row.tokenToWord(token);
      return word === null ? null : row.wordToChars(word, contextAt);
    };
    return {
      ids,
      typeIds,
      isContext: (token) => row.tokenToSequence(token) === contextAt,
      placeOf(first, last, alignToWords) {
        const [from, to] = [row.offsets[first]![0], row.offsets[last]![1]];
        return alignToWords ? [wordSpan(first)?.[0] ?? from, wordSpan(last)?.[1] ?? to] : [from, to];
      },
    };
  });
}

/** Words are what white space parts, as in the reference with slow tokenizers. */
function slowWindows(
  tokenizer: ConvBertTokenizer,
  question: string,
  context: string,
  limits: WindowLimits,
): QuestionRow[] {
  const all = tokenizer.convertTokensToIds(tokenizer.tokenize(question));
  const { asked, stride } = layout(all.length, limits);
  const read = all.slice(0, asked);
  const words = wordsIn(context);
  const questionFirst = tokenizer.paddingSide === "right";
  const before = questionFirst ? asked + 2 : 1;
  return windowsOf(placedTokens(tokenizer, words), limits.room(asked), stride).map((tokens) => {
    const ids = tokens.map(({ id }) => id);
    return {
      ...(questionFirst ? rowOf(tokenizer, read, ids) : rowOf(tokenizer, ids, read)),
      isContext: (token) => token >= before && token < before + tokens.length,
      placeOf(first, last, alignToWords) {
        const [from, to] = [tokens[first - before]!, tokens[last - before]!];
        if (!alignToWords) return [from.start, to.end];
        const end = words[to.word]!;
        return [words[from.word]!.start, end.start + end.text.length];
      },
    };
  });
}
