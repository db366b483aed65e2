import type { Matrix, PackedWeights } from "../backend.js";
import { ReferenceGradients } from "../reference/gradients.js";
import { linearInputGradient, linearWeightGradient } from "../reference/product-gradients.js";
import { eachScattered } from "../reference/row-gradients.js";
import { PANEL, type PanelWeights } from "./product.js";

/** Gradient kernels over panels of packed weights. */
export class WasmGradients extends ReferenceGradients {
  override linearInputGradient(outputGradient: Matrix, weights: PackedWeights, gradient: Matrix): void {
    linearInputGradient(outputGradient, (weights as PanelWeights).unpack(0, weights.rows), gradient);
  }

  override linearWeightGradient(input: Matrix, outputGradient: Matrix, gradient: PackedWeights): void {
    const weights = gradient as PanelWeights;
    const values = weights.unpack(0, weights.rows);
    linearWeightGradient(input, outputGradient, values);
    weights.pack(0, values);
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
