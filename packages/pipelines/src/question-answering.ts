import { answerSpans } from "./answer-spans.js";
import {
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  RUN_RULES,
  sequencesOf,
} from "./engine.js";
import { type FloatArray, valuesOf } from "./numbers.js";
import { choice, count, flag, type OptionRules, orDefault } from "./options.js";
import { questionRows } from "./question-rows.js";
import type { PipelineRunOptions } from "./schedule.js";

/** A question, and the text that holds its answer. */
export interface QuestionInput {
  readonly question: string;
  readonly context: string;
}

/** A stretch of the context. */
export interface Answer {
  /**
   * Probability of the first token as start times that of the last as end, within their window; summed over the spans
   * that say the same, upper and lower case being one. The offsets are those of the first of them.
   */
  score: number;
  /** Offset in the context in UTF-16 units: `context.slice(start, end)`. */
  start: number;
  end: number;
  /** The text there; empty for "no answer". */
  answer: string;
}

/** Options under the reference's names. */
export interface QuestionAnsweringOptions extends PipelineRunOptions {
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
  /** Cut a question that leaves its context no room to half of a window; false by default, and that is an error. */
  readonly truncation?: boolean;
  /** Let "no answer" compete, by the lowest probability that any window gives it; false. */
  readonly handle_impossible_answer?: boolean;
  /** Widen answers to whole words; true. */
  readonly align_to_words?: boolean;
}

export const QUESTION_ANSWERING_RULES: OptionRules<QuestionAnsweringOptions> = {
  ...RUN_RULES,
  top_k: orDefault(count(1)),
  max_answer_len: orDefault(count(1)),
  max_seq_len: orDefault(count(1)),
  doc_stride: orDefault(count(0)),
  max_question_len: orDefault(count(1)),
  truncation: orDefault(choice(true, false)),
  handle_impossible_answer: flag,
  align_to_words: flag,
};

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

/**
 * The pipeline over a model that is loaded already (the reference's `QuestionAnsweringPipeline`, as it is in 4.57:
 * answers of the same words count together).
 * @param defaults options of calls that do not give their own.
 */
export function createQuestionAnswering(
  parts: PipelineParts<QuestionAnswerer>,
  defaults: QuestionAnsweringOptions = {},
): QuestionAnsweringPipeline {
  const job = (options: QuestionAnsweringOptions) => {
    const { top_k: asked = 1, max_answer_len: longest = 15, align_to_words: alignToWords = true } = options;
    // Widened to words, spans may become the same answer: as many more candidates as the reference takes.
    const candidates = alignToWords ? 2 * asked + 10 : asked;

    return makeJob(options, {
      prepare: (item: unknown) => questionRows(parts, item, options),
      compute: (rows) => parts.model.forwardRagged(sequencesOf(rows), options),
      answer(_item, { context, rows }, outputs): Answer | Answer[] {
        const answers = new Map<string, Answer>();
        let nullScore = 1;
        for (const [i, row] of rows.entries()) {
          const window = answerSpans(
            valuesOf(outputs[i]!.start_logits),
            valuesOf(outputs[i]!.end_logits),
            (token) => row.isContext(token),
            { count: candidates, longest },
          );
          nullScore = Math.min(nullScore, window.nullScore);
          for (const span of window.spans) {
            const [start, end] = row.placeOf(span.start, span.end, alignToWords);
            const answer = context.slice(start, end);
            const same = answers.get(answer.toLowerCase());
            if (same) same.score += span.score;
            else answers.set(answer.toLowerCase(), { score: span.score, start, end, answer });
          }
        }
        const none: Answer = { score: nullScore, start: 0, end: 0, answer: "" };
        const all = [...answers.values(), ...(options.handle_impossible_answer ? [none] : [])];
        const best = all.sort((a, b) => b.score - a.score).slice(0, asked);
        // A context of white space has no tokens to choose from.
        return options.top_k === undefined ? (best[0] ?? { ...none, score: 0 }) : best;
      },
    });
  };
  return makePipeline(parts, { task: "question-answering", rules: QUESTION_ANSWERING_RULES, defaults, job });
}
