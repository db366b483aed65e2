import type * as tf from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable } from "@tensorflow/tfjs-layers";
import { layerNorm } from "../ops/layer-norm.js";
import { ConvBertLayer, type LayerScope } from "./layer.js";

/** Normalisation of the last axis: `gamma` and `beta`, `[channels]`. */
export class ConvBertLayerNorm extends ConvBertLayer {
  static readonly className: string = "ConvBertLayerNorm";
  readonly #channels: number;
  readonly #epsilon: number;
  #gamma!: LayerVariable;
  #beta!: LayerVariable;

  constructor(scope: LayerScope, channels: number, epsilon: number) {
    super("LayerNorm", scope);
    this.#channels = channels;
    this.#epsilon = epsilon;
  }

  protected override declare(): void {
    this.#gamma = this.weight("gamma", [this.#channels], initializers.ones());
    this.#beta = this.weight("beta", [this.#channels], initializers.zeros());
  }

  run(x: tf.Tensor): tf.Tensor {
    return layerNorm(x, this.#gamma.read(), this.#beta.read(), this.#epsilon);
  }
}
