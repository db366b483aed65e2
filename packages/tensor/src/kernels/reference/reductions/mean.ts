import type { GradientKernels } from "../../../gradient-kernels.js";
import type { Matrix } from "../../../operands.js";
import { numberIn, setNumber, type Workspace, withMatrix } from "./scratch.js";

export function mean({ storage, offset, rows, columns, stride }: Matrix, output: Matrix): void {
  const x = storage.float32();
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      sum += x[offset + row * stride + column]!;
    }
  }
  setNumber(output, sum / (rows * columns));
}

export function meanGradient(
  workspace: Workspace,
  gradients: GradientKernels,
  outputGradient: Matrix,
  gradient: Matrix,
): void {
  const { rows, columns } = gradient;
  const share = numberIn(outputGradient) / (rows * columns);
  withMatrix(workspace, new Float32Array(columns).fill(share), columns, (row) =>
    gradients.accumulate(row, 1, gradient),
  );
}
