import type * as tf from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { ConfigInput } from "../config.js";
import type { NamedInputs, PreparedTensors, TensorInput, TFConvBertInputs } from "../inputs.js";
import { TFConvBertClassificationHead } from "../layers/classification-head.js";
import type { EncoderResult } from "../layers/encoder.js";
import { classLabels, numberLabels, sequenceLoss } from "../losses.js";
import { type ModelOptions, startGraph } from "./graph.js";
import { TFConvBertPreTrainedModel } from "./pretrained.js";
import type { TFEncoderOutputs } from "./pretrained-options.js";

export interface TFSequenceClassificationInputs extends TFConvBertInputs {
  /** `[batch]` classes; numbers where the configuration has one label. */
  readonly labels?: TensorInput | null | undefined;
}

/** The reference's `TFSequenceClassifierOutput`. */
export interface TFSequenceClassifierOutput extends TFEncoderOutputs {
  /** `[batch]`: cross-entropy, or the squared error where there is one label; `problem_type` is not looked at. */
  readonly loss?: tf.Tensor;
  /** `[batch, num_labels]`. */
  readonly logits: tf.Tensor;
}

/** Classifies a sequence, or scores it, by its first token (the reference's `TFConvBertForSequenceClassification`). */
export class TFConvBertForSequenceClassification extends TFConvBertPreTrainedModel<
  TFSequenceClassificationInputs,
  TFSequenceClassifierOutput
> {
  static override readonly className: string = "TFConvBertForSequenceClassification";
  readonly #classifier: TFConvBertClassificationHead;

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(given: ConfigInput, options: ModelOptions = {}) {
    const start = startGraph(given, options);
    const classifier = new TFConvBertClassificationHead({ ...start, name: "classifier" });
    super({ ...start, outputs: [classifier.apply(start.hidden) as SymbolicTensor] });
    this.#classifier = classifier;
  }

  protected override get hasClassLabels(): boolean {
    return this.config.num_labels > 1;
  }

  protected override headOutputs({ last }: EncoderResult, _inputs: PreparedTensors, training: boolean) {
    return { logits: this.#classifier.run(last, training) };
  }

  protected override labelTensors({ labels }: NamedInputs, { leading }: PreparedTensors): tf.Tensor[] | null {
    if (labels == null) {
      return null;
    }
    const { num_labels: classes } = this.config;
    const batch = leading[0]!;
    return [
      classes === 1
        ? numberLabels("labels", labels as TensorInput, batch)
        : classLabels("labels", labels as TensorInput, batch, classes),
    ];
  }

  protected override ownLoss([labels]: tf.Tensor[], [logits]: tf.Tensor[]): tf.Tensor {
    return sequenceLoss(labels!, logits!);
  }
}
