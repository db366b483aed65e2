import { differentiable, flatRow, type Recorded } from "../autograd/tape.js";
import type { Backend, BinaryKind } from "../backend.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import type { Matrix } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";

function binary(kind: BinaryKind, left: Tensor, right: Tensor): Recorded<Tensor<"float32">> {
  const a = expectDType(kind, left, "float32");
  const b = expectDType(kind, right, "float32");
  const isRow = b.size === b.shape.at(-1) && b.extent(-1) === a.extent(-1);
  if (!isRow && (a.shape.length !== b.shape.length || a.shape.some((extent, axis) => extent !== b.shape[axis]))) {
    throw new ShapeError(kind, `shape [${a.shape.join(", ")}] or one row of it on the right`, b.shape);
  }
  const output = Tensor.allocate(a.backend, a.shape);
  a.backend.binary(kind, a.matrix(), b.matrix(), output.matrix());
  return differentiable(output, (tape) => {
    const gradients = gradientsOf(a.backend);
    const leftGradient = tape.tensor(a);
    const rightGradient = tape.tensor(b);
    const repeats = b.size !== a.size;
    if (kind !== "multiply") {
      return (outputGradient) => {
        if (leftGradient) {
          gradients.accumulate(outputGradient, 1, leftGradient.fresh());
        }
        if (rightGradient) {
          const sign = kind === "add" ? 1 : -1;
          if (repeats) {
            addRowSums(a.backend, outputGradient, sign, rightGradient());
          } else {
            gradients.accumulate(outputGradient, sign, rightGradient.fresh());
          }
        }
      };
    }
    const left = rightGradient && tape.save(a);
    const right = leftGradient && tape.save(b);
    return (outputGradient) => {
      if (leftGradient && right) {
        gradients.accumulateProduct(outputGradient, right.matrix(), leftGradient());
      }
      if (rightGradient && left) {
        if (repeats) {
          const products = Tensor.allocate(a.backend, left.shape);
          a.backend.binary("multiply", left.matrix(), outputGradient, products.matrix());
          addRowSums(a.backend, products.matrix(), 1, rightGradient());
          products.dispose();
        } else {
          gradients.accumulateProduct(outputGradient, left.matrix(), rightGradient());
        }
      }
    };
  });
}

/** `gradient += sign * Σ rows`, for an operand that was repeated. */
function addRowSums(backend: Backend, rows: Matrix, sign: number, gradient: Matrix): void {
  const sums = Tensor.from(backend, new Float32Array(rows.columns));
  gradientsOf(backend).sumRows(rows, sums.matrix());
  gradientsOf(backend).accumulate(sums.matrix(), sign, flatRow(gradient));
  sums.dispose();
}

/** `left + right`, element by element; a right side of one row is added to every row. */
export function add(left: Tensor, right: Tensor): Recorded<Tensor<"float32">> {
  return binary("add", left, right);
}

/** `left - right`, element by element; a right side of one row is subtracted from every row. */
export function subtract(left: Tensor, right: Tensor): Recorded<Tensor<"float32">> {
  return binary("subtract", left, right);
}

/** `left * right`, element by element; a right side of one row multiplies every row. */
export function multiply(left: Tensor, right: Tensor): Recorded<Tensor<"float32">> {
  return binary("multiply", left, right);
}
