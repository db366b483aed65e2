import { CACHE_LINE, PANEL, PANEL_BYTES, TILE, ZEROS_BYTES } from "../constants.js";
import { RELAXED_TILES, SIMD128_TILES } from "../generated/tiles.js";
import { decodeModule } from "./decode-module.js";
import type { Variant } from "./instance.js";

import { DEPTH_BLOCK, MAX_ROWS, rowBlock } from "./product.js";

/** Arguments of a tile (emitter/product.ts). */
type Tile = (
  input: number,
  inputStride: number,
  panel: number,
  depth: number,
  start: number,
  output: number,
  outputStride: number,
  tiles: number,
  accumulate: number,
  ahead: number,
  aheadStep: number,
) => void;

/** Arguments of {@link PanelProducts.multiply}: addresses of float32 rows without gaps, and extents. */
export interface PanelProduct {
  /** `[rows, depth]`. */
  readonly input: number;
  readonly rows: number;
  readonly depth: number;
  /** What {@link PanelProducts.pack} made of the weights. */
  readonly packed: number;
  /** `[columns]`. */
  readonly bias: number;
  readonly columns: number;
  /** `[rows, columns]`. */
  readonly output: number;
}

/**
 * Products of float32 rows with packed weights in a memory that somebody else owns, and hands out: the tiles have no data
 * of their own in it.
 */
export class PanelProducts {
  /** Bytes of the scratch memory. */
  static readonly scratchBytes = ZEROS_BYTES + CACHE_LINE + MAX_ROWS * PANEL_BYTES;
  readonly #memory: WebAssembly.Memory;
  readonly #tiles: readonly Tile[];
  readonly #zeros: number;

  private constructor(memory: WebAssembly.Memory, tiles: readonly Tile[], scratch: number) {
    this.#memory = memory;
    this.#tiles = tiles;
    this.#zeros = scratch;
    new Uint8Array(memory.buffer, scratch, ZEROS_BYTES).fill(0);
  }

  /**
   * Compiles the tiles, at once.
   * @param memory not shared, with a maximum of at most 4 GiB.
   * @param scratch the address of {@link scratchBytes} of it, a multiple of 4.
   * @returns null where the engine does not have the variant or forbids to compile now, and over a memory of another kind.
   */
  static over(memory: WebAssembly.Memory, scratch: number, variant: Variant): PanelProducts | null {
    const bytes = decodeModule(variant === "relaxed-simd" ? RELAXED_TILES : SIMD128_TILES);
    if (!WebAssembly.validate(bytes)) {
      return null;
    }
    try {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
      const tiles = Array.from({ length: TILE }, (_, index) => exports[`tile${index + 1}`] as unknown as Tile);
      return new PanelProducts(memory, tiles, scratch);
    } catch (error) {
      // Older browsers compile no more than 4 KB at once, which is a RangeError; a content security policy may forbid it.
      const { CompileError, LinkError } = WebAssembly;
      if (error instanceof RangeError || error instanceof CompileError || error instanceof LinkError) {
        return null;
      }
      throw error;
    }
  }

  /** Bytes of packed weights. */
  static packedBytes(depth: number, columns: number): number {
    return Math.ceil(columns / PANEL) * PANEL_BYTES * depth;
  }

  /** Packs weights `[depth, columns]`. */
  pack(weights: number, depth: number, columns: number, packed: number): void {
    const from = new Float32Array(this.#memory.buffer, weights, depth * columns);
    const to = new Float32Array(this.#memory.buffer, packed, Math.ceil(columns / PANEL) * PANEL * depth);
    let at = 0;
    for (let first = 0; first < columns; first += PANEL) {
      const width = Math.min(PANEL, columns - first);
      for (let row = first; row < depth * columns; row += columns) {
        for (let lane = 0; lane < PANEL; lane++) {
          to[at++] = lane < width ? from[row + lane]! : 0;
        }
      }
    }
  }

  /** `output = input · weights + bias`. */
  multiply(product: PanelProduct): void {
    const { input, rows, depth, bias, columns, output } = product;
    const whole = Math.floor(columns / PANEL) * PANEL;
    const edgeBias = this.#zeros + ZEROS_BYTES;
    const floats = new Float32Array(this.#memory.buffer);
    if (whole < columns) {
      floats.copyWithin(edgeBias / 4, bias / 4 + whole, bias / 4 + columns);
    }
    const depthStep = Math.ceil(depth / Math.ceil(depth / DEPTH_BLOCK));
    const block = rowBlock(rows, depthStep * 4);
    for (let first = 0; first < rows; first += block) {
      const count = Math.min(block, rows - first);
      const part = { ...product, rows: count, input: input + first * depth * 4, output: output + first * columns * 4 };
      for (let step = 0; step < depth; step += depthStep) {
        this.#multiplyBlock(part, step, Math.min(depthStep, depth - step));
      }
      if (whole < columns) {
        const edge = (edgeBias + CACHE_LINE) / 4;
        for (let row = 0; row < count; row++) {
          const from = edge + row * PANEL;
          floats.copyWithin(part.output / 4 + row * columns + whole, from, from + columns - whole);
        }
      }
    }
  }

  /** All panels against a block of rows, as `multiplyPanels` (assembly/product.ts) has it. */
  #multiplyBlock(
    { input, rows, depth, packed, bias, columns, output }: PanelProduct,
    step: number,
    length: number,
  ): void {
    const count = Math.ceil(rows / TILE);
    const height = Math.floor(rows / count);
    const taller = rows % count;
    const panels = Math.ceil(columns / PANEL);
    const stride = depth * 4;
    const done = taller * (height + 1);
    const edgeBias = this.#zeros + ZEROS_BYTES;
    for (let panel = 0; panel < panels; panel++) {
      const incomplete = (panel + 1) * PANEL > columns;
      const weights = packed + (panel * depth + step) * PANEL_BYTES;
      const start = step > 0 ? this.#zeros : incomplete ? edgeBias : bias + panel * PANEL_BYTES;
      const to = incomplete ? edgeBias + CACHE_LINE : output + panel * PANEL_BYTES;
      const toStride = incomplete ? PANEL_BYTES : columns * 4;
      const more = panel + 1 < panels ? 1 : 0;
      const aheadStep = more * Math.floor(PANEL_BYTES / count);
      const ahead = weights + more * depth * PANEL_BYTES;
      const run = (tall: number, firstRow: number, tiles: number, next: number) =>
        this.#tiles[tall - 1]!(
          input + firstRow * stride + step * 4,
          stride,
          weights,
          length,
          start,
          to + firstRow * toStride,
          toStride,
          tiles,
          step,
          next,
          aheadStep,
        );
      if (taller > 0) {
        run(height + 1, 0, taller, ahead);
      }
      run(height, done, count - taller, ahead + taller * length * aheadStep);
    }
  }
}
