import type * as tf from "@tensorflow/tfjs-core";
import type { Shape } from "@tensorflow/tfjs-layers";
import { dropout } from "../ops/dropout.js";
import { ConvBertDense } from "./dense.js";
import { HeadLayer, type HeadOptions } from "./head.js";

export interface ProjectionOptions extends HeadOptions {
  /** Channels of the result. */
  readonly units: number;
  /** Dropout before the map, while training. */
  readonly rate?: number;
}

/** Dropout and a linear map of the last axis: the whole head of token classification, spans and choices. */
export class TFConvBertProjection extends HeadLayer {
  static readonly className: string = "TFConvBertProjection";
  readonly #units: number;
  readonly #rate: number;
  readonly #dense: ConvBertDense;

  constructor(options: ProjectionOptions) {
    super(options);
    this.#units = options.units;
    this.#rate = options.rate ?? 0;
    const { hidden_size: inputs, initializer_range: deviation } = this.config;
    // Its weights have no name between the layer's and their own.
    this.#dense = this.part(new ConvBertDense("dense", this.scope, { inputs, outputs: options.units, deviation }));
  }

  override run(x: tf.Tensor, training: boolean): tf.Tensor {
    return this.#dense.run(dropout(x, this.#rate, training));
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape {
    return [...(shape as Shape).slice(0, -1), this.#units];
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), units: this.#units, rate: this.#rate };
  }
}
