import type { Values } from "./numbers.js";
import { softmax } from "./numbers.js";

/** A stretch of tokens, the last one included, with its probability. */
export interface AnswerSpan {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

export interface SpanOptions {
  /** How many spans at most. */
  readonly count: number;
  /** Tokens of a span at most. */
  readonly longest: number;
}

export interface WindowAnswers {
  /** The most probable spans, best first. */
  readonly spans: readonly AnswerSpan[];
  /** Probability that the window holds no answer: that of [CLS] as start and end. */
  readonly nullScore: number;
}

/**
 * The most probable answers of one window (the reference's `select_starts_ends` and `decode_spans`): probabilities are
 * taken over the context and [CLS], which stands for "no answer"; a span's is that of its start times that of its end.
 * @param isContext whether a token can be part of an answer.
 */
export function answerSpans(
  startLogits: Values,
  endLogits: Values,
  isContext: (token: number) => boolean,
  { count, longest }: SpanOptions,
): WindowAnswers {
  const tokens: number[] = [];
  for (let token = 1; token < startLogits.length; token++) if (isContext(token)) tokens.push(token);
  const probabilities = (logits: Values): Float64Array => softmax([0, ...tokens].map((token) => logits[token]!));
  const start = probabilities(startLogits);
  const end = probabilities(endLogits);

  const best: AnswerSpan[] = [];
  for (let s = 0; s < tokens.length; s++) {
    for (let e = s; e < tokens.length && tokens[e]! < tokens[s]! + longest; e++) {
      const score = start[s + 1]! * end[e + 1]!;
      if (best.length === count && score <= best[count - 1]!.score) continue;
      let at = best.length;
      while (at > 0 && score > best[at - 1]!.score) at--;
      best.splice(at, 0, { start: tokens[s]!, end: tokens[e]!, score });
      if (best.length > count) best.pop();
    }
  }
  return { spans: best, nullScore: start[0]! * end[0]! };
}
