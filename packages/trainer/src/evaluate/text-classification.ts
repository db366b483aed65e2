import type {
  RaggedLogits,
  SequenceClassificationBatch,
  SequenceClassificationInputs,
  SequenceClassificationOutput,
} from "@convbert/heads";
import type { ProblemType } from "@convbert/model";
import type { Batch, Collator } from "../collate/batch.js";
import type { TextClassificationBatchInputs } from "../collate/text-classification.js";
import type { TextExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { argmaxRows, ClassificationMetric, MultiLabelMetric } from "../metrics/classification.js";
import { RegressionMetric } from "../metrics/regression.js";
import { type EvaluationOptions, eachBatch, MeanLoss } from "./batches.js";
import { type Forward, rowOutputs } from "./outputs.js";

export interface TextEvaluationOptions extends EvaluationOptions<TextExample> {
  /** That of the collator. Default "single_label_classification". */
  readonly problemType?: ProblemType;
}

/**
 * Measures a text classifier. Single: `loss`, `accuracy`, `macroF1`, `weightedF1`, `matthews`; several labels: `loss`,
 * `microF1`, `macroF1`, `subsetAccuracy`; regression: `loss`, `pearson`, `spearman`, `meanSquaredError`,
 * `meanAbsoluteError`.
 */
export function evaluateTextClassification(
  model: Forward<SequenceClassificationInputs, SequenceClassificationOutput, SequenceClassificationBatch, RaggedLogits>,
  collator: Collator<TextExample, Batch<TextClassificationBatchInputs, SequenceClassificationBatch>>,
  options: TextEvaluationOptions,
): Evaluate {
  const { problemType: problem_type = "single_label_classification", unpadded = false } = options;
  const asked: typeof model = {
    config: model.config,
    forward: (inputs, run) => model.forward({ ...inputs, problem_type }, run),
    forwardRagged: (sequences, run) => model.forwardRagged({ ...sequences, problem_type }, run),
  };
  return async (call) => {
    const loss = new MeanLoss();
    const scores = scorer(problem_type, model.config.num_labels);
    await eachBatch(options, collator, call, async (batch) => {
      const outputs = await rowOutputs(asked, batch, ["logits"], { ...call, loss, unpadded, perToken: false });
      const labels = batch.sequences.labels as TextClassificationBatchInputs["labels"];
      if (labels === undefined) return;
      const size = labels.data.length / batch.rows;
      for (const [row, { logits }] of outputs.entries()) {
        scores.add(logits, labels.data.subarray(row * size, (row + 1) * size));
      }
    });
    return { ...loss.metric, ...scores.metrics() };
  };
}

interface Scorer {
  add(logits: Float32Array, labels: ArrayLike<number>): void;
  metrics(): Record<string, number>;
}

function scorer(problemType: ProblemType, width: number): Scorer {
  if (problemType === "regression") {
    const metric = new RegressionMetric();
    return {
      add: (logits, labels) => metric.update(logits, labels),
      metrics() {
        const { count: _, ...scores } = metric.compute();
        return scores;
      },
    };
  }
  if (problemType === "multi_label_classification") {
    const metric = new MultiLabelMetric(width);
    return {
      add: (logits, labels) => metric.update(logits, labels),
      metrics() {
        const { micro, macro, subsetAccuracy } = metric.compute();
        return { microF1: micro.f1, macroF1: macro.f1, subsetAccuracy };
      },
    };
  }
  const metric = new ClassificationMetric();
  return {
    // Of likelihoods the largest is the class.
    add: (logits, labels) =>
      metric.update(argmaxRows(logits, width), labels instanceof Float32Array ? argmaxRows(labels, width) : labels),
    metrics() {
      const { accuracy, macro, weighted, matthews } = metric.compute();
      return { accuracy, macroF1: macro.f1, weightedF1: weighted.f1, matthews };
    },
  };
}
