import type { Matrix, PackedWeights } from "../backend.js";
import { ReferenceGradients } from "../reference/gradients.js";
import { eachScattered } from "../reference/row-gradients.js";
import type { WasmStorage } from "./memory.js";
import { PANEL, type PanelWeights } from "./product.js";
import { multiplyTokens, multiplyTransposed, type ProductContext, type Rows } from "./product-gradients.js";

/** Where a matrix lies in the linear memory. */
function located({ storage, offset, rows, columns, stride }: Matrix): Rows {
  return { pointer: (storage as WasmStorage).pointer + offset * 4, stride: stride * 4, rows, columns };
}

/** Gradient kernels over panels of packed weights. */
export class WasmGradients extends ReferenceGradients {
  readonly #context: () => ProductContext;

  constructor(context: () => ProductContext) {
    super();
    this.#context = context;
  }

  override linearInputGradient(outputGradient: Matrix, weights: PackedWeights, gradient: Matrix): void {
    multiplyTransposed(this.#context(), located(outputGradient), weights as PanelWeights, located(gradient));
  }

  override linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: PackedWeights): void {
    multiplyTokens(this.#context(), located(input), located(outputGradient), gradient as PanelWeights);
  }

  override scatterPackedRows(outputGradient: Matrix, indices: Matrix, skip: number, gradient: PackedWeights): void {
    const dy = outputGradient.storage.float32();
    const values = (gradient as PanelWeights).storage.float32();
    const { columns } = gradient;
    eachScattered(outputGradient.rows, indices, skip, (row, index) => {
      const from = outputGradient.offset + row * outputGradient.stride;
      const to = Math.floor(index / PANEL) * PANEL * columns + (index % PANEL);
      for (let column = 0; column < columns; column++) {
        values[to + column * PANEL]! += dy[from + column]!;
      }
    });
  }

  /** Whole panels lie in one piece; of others, lanes side by side. */
  override packedElements(weights: PackedWeights, firstRow: number, rows: number): Matrix[] {
    const { storage, columns } = weights as PanelWeights;
    const parts: Matrix[] = [];
    const end = firstRow + rows;
    for (let row = firstRow; row < end; ) {
      const lane = row % PANEL;
      const panels = lane === 0 ? Math.floor((end - row) / PANEL) : 0;
      const lanes = panels > 0 ? PANEL : Math.min(PANEL - lane, end - row);
      const offset = (row - lane) * columns + lane;
      parts.push({ storage, offset, rows: Math.max(1, panels) * columns, columns: lanes, stride: PANEL });
      row += Math.max(1, panels) * lanes;
    }
    return parts;
  }
}
