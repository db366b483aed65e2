import type { QuestionExample } from "../data/examples.js";
import { TrainerOptionError } from "../option-error.js";
import type { QuestionWindow } from "./question-answering.js";

export interface AnswerOptions {
  /** Best starts and ends of a window that are combined. Default 20. */
  readonly candidates?: number;
  /** Tokens of an answer at most. Default 30. */
  readonly maxAnswerLength?: number;
  /** Whether questions may have no answer (SQuAD 2.0). Default false. */
  readonly allowNoAnswer?: boolean;
  /** No answer, where its score is better than the best answer's by more than this. Default 0. */
  readonly noAnswerThreshold?: number;
}

/** What a model answers to one question. */
export interface PredictedAnswer {
  readonly example: QuestionExample;
  /** Empty for no answer. */
  readonly text: string;
  /** Sum of the logits of start and end. */
  readonly score: number;
  /** How much better "no answer" scores than the best answer; what `Squad2Metric` takes as its `noAnswerScore`. */
  readonly noAnswerScore: number;
}

interface Best {
  text: string;
  score: number;
  none: number;
}

/**
 * Chooses one answer for each question out of the logits of its windows (the reference's `postprocess_qa_predictions`):
 * the best sum of start and end within the context, against the lowest score of [CLS] over the windows. Windows of a
 * question may come in different batches; what is kept is one answer a question.
 */
export class AnswerCollector {
  readonly #options: Required<AnswerOptions>;
  readonly #best = new Map<QuestionExample, Best>();

  constructor(options: AnswerOptions = {}) {
    const { candidates = 20, maxAnswerLength = 30, allowNoAnswer = false, noAnswerThreshold = 0 } = options;
    for (const [option, value] of Object.entries({ candidates, maxAnswerLength })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new TrainerOptionError(option, value, "give a whole number from 1 on");
      }
    }
    this.#options = { candidates, maxAnswerLength, allowNoAnswer, noAnswerThreshold };
  }

  /**
   * Takes in a window's logits, one for each of its tokens.
   * @param startLogits from the window's first token on; padding after its last is not looked at.
   */
  add(window: QuestionWindow, startLogits: ArrayLike<number>, endLogits: ArrayLike<number>): void {
    const { example, clsIndex } = window;
    let best = this.#best.get(example);
    if (!best) {
      best = { text: "", score: Number.NEGATIVE_INFINITY, none: Number.POSITIVE_INFINITY };
      this.#best.set(example, best);
    }
    best.none = Math.min(best.none, startLogits[clsIndex]! + endLogits[clsIndex]!);
    const starts = this.#largest(startLogits, window);
    const ends = this.#largest(endLogits, window);
    for (const start of starts) {
      for (const end of ends) {
        if (end < start || end - start + 1 > this.#options.maxAnswerLength) continue;
        const score = startLogits[start]! + endLogits[end]!;
        if (score <= best.score) continue;
        best.score = score;
        best.text = textOf(window, start, end);
      }
    }
  }

  /** The answers, in the order in which their questions came first. */
  answers(): PredictedAnswer[] {
    const { allowNoAnswer, noAnswerThreshold } = this.#options;
    return [...this.#best].map(([example, { text, score, none }]) => {
      const found = score > Number.NEGATIVE_INFINITY;
      const noAnswerScore = found ? none - score : Number.POSITIVE_INFINITY;
      const empty = !found || (allowNoAnswer && noAnswerScore > noAnswerThreshold);
      return { example, text: empty ? "" : text, score: empty ? none : score, noAnswerScore };
    });
  }

  /** Tokens of the context with the largest logits. */
  #largest(logits: ArrayLike<number>, { contextStart, contextEnd }: QuestionWindow): number[] {
    const tokens: number[] = [];
    for (let token = contextStart; token < contextEnd; token++) tokens.push(token);
    return tokens.sort((a, b) => logits[b]! - logits[a]! || a - b).slice(0, this.#options.candidates);
  }
}

function textOf({ example, offsets, contextStart }: QuestionWindow, start: number, end: number): string {
  return example.context.slice(offsets[2 * (start - contextStart)]!, offsets[2 * (end - contextStart) + 1]!);
}
