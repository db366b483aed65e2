import * as tf from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import type { ConfigInput } from "../config.js";
import type { NamedInputs, PreparedTensors, TensorInput, TFConvBertInputs } from "../inputs.js";
import type { EncoderResult } from "../layers/encoder.js";
import { TFConvBertGeneratorPredictions, TFConvBertMaskedLMHead } from "../layers/masked-lm.js";
import { legacyTokenLoss, tokenLabels, tokenLoss } from "../losses.js";
import { type ModelOptions, startGraph } from "./graph.js";
import { TFConvBertPreTrainedModel } from "./pretrained.js";
import type { TFEncoderOutputs } from "./pretrained-options.js";

export interface TFMaskedLMInputs extends TFConvBertInputs {
  /** `[batch, length]`: the token to predict, -100 where nothing is asked. */
  readonly labels?: TensorInput | null | undefined;
}

/** The reference's `TFMaskedLMOutput`. */
export interface TFMaskedLMOutput extends TFEncoderOutputs {
  /** `[1]`, the mean over the labels that are not -100; `[labels]` with `tf_legacy_loss`. */
  readonly loss?: tf.Tensor;
  /** `[batch, length, vocab_size]`. */
  readonly logits: tf.Tensor;
}

/** Predicts masked words (the reference's `TFConvBertForMaskedLM`); the output shares the word embeddings. */
export class TFConvBertForMaskedLM extends TFConvBertPreTrainedModel<TFMaskedLMInputs, TFMaskedLMOutput> {
  static override readonly className: string = "TFConvBertForMaskedLM";
  readonly #predictions: TFConvBertGeneratorPredictions;
  readonly #head: TFConvBertMaskedLMHead;

  /** Not for users. Use `fromPretrained` or `fromConfig`. */
  constructor(given: ConfigInput, options: ModelOptions = {}) {
    const start = startGraph(given, options);
    const { config, weights, convbert } = start;
    const predictions = new TFConvBertGeneratorPredictions({ config, weights, name: "generator_predictions" });
    const { embeddings } = convbert;
    const head = new TFConvBertMaskedLMHead({ config, weights, embeddings, name: "generator_lm_head" });
    super({ ...start, outputs: [head.apply(predictions.apply(start.hidden)) as SymbolicTensor] });
    this.#predictions = predictions;
    this.#head = head;
  }

  protected override headOutputs({ last }: EncoderResult): Record<string, tf.Tensor> {
    return { logits: this.#head.run(this.#predictions.run(last)) };
  }

  protected override labelTensors({ labels }: NamedInputs, { leading, length }: PreparedTensors): tf.Tensor[] | null {
    return labels == null
      ? null
      : [tokenLabels("labels", labels as TensorInput, [...leading, length], this.config.vocab_size)];
  }

  protected override ownLoss([labels]: tf.Tensor[], [logits]: tf.Tensor[]): tf.Tensor {
    return tokenLoss(labels!, logits!, "masked-lm");
  }

  protected override reportedLoss([labels]: tf.Tensor[], [logits]: tf.Tensor[]): tf.Tensor {
    const compute = this.config.extra["tf_legacy_loss"] === true ? legacyTokenLoss : tokenLoss;
    return compute(labels!, logits!, "masked-lm");
  }

  protected override resizeVocabulary(rows: number, seed: number | undefined): void {
    super.resizeVocabulary(rows, seed);
    const old = this.#head.bias.read();
    const bias = tf.tidy(() => {
      const kept = tf.slice(old, [0], [Math.min(rows, old.size)]);
      return tf.pad(kept, [[0, rows - kept.size]]);
    });
    this.#head.replaceBias(bias);
    bias.dispose();
    // The graph says how many words its output has.
    (this.outputs[0]!.shape as (number | null)[])[2] = rows;
  }
}
