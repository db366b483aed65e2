import type * as tf from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { groupedDense } from "../ops/grouped-dense.js";
import { ConvBertLayer, type LayerScope } from "./layer.js";

/** The feed-forward's linear map in groups: `kernel` `[outputs / groups, inputs / groups, groups]`, `bias` `[outputs]`. */
export class GroupedLinearLayer extends ConvBertLayer {
  static readonly className: string = "GroupedLinearLayer";
  readonly #shape: { readonly inputs: number; readonly outputs: number; readonly groups: number };
  readonly #deviation: number;
  #kernel!: LayerVariable;
  #bias!: LayerVariable;

  constructor(
    name: string,
    scope: LayerScope,
    shape: { readonly inputs: number; readonly outputs: number; readonly groups: number },
    deviation: number,
  ) {
    super(name, scope);
    this.#shape = shape;
    this.#deviation = deviation;
  }

  protected override declare(): void {
    const { inputs, outputs, groups } = this.#shape;
    const { weights } = this.scope;
    this.#kernel = this.weight("kernel", [outputs / groups, inputs / groups, groups], weights.normal(this.#deviation));
    // Drawn like the kernel, as in the reference.
    this.#bias = this.weight("bias", [outputs], weights.normal(this.#deviation));
  }

  run(x: tf.Tensor): tf.Tensor {
    return groupedDense(x, this.#kernel.read(), this.#bias.read());
  }
}
