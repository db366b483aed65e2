import type { Encoding } from "./encoding.js";
import type { ConvBertTokenizerFast } from "./fast/tokenizer.js";

/** A question with a stretch of its context, encoded together. */
export interface EncodedWindow {
  /** Which of the questions it is of. */
  readonly example: number;
  /** Offsets in UTF-16 units. */
  readonly encoding: Encoding;
  /** Which of the two sequences is the context. */
  readonly contextAt: 0 | 1;
}

/** How questions are laid out. */
export interface WindowLayout {
  /** How many tokens of each question are read. */
  readonly asked: readonly number[];
  /** Tokens of the context that a window repeats from the one before it. */
  readonly stride: number;
}

/**
 * Questions with their contexts in windows that overlap: the one place where they are made, for training and for answering.
 * A tokenizer that pads on the left reads the context first, as in the reference.
 * @param examples questions and contexts, as they are to be read.
 * @param size tokens of a window at most.
 * @param layout says how, of how many tokens each question has.
 * @returns the windows of all examples, in order.
 */
export function questionWindows(
  tokenizer: ConvBertTokenizerFast,
  examples: readonly { readonly question: string; readonly context: string }[],
  size: number,
  layout: (tokens: readonly number[]) => WindowLayout,
): EncodedWindow[] {
  const whole = examples.map(({ question }) => question);
  const { encodings } = tokenizer(whole, { add_special_tokens: false, offset_unit: "utf16", verbose: false });
  const { asked, stride } = layout(encodings.map(({ length }) => length));
  const questions = whole.map((question, i) => {
    const { length, offsets } = encodings[i]!;
    return length > asked[i]! ? question.slice(0, offsets[asked[i]! - 1]![1]) : question;
  });
  const contexts = examples.map(({ context }) => context);
  const questionFirst = tokenizer.paddingSide === "right";
  const encoded = tokenizer(questionFirst ? questions : contexts, {
    text_pair: questionFirst ? contexts : questions,
    truncation: questionFirst ? "only_second" : "only_first",
    max_length: size,
    stride,
    return_overflowing_tokens: true,
    offset_unit: "utf16",
    verbose: false,
  });
  const contextAt = questionFirst ? 1 : 0;
  return encoded.overflow_to_sample_mapping!.map((example, row) => ({
    example,
    encoding: encoded.row(row),
    contextAt,
  }));
}
