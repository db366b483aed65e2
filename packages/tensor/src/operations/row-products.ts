import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Dot products of every row of `left` with every row of `right`: `[n, size]`, `[m, size]` to `[n, m]`, `left · rightᵀ`
 * (`torch.mm(left, right.T)`). Of rows of length 1 they are cosines.
 */
export function rowProducts(left: Tensor, right: Tensor): Recorded<Tensor<"float32">> {
  const a = expectDType("rowProducts", left, "float32");
  const b = expectDType("rowProducts", right, "float32");
  const size = a.extent(-1);
  if (a.shape.length !== 2 || b.shape.length !== 2 || b.extent(-1) !== size) {
    throw new ShapeError("rowProducts", `two tables of one width, the left of shape [${a.shape.join(", ")}]`, b.shape);
  }
  const { backend } = a;
  const [n, m] = [a.extent(0), b.extent(0)];
  const output = Tensor.allocate(backend, [n, m]);
  backend.reductions.rowProducts(a.matrix(), b.matrix(), output.matrix());
  return differentiable(output, (tape) => {
    const [leftGradient, rightGradient] = [tape.tensor(a), tape.tensor(b)];
    const [leftRows, rightRows] = [tape.save(a), tape.save(b)];
    return (outputGradient) =>
      gradientsOf(backend).reductions.rowProductsGradient(
        leftRows.matrix(),
        rightRows.matrix(),
        outputGradient,
        leftGradient?.fresh() ?? null,
        rightGradient?.fresh() ?? null,
      );
  });
}
