import { differentiable, type Recorded } from "../autograd/tape.js";
import { ShapeError } from "../errors.js";
import { gradientsOf } from "../gradient-kernels.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Dot product of each row of `left` with the same row of `right`: `[n, size]`, `[n, size]` to `[n]`
 * (`(left * right).sum(-1)`). Sums are taken in double precision.
 */
export function rowDots(left: Tensor, right: Tensor): Recorded<Tensor<"float32">> {
  const a = expectDType("rowDots", left, "float32");
  const b = expectDType("rowDots", right, "float32");
  if (a.shape.length !== 2 || a.shape.join() !== b.shape.join()) {
    throw new ShapeError("rowDots", `two tables of one shape, the left of [${a.shape.join(", ")}]`, b.shape);
  }
  const [rows, size] = a.shape as [number, number];
  const output = Tensor.allocate(a.backend, [rows]);
  const [x, y] = [a.matrix(), b.matrix()];
  const [from, other, to] = [a.array.data, b.array.data, output.data];
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += from[x.offset + row * x.stride + i]! * other[y.offset + row * y.stride + i]!;
    to[row] = sum;
  }
  return differentiable(output, (tape) => {
    const [leftGradient, rightGradient] = [tape.tensor(a), tape.tensor(b)];
    const [leftRows, rightRows] = [rightGradient && tape.save(a), leftGradient && tape.save(b)];
    return (outputGradient) => {
      // A gradient of one number a row: the rows of the other side, each times it.
      const factors = outputGradient.storage.float32().slice(outputGradient.offset, outputGradient.offset + rows);
      const spread = Float32Array.from({ length: rows * size }, (_, i) => factors[Math.floor(i / size)]!);
      const wide = Tensor.from(a.backend, spread, [rows, size]);
      if (leftGradient && rightRows) {
        gradientsOf(a.backend).accumulateProduct(rightRows.matrix(), wide.matrix(), leftGradient());
      }
      if (rightGradient && leftRows) {
        gradientsOf(a.backend).accumulateProduct(leftRows.matrix(), wide.matrix(), rightGradient());
      }
      wide.dispose();
    };
  });
}
