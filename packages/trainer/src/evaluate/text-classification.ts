import type { SequenceClassificationInputs, SequenceClassificationOutput } from "@convbert/heads";
import type { ProblemType } from "@convbert/model";
import type { Batch, Collator } from "../collate/batch.js";
import type { TextClassificationBatchInputs } from "../collate/text-classification.js";
import type { TextExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { argmaxRows, ClassificationMetric, MultiLabelMetric } from "../metrics/classification.js";
import { RegressionMetric } from "../metrics/regression.js";
import { type EvaluationOptions, eachBatch, type Forward, MeanLoss } from "./batches.js";

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
  model: Forward<SequenceClassificationInputs, SequenceClassificationOutput>,
  collator: Collator<TextExample, Batch<TextClassificationBatchInputs>>,
  options: TextEvaluationOptions,
): Evaluate {
  const { problemType = "single_label_classification" } = options;
  return async (call) => {
    const loss = new MeanLoss();
    const scores = scorer(problemType, model.config.num_labels);
    await eachBatch(options, collator, call, async ({ inputs, targets }) => {
      const output = await model.forward({ ...inputs, problem_type: problemType }, call);
      loss.add(output.loss, targets);
      if (inputs.labels) scores.add(output.logits.data, inputs.labels.data);
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
