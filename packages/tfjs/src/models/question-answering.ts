import { ConfigError } from "@convbert/model";
import type * as tf from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { ConfigInput } from "../config.js";
import type { NamedInputs, PreparedTensors, TensorInput, TFConvBertInputs } from "../inputs.js";
import type { EncoderResult } from "../layers/encoder.js";
import { TFConvBertProjection } from "../layers/projection.js";
import { column, TFConvBertColumn } from "../layers/shapes.js";
import { classLabels, spanLoss } from "../losses.js";
import { type ModelOptions, startGraph } from "./graph.js";
import { TFConvBertPreTrainedModel } from "./pretrained.js";
import type { TFEncoderOutputs } from "./pretrained-options.js";

export interface TFQuestionAnsweringInputs extends TFConvBertInputs {
  /** `[batch]`: token where the answer starts; it must lie in the sequence. */
  readonly start_positions?: TensorInput | null | undefined;
  /** `[batch]`: token where the answer ends, itself included. */
  readonly end_positions?: TensorInput | null | undefined;
}

/** The reference's `TFQuestionAnsweringModelOutput`. */
export interface TFQuestionAnsweringModelOutput extends TFEncoderOutputs {
  /** `[batch]`: mean of the start's and the end's cross-entropy; there where both positions are given. */
  readonly loss?: tf.Tensor;
  /** `[batch, length]`. */
  readonly start_logits: tf.Tensor;
  /** `[batch, length]`. */
  readonly end_logits: tf.Tensor;
}

/** Marks the span that answers a question (the reference's `TFConvBertForQuestionAnswering`). */
export class TFConvBertForQuestionAnswering extends TFConvBertPreTrainedModel<
  TFQuestionAnsweringInputs,
  TFQuestionAnsweringModelOutput
> {
  static override readonly className: string = "TFConvBertForQuestionAnswering";
  readonly #outputs: TFConvBertProjection;

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(given: ConfigInput, options: ModelOptions = {}) {
    const start = startGraph(given, options);
    const { num_labels: units } = start.config;
    if (units !== 2) {
      throw new ConfigError(
        "num_labels",
        `question answering has 2 outputs, the start and the end of a span, not ${units}`,
      );
    }
    const layer = new TFConvBertProjection({ ...start, name: "qa_outputs", units });
    const logits = layer.apply(start.hidden) as SymbolicTensor;
    const outputs = ["start_logits", "end_logits"].map(
      (name, index) => new TFConvBertColumn({ name, index }).apply(logits) as SymbolicTensor,
    );
    super({ ...start, outputs });
    this.#outputs = layer;
  }

  protected override get labelNames(): readonly string[] {
    return ["start_positions", "end_positions"];
  }

  protected override headOutputs({ last }: EncoderResult, _inputs: PreparedTensors, training: boolean) {
    const logits = this.#outputs.run(last, training);
    return { start_logits: column(logits, 0), end_logits: column(logits, 1) };
  }

  protected override labelTensors(named: NamedInputs, { leading, length }: PreparedTensors): tf.Tensor[] | null {
    const given = this.labelNames.map((name) => [name, named[name]] as const);
    return given.some(([, positions]) => positions == null)
      ? null
      : given.map(([name, positions]) => classLabels(name, positions as TensorInput, leading[0]!, length));
  }

  protected override ownLoss(labels: tf.Tensor[], outputs: tf.Tensor[]): tf.Tensor {
    return spanLoss(labels, outputs);
  }
}
