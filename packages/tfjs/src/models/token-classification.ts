import type * as tf from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { ConfigInput } from "../config.js";
import type { NamedInputs, PreparedTensors, TensorInput, TFConvBertInputs } from "../inputs.js";
import type { EncoderResult } from "../layers/encoder.js";
import { TFConvBertProjection } from "../layers/projection.js";
import { legacyTokenLoss, tokenLabels, tokenLoss } from "../losses.js";
import { type ModelOptions, startGraph } from "./graph.js";
import { TFConvBertPreTrainedModel } from "./pretrained.js";
import type { TFEncoderOutputs } from "./pretrained-options.js";

export interface TFTokenClassificationInputs extends TFConvBertInputs {
  /** `[batch, length]` classes; every negative one is ignored. */
  readonly labels?: TensorInput | null | undefined;
}

/** The reference's `TFTokenClassifierOutput`. */
export interface TFTokenClassifierOutput extends TFEncoderOutputs {
  /** `[1]`, the mean over the labels that are not negative; `[labels]` with `tf_legacy_loss`. */
  readonly loss?: tf.Tensor;
  /** `[batch, length, num_labels]`. */
  readonly logits: tf.Tensor;
}

/** Classifies every token (the reference's `TFConvBertForTokenClassification`). */
export class TFConvBertForTokenClassification extends TFConvBertPreTrainedModel<
  TFTokenClassificationInputs,
  TFTokenClassifierOutput
> {
  static override readonly className: string = "TFConvBertForTokenClassification";
  readonly #classifier: TFConvBertProjection;

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(given: ConfigInput, options: ModelOptions = {}) {
    const start = startGraph(given, options);
    const { num_labels: units, classifier_dropout, hidden_dropout_prob } = start.config;
    const rate = classifier_dropout ?? hidden_dropout_prob;
    const classifier = new TFConvBertProjection({ ...start, name: "classifier", units, rate });
    super({ ...start, outputs: [classifier.apply(start.hidden) as SymbolicTensor] });
    this.#classifier = classifier;
  }

  protected override headOutputs({ last }: EncoderResult, _inputs: PreparedTensors, training: boolean) {
    return { logits: this.#classifier.run(last, training) };
  }

  protected override labelTensors({ labels }: NamedInputs, { leading, length }: PreparedTensors): tf.Tensor[] | null {
    return labels == null
      ? null
      : [tokenLabels("labels", labels as TensorInput, [...leading, length], this.config.num_labels)];
  }

  protected override ownLoss([labels]: tf.Tensor[], [logits]: tf.Tensor[]): tf.Tensor {
    return tokenLoss(labels!, logits!, "token-classification");
  }

  protected override reportedLoss([labels]: tf.Tensor[], [logits]: tf.Tensor[]): tf.Tensor {
    const compute = this.config.extra["tf_legacy_loss"] === true ? legacyTokenLoss : tokenLoss;
    return compute(labels!, logits!, "token-classification");
  }
}
