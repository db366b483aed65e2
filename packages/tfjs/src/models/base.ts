import type * as tf from "@tensorflow/tfjs-core";
import type { ConfigInput } from "../config.js";
import type { TFConvBertInputs } from "../inputs.js";
import type { EncoderResult } from "../layers/encoder.js";
import { type ModelOptions, startGraph } from "./graph.js";
import { TFConvBertPreTrainedModel } from "./pretrained.js";
import type { TFEncoderOutputs } from "./pretrained-options.js";

/** The reference's `TFBaseModelOutput`. */
export interface TFBaseModelOutput extends TFEncoderOutputs {
  /** `[batch, length, hidden_size]`. */
  readonly last_hidden_state: tf.Tensor;
}

/** The encoder alone (the reference's `TFConvBertModel`). */
export class TFConvBertModel extends TFConvBertPreTrainedModel<TFConvBertInputs, TFBaseModelOutput> {
  static override readonly className: string = "TFConvBertModel";

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(config: ConfigInput, options: ModelOptions = {}) {
    const start = startGraph(config, options);
    super({ ...start, outputs: [start.hidden] });
  }

  protected override get labelNames(): readonly string[] {
    return [];
  }

  protected override headOutputs({ last }: EncoderResult): Record<string, tf.Tensor> {
    return { last_hidden_state: last };
  }

  protected override labelTensors(): null {
    return null;
  }

  protected override ownLoss(): null {
    return null;
  }
}
