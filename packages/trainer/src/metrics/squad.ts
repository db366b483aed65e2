import { type Metric, MetricError, ratio } from "./metric.js";

const PUNCTUATION = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;
// Python's \b and split know all letters and its own white space; JavaScript's \b knows ASCII only.
const ARTICLES = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** An answer as the official script compares it: lower case, without punctuation, articles and extra space. */
export function normalizeAnswer(text: string): string {
  return wordsOf(text).join(" ");
}

function wordsOf(text: string): string[] {
  const plain = text.toLowerCase().replace(PUNCTUATION, "").replace(ARTICLES, " ");
  return plain.split(SPACES).filter((word) => word !== "");
}

export interface SquadScores {
  /** Share of the answers that are exactly right, times 100. */
  readonly exactMatch: number;
  /** Mean overlap of the answers' words, times 100. */
  readonly f1: number;
  readonly count: number;
}

/** Scores of version 2.0, with those of questions with and without an answer apart, where there are any. */
export interface Squad2Scores extends SquadScores {
  readonly hasAnswer?: SquadScores;
  readonly noAnswer?: SquadScores;
  /** The best scores that any threshold for "no answer" would give, and that threshold. */
  readonly bestExactMatch: number;
  readonly bestExactMatchThreshold: number;
  readonly bestF1: number;
  readonly bestF1Threshold: number;
}

/** Exact match and F1 as the official script of SQuAD 1.1 counts them (`evaluate-v1.1.py`). */
export class SquadMetric implements Metric<[prediction: string, answers: readonly string[]], SquadScores> {
  #exact = 0;
  #f1 = 0;
  #count = 0;

  /** A prediction and all the answers that count as right; the best match counts. Throws MetricError without answers. */
  update(prediction: string, answers: readonly string[]): void {
    if (answers.length === 0) throw new MetricError("a question without answers needs Squad2Metric");
    const guess = wordsOf(prediction);
    let exact = 0;
    let f1 = 0;
    for (const answer of answers) {
      const truth = wordsOf(answer);
      exact = Math.max(exact, sameWords(guess, truth));
      f1 = Math.max(f1, overlap(guess, truth));
    }
    this.#exact += exact;
    this.#f1 += f1;
    this.#count++;
  }

  compute(): SquadScores {
    return {
      exactMatch: 100 * ratio(this.#exact, this.#count),
      f1: 100 * ratio(this.#f1, this.#count),
      count: this.#count,
    };
  }

  reset(): void {
    this.#exact = 0;
    this.#f1 = 0;
    this.#count = 0;
  }
}

interface Judged {
  readonly exact: number;
  readonly f1: number;
  readonly answerable: boolean;
  readonly empty: boolean;
  readonly noAnswer: number;
}

/**
 * Exact match and F1 as the official script of SQuAD 2.0 counts them (`evaluate-v2.0.py`): the right prediction for a
 * question without an answer is the empty text. Keeps four numbers a question, for the best threshold.
 */
export class Squad2Metric
  implements Metric<[prediction: string, answers: readonly string[], noAnswerScore?: number], Squad2Scores>
{
  readonly #threshold: number;
  #judged: Judged[] = [];

  /** @param options `threshold`: a prediction whose `noAnswerScore` is above it counts as "no answer". Default 1. */
  constructor({ threshold = 1 }: { readonly threshold?: number } = {}) {
    this.#threshold = threshold;
  }

  /** @param answers none for a question without one. @param noAnswerScore how likely it has none. Default 0. */
  update(prediction: string, answers: readonly string[], noAnswerScore = 0): void {
    if (Number.isNaN(noAnswerScore)) throw new MetricError("the score of no answer is NaN");
    const guess = wordsOf(prediction);
    // Answers of which nothing is left are none; without any, the empty text is right.
    const truths = answers.map(wordsOf).filter((words) => words.length > 0);
    if (truths.length === 0) truths.push([]);
    const best = (score: (truth: string[]) => number): number => Math.max(...truths.map(score));
    this.#judged.push({
      exact: best((truth) => sameWords(guess, truth)),
      f1: best((truth) => (guess.length === 0 || truth.length === 0 ? sameWords(guess, truth) : overlap(guess, truth))),
      answerable: answers.length > 0,
      empty: prediction === "",
      noAnswer: noAnswerScore,
    });
  }

  compute(): Squad2Scores {
    const answerable = this.#judged.filter((question) => question.answerable);
    const others = this.#judged.filter((question) => !question.answerable);
    const [bestExactMatch, bestExactMatchThreshold] = this.#best("exact");
    const [bestF1, bestF1Threshold] = this.#best("f1");
    return {
      ...this.#scores(this.#judged),
      ...(answerable.length > 0 && { hasAnswer: this.#scores(answerable) }),
      ...(others.length > 0 && { noAnswer: this.#scores(others) }),
      bestExactMatch,
      bestExactMatchThreshold,
      bestF1,
      bestF1Threshold,
    };
  }

  reset(): void {
    this.#judged = [];
  }

  #scores(questions: readonly Judged[]): SquadScores {
    const total = (name: "exact" | "f1"): number =>
      questions.reduce(
        (sum, question) => sum + (question.noAnswer > this.#threshold ? Number(!question.answerable) : question[name]),
        0,
      );
    const count = questions.length;
    return { exactMatch: 100 * ratio(total("exact"), count), f1: 100 * ratio(total("f1"), count), count };
  }

  /** The script's `find_best_thresh`: from "no answer" to all, take in questions by how likely they have an answer. */
  #best(name: "exact" | "f1"): [score: number, threshold: number] {
    let current = this.#judged.filter(({ answerable }) => !answerable).length;
    let best = current;
    let threshold = 0;
    for (const question of this.#judged.toSorted((a, b) => a.noAnswer - b.noAnswer)) {
      current += question.answerable ? question[name] : question.empty ? 0 : -1;
      if (current > best) {
        best = current;
        threshold = question.noAnswer;
      }
    }
    return [100 * ratio(best, this.#judged.length), threshold];
  }
}

function sameWords(a: readonly string[], b: readonly string[]): number {
  return Number(a.length === b.length && a.every((word, i) => word === b[i]));
}

/** F1 of two lists of words, each word counting as often as it is in both. */
function overlap(guess: readonly string[], truth: readonly string[]): number {
  const left = new Map<string, number>();
  for (const word of truth) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of guess) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  if (same === 0) return 0;
  const precision = same / guess.length;
  const recall = same / truth.length;
  return (2 * precision * recall) / (precision + recall);
}
