import type { GradientMatrix, Matrix } from "../../operands.js";
import { CACHE_LINE, LAYOUT_ROWS, PANEL, PANEL_BYTES } from "../constants.js";
import { type PanelWeights, type ProductContext, rowBlock } from "./product.js";
import { rowsFrom, rowsOf } from "./rows.js";

/** Rows of the output's gradient that one piece of transposed weights serves as inner dimension; a multiple of 8. */
const FEATURE_BLOCK = 3072;
/** Tokens that one pass over a weight gradient sums: its panels of 32 KB stay in the nearest caches. */
const TOKEN_BLOCK = 1024;
/** Panels of the output's gradient that are laid out together: 8 MB of {@link TOKEN_BLOCK} tokens. */
const PANEL_BLOCK = 256;
/** Bytes between transposed rows beyond their length: rows a power of two apart would share few lines of a cache. */
const APART = CACHE_LINE;

/**
 * `gradient += outputGradient · weights`: panels of the transposed weights, then the forward product's tiles. What a fresh
 * gradient held is nothing.
 */
export function multiplyTransposed(
  { run, memory, scratch }: ProductContext,
  outputGradient: Matrix,
  weights: PanelWeights,
  gradient: GradientMatrix,
): void {
  const { columns } = weights;
  const [from, to] = [rowsOf(outputGradient), rowsOf(gradient)];
  const panels = Math.ceil(columns / PANEL);
  const block = memory.allocate(
    panels * PANEL_BYTES * Math.min(FEATURE_BLOCK, Math.ceil(weights.rows / PANEL) * PANEL),
  );
  for (let feature = 0; feature < weights.rows; feature += FEATURE_BLOCK) {
    const length = Math.min(FEATURE_BLOCK, weights.rows - feature);
    const count = Math.ceil(length / PANEL);
    const packed = weights.storage.address + feature * columns * 4;
    run("transposePanels", { packed, columns, count, target: block.address }, panels, panels * count * 16);
    const rowStep = rowBlock(gradient.rows, length * 4);
    for (let row = 0; row < gradient.rows; row += rowStep) {
      const rows = Math.min(rowStep, gradient.rows - row);
      run(
        "accumulatePanels",
        {
          input: rowsFrom(from, row, feature * 4),
          rows,
          packed: block.address,
          panelStride: count * PANEL * PANEL_BYTES,
          length,
          zeros: scratch.zeros,
          output: rowsFrom(to, row),
          outputStep: PANEL_BYTES,
          edge: scratch.edge,
          columns,
          accumulate: feature > 0 ? 1 : adds(gradient),
        },
        panels,
        panels * rows * length,
      );
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
  input: Matrix,
  outputGradient: Matrix,
  gradient: PanelWeights,
): void {
  const { columns } = gradient;
  const panels = Math.ceil(gradient.rows / PANEL);
  const blocks = Math.max(1, Math.ceil(input.rows / TOKEN_BLOCK));
  const step = Math.ceil(input.rows / blocks / LAYOUT_ROWS) * LAYOUT_ROWS;
  const stride = step * 4 + APART;
  const block = memory.allocate(columns * stride);
  const transposed = { address: block.address, stride };
  const right = memory.allocate(Math.min(panels, PANEL_BLOCK) * step * PANEL_BYTES);
  for (let token = 0; token < input.rows; token += step) {
    const length = Math.min(step, input.rows - token);
    const units = Math.ceil(length / LAYOUT_ROWS);
    const left = rowsFrom(rowsOf(input), token);
    run("transposeRows", { input: left, rows: length, columns, output: transposed }, units, length * columns * 0.5);
    for (let panel = 0; panel < panels; panel += PANEL_BLOCK) {
      const first = panel * PANEL;
      const width = Math.min(PANEL_BLOCK * PANEL, gradient.rows - first);
      const from = rowsFrom(rowsOf(outputGradient), token, first * 4);
      const layout = { input: from, rows: length, columns: width, packed: right.address };
      run("packPanels", layout, units, length * width * 0.5);
      const count = Math.ceil(width / PANEL);
      const rowStep = rowBlock(columns, length * 4);
      for (let row = 0; row < columns; row += rowStep) {
        const rows = Math.min(rowStep, columns - row);
        run(
          "accumulatePanels",
          {
            input: rowsFrom(transposed, row),
            rows,
            packed: right.address,
            panelStride: length * PANEL_BYTES,
            length,
            zeros: scratch.zeros,
            output: { address: gradient.storage.address + (first * columns + row * PANEL) * 4, stride: PANEL_BYTES },
            outputStep: columns * PANEL_BYTES,
            edge: scratch.edge,
            columns: count * PANEL,
            accumulate: 1,
          },
          count,
          count * rows * length,
        );
      }
    }
  }
  memory.release(block);
  memory.release(right);
}

/** Whether a kernel adds to what a gradient holds. */
export function adds(gradient: GradientMatrix | null): 0 | 1 {
  return gradient?.isFresh ? 0 : 1;
}
