import { differentiable, type Recorded } from "../autograd/tape.js";
import { ShapeError } from "../errors.js";
import { gradientsOf } from "../gradient-kernels.js";
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
  const packed = backend.createPacked(m, size);
  backend.packRows(packed, 0, b.toArray().data);
  backend.linear(a.matrix(), packed, null, "linear", output.matrix());
  backend.releasePacked(packed);
  return differentiable(output, (tape) => {
    const [leftGradient, rightGradient] = [tape.tensor(a), tape.tensor(b)];
    const [leftRows, rightRows] = [rightGradient && tape.save(a), leftGradient && tape.save(b)];
    return (outputGradient) => {
      if (leftGradient && rightRows) {
        const weights = backend.createPacked(m, size);
        backend.packRows(weights, 0, rightRows.toArray().data);
        gradientsOf(backend).linearInputGradient(outputGradient, weights, leftGradient.fresh());
        backend.releasePacked(weights);
      }
      if (rightGradient && leftRows) {
        const sums = backend.createPacked(m, size);
        for (const elements of gradientsOf(backend).packedElements(sums, 0, m)) gradientsOf(backend).fill(elements, 0);
        gradientsOf(backend).linearWeightGradient(leftRows.matrix(), outputGradient, sums);
        const values = Tensor.from(backend, backend.unpackRows(sums, 0, m), [m, size]);
        backend.releasePacked(sums);
        gradientsOf(backend).accumulate(values.matrix(), 1, rightGradient.fresh());
        values.dispose();
      }
    };
  });
}
