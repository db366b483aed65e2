import type {
  QuestionAnsweringBatch,
  QuestionAnsweringInputs,
  QuestionAnsweringOutput,
  RaggedSpanLogits,
} from "@convbert/heads";
import { AnswerCollector, type AnswerOptions } from "../collate/answers.js";
import type { QuestionAnsweringCollator } from "../collate/question-answering.js";
import { show } from "../data/error.js";
import type { QuestionExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { turnWhenDue } from "../loop/turn-when-due.js";
import { Squad2Metric, SquadMetric } from "../metrics/squad.js";
import { TrainerOptionError } from "../option-error.js";
import { type EvaluationOptions, MeanLoss } from "./batches.js";
import { type Forward, rowOutputs } from "./outputs.js";

export interface QuestionEvaluationOptions extends EvaluationOptions<QuestionExample>, AnswerOptions {
  /** Leave out questions that have no answer, where `allowNoAnswer` is not set. Default false: one is an error. */
  readonly skipUnanswered?: boolean;
}

/** Questions without an answer where nothing says what becomes of them. `which` says which have none. */
export function unansweredError(which: string): TrainerOptionError {
  const wanted = `${which} no answer: set it, as SQuAD 2.0 wants it, or skipUnanswered to leave them out`;
  return new TrainerOptionError("allowNoAnswer", false, wanted);
}

/**
 * Measures answers by the official scripts of SQuAD: `loss` (over windows), `exactMatch` and `f1`, both times 100; where
 * `allowNoAnswer` is set as version 2.0 counts them.
 * @throws TrainerOptionError for a question without an answer where neither that nor `skipUnanswered` is set.
 */
export function evaluateQuestionAnswering(
  model: Forward<QuestionAnsweringInputs, QuestionAnsweringOutput, QuestionAnsweringBatch, RaggedSpanLogits>,
  collator: QuestionAnsweringCollator,
  options: QuestionEvaluationOptions,
): Evaluate {
  const { dataset, batchSize = 32, unpadded = false } = options;
  const { allowNoAnswer = false, skipUnanswered = false } = options;
  return async ({ signal, onProgress }) => {
    const examples: QuestionExample[] = [];
    for await (const example of dataset) {
      if (allowNoAnswer || example.answers.length > 0) examples.push(example);
      else if (!skipUnanswered) throw unansweredError(`the question ${show(example.id)} has`);
    }
    if (examples.length === 0) {
      throw new TrainerOptionError("evaluation data", 0, "there are no questions to evaluate on");
    }
    const loss = new MeanLoss();
    const answers = new AnswerCollector(options);
    const windows = collator.windows(examples);
    const names = ["start_logits", "end_logits"] as const;
    for (let at = 0; at < windows.length; at += batchSize) {
      signal?.throwIfAborted();
      await turnWhenDue();
      const batch = collator.pack(windows.slice(at, at + batchSize));
      const outputs = await rowOutputs(model, batch, names, { signal, loss, unpadded, perToken: true });
      for (const [row, window] of batch.windows.entries()) {
        answers.add(window, outputs[row]!.start_logits, outputs[row]!.end_logits);
      }
      onProgress?.(Math.min(windows.length, at + batchSize), windows.length);
    }
    return { ...loss.metric, ...scoresOf(answers, allowNoAnswer) };
  };
}

function scoresOf(collector: AnswerCollector, allowNoAnswer: boolean): { exactMatch: number; f1: number } {
  const [plain, second] = [new SquadMetric(), new Squad2Metric({ threshold: Number.POSITIVE_INFINITY })];
  for (const { example, text } of collector.answers()) {
    const expected = example.answers.map((answer) => answer.text);
    if (allowNoAnswer) second.update(text, expected);
    else plain.update(text, expected);
  }
  const { exactMatch, f1 } = allowNoAnswer ? second.compute() : plain.compute();
  return { exactMatch, f1 };
}
