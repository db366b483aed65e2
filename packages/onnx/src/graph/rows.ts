import type { GraphBuilder, Value } from "./builder.js";

/**
 * The tokens of a batch one after the other, `[batch * length, channels]`, as graphs compute wherever a token does not see
 * its neighbours: products there take their bias along, in one operator with plain matrices.
 */
export class Rows {
  readonly #g: GraphBuilder;
  /** `[batch, length]`, `[2]`. */
  readonly #shape: Value;
  /** Length of the sequences, `[1]`. */
  readonly length: Value;
  readonly #shapes = new Map<string, Value>();

  /** @param like any value `[batch, length, ...]`. */
  constructor(g: GraphBuilder, like: Value) {
    this.#g = g;
    this.#shape = g.op("Shape", [like], { start: 0, end: 2 });
    this.length = g.op("Shape", [like], { start: 1, end: 2 });
  }

  /** `[..., channels]` to rows. */
  together(x: Value, channels: number): Value {
    return this.#g.op("Reshape", [x, this.#g.ints(-1, channels)]);
  }

  /** Rows to `[batch, length, ...axes]`, whose product is their number of channels. */
  apart(x: Value, ...axes: number[]): Value {
    const key = axes.join();
    const shape = this.#shapes.get(key) ?? this.#g.op("Concat", [this.#shape, this.#g.ints(...axes)], { axis: 0 });
    this.#shapes.set(key, shape);
    return this.#g.op("Reshape", [x, shape]);
  }
}
