import type { Encoding } from "@convbert/tokenizer";
import { answerSpans } from "./answer-spans.js";
import {
  type Inputs,
  longestRow,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  raggedInputs,
} from "./engine.js";
import { atLeast, PipelineError, textOf } from "./errors.js";
import { type FloatArray, valuesOf } from "./numbers.js";
import type { RunOptions } from "./schedule.js";

/** A question, and the text that holds its answer. */
export interface QuestionInput {
  readonly question: string;
  readonly context: string;
}

/** A stretch of the context. */
export interface Answer {
  /** Probability of the first token as start times that of the last as end, within their window. */
  score: number;
  /** Place in the context in UTF-16 units: `context.slice(start, end)`. */
  start: number;
  end: number;
  /** The text there; empty for "no answer". */
  answer: string;
}

/** Options under the reference's names. */
export interface QuestionAnsweringOptions extends RunOptions {
  /** How many answers to return, best first. Without it: the best one, not in a list. */
  readonly top_k?: number;
  /** Tokens of an answer at most; 15. */
  readonly max_answer_len?: number;
  /** Tokens of a window at most, question and special tokens counted; 384, or what the model takes. */
  readonly max_seq_len?: number;
  /** Tokens that a window repeats from the one before it; half of `max_seq_len`, at most 128. */
  readonly doc_stride?: number;
  /** Tokens of the question at most; the rest is cut off. Without it no question is cut. */
  readonly max_question_len?: number;
  /** Let "no answer" compete, by the lowest probability that any window gives it; false. */
  readonly handle_impossible_answer?: boolean;
  /** Widen answers to whole words; true. */
  readonly align_to_words?: boolean;
}

type WithTopK = QuestionAnsweringOptions & { readonly top_k: number };
type WithoutTopK = QuestionAnsweringOptions & { readonly top_k?: undefined };

export type QuestionAnswerer = PipelineModel<{ readonly start_logits: FloatArray; readonly end_logits: FloatArray }>;

/** Finds the answers to questions in texts of any length. */
export interface QuestionAnsweringPipeline extends PipelineBase<"question-answering", QuestionAnswerer> {
  (input: QuestionInput, options: WithTopK): Promise<Answer[]>;
  (inputs: readonly QuestionInput[], options: WithTopK): Promise<Answer[][]>;
  (input: QuestionInput, options?: WithoutTopK): Promise<Answer>;
  (inputs: readonly QuestionInput[], options?: WithoutTopK): Promise<Answer[]>;
  /** Answers one by one, in bounded memory. */
  stream(inputs: Inputs<QuestionInput>, options: WithTopK): Results<Answer[]>;
  stream(inputs: Inputs<QuestionInput>, options?: WithoutTopK): Results<Answer>;
}

/** The pipeline over a model that is loaded already (the reference's `QuestionAnsweringPipeline`). */
export function createQuestionAnswering(parts: PipelineParts<QuestionAnswerer>): QuestionAnsweringPipeline {
  const job = (options: QuestionAnsweringOptions = {}) => {
    const count = atLeast("top_k", options.top_k ?? 1, 1);
    const longest = atLeast("max_answer_len", options.max_answer_len ?? 15, 1);
    const alignToWords = options.align_to_words ?? true;
    // A tokenizer that pads on the left reads the context first, as in the reference.
    const contextAt = parts.tokenizer.paddingSide === "right" ? 1 : 0;

    return makeJob(options, {
      prepare: (item: QuestionInput) => ({ rows: windows(parts, item, options) }),
      compute: (rows) => parts.model.forwardRagged(raggedInputs(rows), options),
      answer({ context }, { rows }, outputs): Answer | Answer[] {
        const answers: Answer[] = [];
        let nullScore = 1;
        for (const [i, row] of rows.entries()) {
          const window = answerSpans(
            valuesOf(outputs[i]!.start_logits),
            valuesOf(outputs[i]!.end_logits),
            (token) => row.tokenToSequence(token) === contextAt,
            { count, longest },
          );
          nullScore = Math.min(nullScore, window.nullScore);
          for (const span of window.spans) {
            const [start, end] = placeOf(row, span.start, span.end, contextAt, alignToWords);
            answers.push({ score: span.score, start, end, answer: context.slice(start, end) });
          }
        }
        const none: Answer = { score: nullScore, start: 0, end: 0, answer: "" };
        if (options.handle_impossible_answer) answers.push(none);
        const best = answers.sort((a, b) => b.score - a.score).slice(0, count);
        // A context of white space has no tokens to choose from.
        return options.top_k === undefined ? (best[0] ?? { ...none, score: 0 }) : best;
      },
    });
  };
  return makePipeline("question-answering", parts, job);
}

