import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
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
  const { backend } = a;
  const output = Tensor.allocate(backend, [a.extent(0)]);
  backend.reductions.rowDots(a.matrix(), b.matrix(), output.matrix());
  return differentiable(output, (tape) => {
    const [leftGradient, rightGradient] = [tape.tensor(a), tape.tensor(b)];
    const [leftRows, rightRows] = [rightGradient && tape.save(a), leftGradient && tape.save(b)];
    return (outputGradient) => {
      const { reductions } = gradientsOf(backend);
      if (leftGradient && rightRows) {
        reductions.rowDotsGradient(rightRows.matrix(), outputGradient, leftGradient());
      }
      if (rightGradient && leftRows) {
        reductions.rowDotsGradient(leftRows.matrix(), outputGradient, rightGradient());
      }
    };
  });
}
