import type { ConvBertConfig } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { activation } from "../ops/activation.js";
import { dropout } from "../ops/dropout.js";
import { ConvBertDense } from "./dense.js";
import { GroupedLinearLayer } from "./grouped-linear.js";
import { ConvBertLayer, type LayerScope } from "./layer.js";
import { ConvBertLayerNorm } from "./layer-norm.js";
import { type Mixed, TFConvBertSelfAttention } from "./self-attention.js";

/** A linear map of the feed-forward, in groups where the configuration has them. */
function feedForward(config: ConvBertConfig, scope: LayerScope, inputs: number, outputs: number) {
  const { num_groups: groups, initializer_range: deviation } = config;
  return groups === 1
    ? new ConvBertDense("dense", scope, { inputs, outputs, deviation })
    : new GroupedLinearLayer("dense", scope, { inputs, outputs, groups }, deviation);
}

/** Back to `hidden_size`, dropout, and the sum with what came before, normalised. */
class Residual extends ConvBertLayer {
  static readonly className: string = "ConvBertResidual";
  readonly #config: ConvBertConfig;
  readonly #dense: ConvBertDense | GroupedLinearLayer;
  readonly #norm: ConvBertLayerNorm;

  constructor(config: ConvBertConfig, scope: LayerScope, kind: "attention" | "feed-forward") {
    super("output", scope);
    this.#config = config;
    const { hidden_size: hidden, initializer_range: deviation } = config;
    const inner = this.inside("dense");
    this.#dense = this.part(
      kind === "attention"
        ? new ConvBertDense("dense", inner, { inputs: hidden, outputs: hidden, deviation })
        : feedForward(config, inner, config.intermediate_size, hidden),
    );
    this.#norm = this.part(new ConvBertLayerNorm(this.inside("LayerNorm"), hidden, config.layer_norm_eps));
  }

  run(x: tf.Tensor, before: tf.Tensor, training: boolean): tf.Tensor {
    const mapped = dropout(this.#dense.run(x), this.#config.hidden_dropout_prob, training);
    return this.#norm.run(tf.add(mapped, before));
  }
}

/** The mixed attention and what follows it. */
class Attention extends ConvBertLayer {
  static readonly className: string = "TFConvBertAttention";
  readonly self: TFConvBertSelfAttention;
  readonly #output: Residual;

  constructor(config: ConvBertConfig, scope: LayerScope) {
    super("attention", scope);
    this.self = this.part(new TFConvBertSelfAttention(config, this.inside("self")));
    this.#output = this.part(new Residual(config, this.inside("output"), "attention"));
  }

  run(x: tf.Tensor, mask: tf.Tensor | null, training: boolean): Mixed {
    const { states, attention } = this.self.run(x, mask, training);
    return { states: this.#output.run(states, x, training), attention };
  }
}

/** Up to `intermediate_size`, and the activation. */
class Intermediate extends ConvBertLayer {
  static readonly className: string = "TFConvBertIntermediate";
  readonly #dense: ConvBertDense | GroupedLinearLayer;
  readonly #activation: (x: tf.Tensor) => tf.Tensor;

  constructor(config: ConvBertConfig, scope: LayerScope) {
    super("intermediate", scope);
    this.#dense = this.part(feedForward(config, this.inside("dense"), config.hidden_size, config.intermediate_size));
    this.#activation = activation(config.hidden_act);
  }

  run(x: tf.Tensor): tf.Tensor {
    return this.#activation(this.#dense.run(x));
  }
}

/** One block of the encoder. */
export class TFConvBertLayer extends ConvBertLayer {
  static readonly className: string = "TFConvBertLayer";
  readonly attention: ConvBertLayer;
  readonly #attention: Attention;
  readonly #intermediate: Intermediate;
  readonly #output: Residual;

  constructor(config: ConvBertConfig, name: string, scope: LayerScope) {
    super(name, scope);
    this.#attention = this.part(new Attention(config, this.inside("attention")));
    this.attention = this.#attention;
    this.#intermediate = this.part(new Intermediate(config, this.inside("intermediate")));
    this.#output = this.part(new Residual(config, this.inside("output"), "feed-forward"));
  }

  run(x: tf.Tensor, mask: tf.Tensor | null, training: boolean): Mixed {
    const { states, attention } = this.#attention.run(x, mask, training);
    return { states: this.#output.run(this.#intermediate.run(states), states, training), attention };
  }
}

/** What the encoder is asked for besides its last states. */
export interface EncoderOptions {
  readonly training: boolean;
  readonly hiddenStates: boolean;
  readonly attentions: boolean;
}

export interface EncoderResult {
  /** `[batch, length, hidden_size]`. */
  readonly last: tf.Tensor;
  /** Before, between and after the blocks. */
  readonly hiddenStates: tf.Tensor[] | null;
  /** `[batch, heads, length, length]` of each block. */
  readonly attentions: tf.Tensor[] | null;
}

/** The blocks, one after the other. */
export class TFConvBertEncoder extends ConvBertLayer {
  static readonly className: string = "TFConvBertEncoder";
  /** Its blocks; `trainable = false` freezes one. */
  readonly layer: readonly TFConvBertLayer[];

  constructor(config: ConvBertConfig, scope: LayerScope) {
    super("encoder", scope);
    this.layer = Array.from({ length: config.num_hidden_layers }, (_, index) => {
      const name = `layer_._${index}`;
      return this.part(new TFConvBertLayer(config, name, this.inside(name)));
    });
  }

  run(first: tf.Tensor, mask: tf.Tensor | null, options: EncoderOptions): EncoderResult {
    const hiddenStates: tf.Tensor[] | null = options.hiddenStates ? [first] : null;
    const attentions: tf.Tensor[] | null = options.attentions ? [] : null;
    let last = first;
    for (const block of this.layer) {
      const before = last;
      // What a block computes on its way goes at once, except under a tape, which keeps it.
      const [states, attention] = tf.tidy(() => {
        const mixed = block.run(before, mask, options.training);
        return attentions === null ? [mixed.states] : [mixed.states, mixed.attention];
      });
      if (hiddenStates === null && before !== first) {
        before.dispose();
      }
      last = states!;
      hiddenStates?.push(last);
      if (attention !== undefined) {
        attentions?.push(attention);
      }
    }
    return { last, hiddenStates, attentions };
  }
}
