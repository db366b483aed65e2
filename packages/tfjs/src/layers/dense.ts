import type * as tf from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable } from "@tensorflow/tfjs-layers";
import { PackedWeight } from "../kernels/linear.js";
import { dense } from "../ops/dense.js";
import { ConvBertLayer, type LayerScope } from "./layer.js";

export interface DenseShape {
  readonly inputs: number;
  readonly outputs: number;
  /** Deviation of new weights; Keras's default distribution where it is absent. */
  readonly deviation?: number;
}

/** A linear map of the last axis: `kernel` `[inputs, outputs]`, `bias` `[outputs]`. */
export class ConvBertDense extends ConvBertLayer {
  static readonly className: string = "ConvBertDense";
  readonly #shape: DenseShape;
  readonly #packed = new PackedWeight();
  #kernel!: LayerVariable;
  #bias!: LayerVariable;

  constructor(name: string, scope: LayerScope, shape: DenseShape) {
    super(name, scope);
    this.#shape = shape;
  }

  protected override declare(): void {
    const { inputs, outputs, deviation } = this.#shape;
    const { weights } = this.scope;
    const initial = deviation === undefined ? weights.glorot() : weights.normal(deviation);
    this.#kernel = this.weight("kernel", [inputs, outputs], initial);
    this.#bias = this.weight("bias", [outputs], initializers.zeros());
  }

  protected override release(): void {
    this.#packed.release();
  }

  run(x: tf.Tensor): tf.Tensor {
    return dense(x, this.#kernel.read(), this.#bias.read(), this.#packed);
  }
}
