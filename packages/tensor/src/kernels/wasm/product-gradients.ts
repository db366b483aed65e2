import type { LinearMemory } from "./memory.js";
import { PANEL, type PanelWeights, type ProductScratch, type RunKernel, rowBlock } from "./product.js";
import type { Rows } from "./rows.js";

const PANEL_BYTES = PANEL * 4;
/** Rows of the output's gradient that one piece of transposed weights serves as inner dimension; a multiple of 8. */
const FEATURE_BLOCK = 3072;
/** Tokens that one pass over a weight gradient sums: its panels of 32 KB stay in the nearest caches. */
const TOKEN_BLOCK = 1024;
/** Panels of the output's gradient that are laid out together: 8 MB of {@link TOKEN_BLOCK} tokens. */
const PANEL_BLOCK = 256;
/** Rows that the layout kernels take at a time, as in assembly/product-gradients.ts. */
const LAYOUT_ROWS = 16;
/** Bytes between transposed rows beyond their length: rows a power of two apart would share few lines of a cache. */
const APART = 64;

/** What the products of training run on. */
export interface ProductContext {
  readonly run: RunKernel;
  readonly memory: LinearMemory;
  readonly scratch: ProductScratch;
}

/**
 * `gradient += outputGradient · weights`: panels of the transposed weights, then the forward product's tiles. With `adds` 0
 * what the gradient held is nothing.
 */
export function multiplyTransposed(
  { run, memory, scratch }: ProductContext,
  outputGradient: Rows,
  weights: PanelWeights,
  gradient: Rows,
  adds: 0 | 1,
): void {
  const { columns } = weights;
  const panels = Math.ceil(columns / PANEL);
  const block = memory.allocate(
    panels * PANEL_BYTES * Math.min(FEATURE_BLOCK, Math.ceil(weights.rows / PANEL) * PANEL),
  );
  for (let feature = 0; feature < weights.rows; feature += FEATURE_BLOCK) {
    const length = Math.min(FEATURE_BLOCK, weights.rows - feature);
    const count = Math.ceil(length / PANEL);
    const packed = weights.storage.pointer + feature * columns * 4;
    run("transposePanels", [packed, columns, count, block.pointer], panels, panels * count * 16);
    const rowStep = rowBlock(gradient.rows, length * 4);
    for (let row = 0; row < gradient.rows; row += rowStep) {
      const rows = Math.min(rowStep, gradient.rows - row);
      const args = [
        outputGradient.pointer + row * outputGradient.stride + feature * 4,
        outputGradient.stride,
        rows,
        block.pointer,
        count * PANEL * PANEL_BYTES,
        length,
        scratch.zeros,
        gradient.pointer + row * gradient.stride,
        gradient.stride,
        PANEL_BYTES,
        scratch.edge,
        columns,
        feature > 0 ? 1 : adds,
      ];
      run("accumulatePanels", args, panels, panels * rows * length);
    }
  }
  memory.release(block);
}

/**
 * `gradient += outputGradientᵀ · input`: the input transposed is the tiles' left side, panels of the output's gradient
 * the right side, and the tiles' result has the layout of packed weights already.
 */
export function multiplyTokens(
  { run, memory, scratch }: ProductContext,
  input: Rows,
  outputGradient: Rows,
  gradient: PanelWeights,
): void {
  const { columns } = gradient;
  const panels = Math.ceil(gradient.rows / PANEL);
  const blocks = Math.max(1, Math.ceil(input.rows / TOKEN_BLOCK));
  const step = Math.ceil(input.rows / blocks / LAYOUT_ROWS) * LAYOUT_ROWS;
  const transposedStride = step * 4 + APART;
  const transposed = memory.allocate(columns * transposedStride);
  const right = memory.allocate(Math.min(panels, PANEL_BLOCK) * step * PANEL_BYTES);
  for (let token = 0; token < input.rows; token += step) {
    const length = Math.min(step, input.rows - token);
    const units = Math.ceil(length / LAYOUT_ROWS);
    const left = [input.pointer + token * input.stride, input.stride, length, columns];
    run("transposeRows", [...left, transposed.pointer, transposedStride], units, length * columns * 0.5);
    for (let panel = 0; panel < panels; panel += PANEL_BLOCK) {
      const first = panel * PANEL;
      const width = Math.min(PANEL_BLOCK * PANEL, gradient.rows - first);
      const from = outputGradient.pointer + token * outputGradient.stride + first * 4;
      run("packPanels", [from, outputGradient.stride, length, width, right.pointer], units, length * width * 0.5);
      const count = Math.ceil(width / PANEL);
      const rowStep = rowBlock(columns, length * 4);
      for (let row = 0; row < columns; row += rowStep) {
        const rows = Math.min(rowStep, columns - row);
        const args = [
          transposed.pointer + row * transposedStride,
          transposedStride,
          rows,
          right.pointer,
          length * PANEL_BYTES,
          length,
          scratch.zeros,
          gradient.storage.pointer + (first * columns + row * PANEL) * 4,
          PANEL_BYTES,
          columns * PANEL_BYTES,
          scratch.edge,
          count * PANEL,
          1,
        ];
        run("accumulatePanels", args, count, count * rows * length);
      }
    }
  }
  memory.release(transposed);
  memory.release(right);
}