/** Question and context in windows that overlap, so that every answer has some context around it. */
function windows(
  parts: PipelineParts<QuestionAnswerer>,
  input: QuestionInput,
  options: QuestionAnsweringOptions,
): readonly Encoding[] {
  const { tokenizer } = parts;
  if (typeof input !== "object" || input === null) {
    throw new PipelineError("invalid-input", 'a question is written { question: "...", context: "..." }');
  }
  let question = required("question", input.question);
  const context = required("context", input.context);
  const limit = longestRow(parts);
  const size = atLeast("max_seq_len", options.max_seq_len ?? Math.min(limit, 384), 1);
  if (size > limit) {
    throw new PipelineError("invalid-option", `max_seq_len is ${size}; this model takes ${limit} tokens at most`, {
      option: "max_seq_len",
      value: size,
      limit,
    });
  }
  const { encodings } = tokenizer(question, { add_special_tokens: false, offset_unit: "utf16", verbose: false });
  let asked = encodings[0]!.length;
  if (options.max_question_len !== undefined && asked > atLeast("max_question_len", options.max_question_len, 1)) {
    asked = options.max_question_len;
    question = question.slice(0, encodings[0]!.offsets[asked - 1]![1]);
  }
  const room = size - asked - tokenizer.numSpecialTokensToAdd(true);
  if (room < 1) {
    throw new PipelineError(
      "too-long",
      `the question has ${asked} tokens, which leaves no room for a context in windows of ${size}; ` +
        "shorten it, or set max_question_len",
      { tokens: asked, limit: size },
    );
  }
  const stride = options.doc_stride ?? Math.min(Math.floor(size / 2), 128, room - 1);
  if (atLeast("doc_stride", stride, 0) >= room) {
    throw new PipelineError(
      "invalid-option",
      `doc_stride is ${stride}; beside a question of ${asked} tokens, windows of ${size} can overlap by ${room - 1} at most`,
      { option: "doc_stride", value: stride, limit: room - 1 },
    );
  }
  const questionFirst = tokenizer.paddingSide === "right";
  return tokenizer(questionFirst ? question : context, {
    text_pair: questionFirst ? context : question,
    truncation: questionFirst ? "only_second" : "only_first",
    max_length: size,
    stride,
    return_overflowing_tokens: true,
    offset_unit: "utf16",
    verbose: false,
  }).encodings;
}

function required(name: "question" | "context", value: unknown): string {
  const text = textOf(name, value);
  if (text === "") throw new PipelineError("invalid-input", `the ${name} is empty`, { name });
  return text;
}

function placeOf(
  row: Encoding,
  start: number,
  end: number,
  sequence: number,
  alignToWords: boolean,
): readonly [number, number] {
  const from = row.offsets[start]![0];
  const to = row.offsets[end]![1];
  if (!alignToWords) return [from, to];
  const wordSpan = (token: number) => {
    const word = row.tokenToWord(token);
    return word === null ? null : row.wordToChars(word, sequence);
  };
  return [wordSpan(start)?.[0] ?? from, wordSpan(end)?.[1] ?? to];
}
