import { ConfigError } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { ConfigInput } from "../config.js";
import type { NamedInputs, PreparedTensors, TensorInput, TFConvBertInputs } from "../inputs.js";
import type { EncoderResult } from "../layers/encoder.js";
import { TFConvBertProjection } from "../layers/projection.js";
import { TFSequenceSummary } from "../layers/sequence-summary.js";
import { TFConvBertChoices } from "../layers/shapes.js";
import { choiceLoss, classLabels } from "../losses.js";
import { type ModelOptions, startGraph } from "./graph.js";
import { TFConvBertPreTrainedModel } from "./pretrained.js";
import type { TFEncoderOutputs } from "./pretrained-options.js";

/** As for every model, with an axis for the choices: `[batch, choices, length]`. */
export interface TFMultipleChoiceInputs extends TFConvBertInputs {
  /** `[batch]`: the right choice. */
  readonly labels?: TensorInput | null | undefined;
}

/** The reference's `TFMultipleChoiceModelOutput`. */
export interface TFMultipleChoiceModelOutput extends TFEncoderOutputs {
  /** `[batch]`: cross-entropy over the choices. */
  readonly loss?: tf.Tensor;
  /** `[batch, choices]`. */
  readonly logits: tf.Tensor;
}

/** Scores alternatives, each summarised by its last position by default (the reference's `TFConvBertForMultipleChoice`). */
export class TFConvBertForMultipleChoice extends TFConvBertPreTrainedModel<
  TFMultipleChoiceInputs,
  TFMultipleChoiceModelOutput
> {
  static override readonly className: string = "TFConvBertForMultipleChoice";
  readonly #summary: TFSequenceSummary;
  readonly #classifier: TFConvBertProjection;

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(given: ConfigInput, options: ModelOptions = {}) {
    const start = startGraph(given, options, 3);
    const summary = new TFSequenceSummary({ ...start, name: "sequence_summary" });
    if (summary.size !== start.config.hidden_size) {
      throw new ConfigError(
        "summary_proj_to_labels",
        `a summary of ${summary.size} channels does not fit a classifier of hidden_size ${start.config.hidden_size}`,
      );
    }
    const classifier = new TFConvBertProjection({ ...start, name: "classifier", units: 1 });
    const scores = classifier.apply(summary.apply(start.hidden)) as SymbolicTensor;
    const logits = new TFConvBertChoices({ name: "logits" }).apply([scores, start.inputs[0]!]) as SymbolicTensor;
    super({ ...start, outputs: [logits] });
    this.#summary = summary;
    this.#classifier = classifier;
  }

  protected override get hasClassLabels(): boolean {
    return true;
  }

  protected override get inputRank(): number {
    return 3;
  }

  protected override headOutputs({ last }: EncoderResult, { leading }: PreparedTensors, training: boolean) {
    const scores = this.#classifier.run(this.#summary.run(last, training), training);
    return { logits: tf.reshape(scores, [...leading]) };
  }

  protected override labelTensors({ labels }: NamedInputs, { leading }: PreparedTensors): tf.Tensor[] | null {
    const [batch, choices] = leading as [number, number];
    return labels == null ? null : [classLabels("labels", labels as TensorInput, batch, choices)];
  }

  protected override ownLoss([labels]: tf.Tensor[], [logits]: tf.Tensor[]): tf.Tensor {
    return choiceLoss(labels!, logits!);
  }
}
