import type { GraphBuilder, Value } from "./builder.js";
import type { Rows } from "./rows.js";

/** Tokens of a block. */
const BLOCK = 16;

/**
 * The dynamic convolution as small matrix products. Tokens are cut into blocks; those of a block look at a window of neighbours
 * that is a few taps longer, so that their kernels are the band of a matrix from the window to the block. What all layers share is
 * computed once: which tokens are in which window, and which taps reach beyond the ends of a sequence.
 */
export class DynamicConvolution {
  readonly #g: GraphBuilder;
  readonly #rows: Rows;
  readonly #taps: number;
  readonly #window: number;
  /** Tokens of each block, and of each window, `[blocks, BLOCK]` and `[blocks, window]`; beyond the ends the nearest. */
  readonly #blocks: Value;
  readonly #windows: Value;
  /** 1 where a tap meets a token of the sequence, `[length, 1, taps]`. */
  readonly #reach: Value;

  constructor(g: GraphBuilder, rows: Rows, taps: number) {
    this.#g = g;
    this.#rows = rows;
    this.#taps = taps;
    this.#window = BLOCK + taps - 1;
    const side = (taps - 1) / 2;
    const { length } = rows;
    const last = g.op("Squeeze", [g.op("Sub", [length, g.ints(1)])]);
    const nearest = (tokens: Value) => g.op("Clip", [tokens, g.int(0), last]);
    const range = (end: Value) => g.op("Range", [g.int(0), g.op("Squeeze", [end]), g.int(1)]);
    const count = g.op("Div", [g.op("Add", [length, g.ints(BLOCK - 1)]), g.ints(BLOCK)]);
    const starts = g.op("Mul", [g.op("Unsqueeze", [range(count), g.ints(1)]), g.ints(BLOCK)]);
    const from = (first: number, extent: number) =>
      nearest(g.op("Add", [starts, g.ints(...Array.from({ length: extent }, (_, index) => first + index))]));
    this.#blocks = from(0, BLOCK);
    this.#windows = from(-side, this.#window);
    const offsets = g.ints(...Array.from({ length: taps }, (_, tap) => tap - side));
    const met = g.op("Add", [g.op("Unsqueeze", [range(length), g.ints(1, 2)]), offsets]);
    const floats = g.style.floats === "float16" ? 10 : 1;
    this.#reach = g.op("Cast", [g.op("Equal", [met, nearest(met)])], { to: floats });
  }

  /**
   * For each token and head the sum of its neighbours' values, weighed by its own kernel.
   * @param values rows of `heads * size` channels.
   * @param kernels `[batch, length, heads, taps]`.
   * @returns `[batch, length, heads * size]`.
   */
  apply(values: Value, kernels: Value, heads: number, size: number): Value {
    const g = this.#g;
    const window = this.#window;
    const apart = (x: Value, extent: number, channels: number) =>
      g.op("Transpose", [g.op("Reshape", [x, g.ints(0, -1, extent, heads, channels)])], { perm: [0, 1, 3, 2, 4] });
    const seen = g.op("Gather", [this.#rows.apart(values, heads * size), this.#windows], { axis: 1 });
    const own = g.op("Gather", [g.op("Mul", [kernels, this.#reach]), this.#blocks], { axis: 1 });
    // A row one longer than the window moves each kernel on by one where rows are read with the window's length.
    const room = g.ints(0, 0, 0, 0, 0, 0, 0, 0, this.#taps - 1, window + 1 - this.#taps);
    const skewed = g.op("Reshape", [
      g.op("Pad", [apart(own, BLOCK, this.#taps), room]),
      g.ints(0, 0, 0, window + 1, window),
    ]);
    const band = g.op("Slice", [skewed, g.ints(0), g.ints(BLOCK), g.ints(3)]);
    const sums = g.op("MatMul", [band, apart(seen, window, size)]);
    const blocks = g.op("Transpose", [sums], { perm: [0, 1, 3, 2, 4] });
    const joined = g.op("Reshape", [blocks, g.ints(0, -1, heads * size)]);
    return g.op("Slice", [joined, g.ints(0), this.#rows.length, g.ints(1)]);
  }
}
