import type { BinaryKind } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

function binary(kind: BinaryKind, left: Tensor, right: Tensor): Tensor<"float32"> {
  const a = expectDType(kind, left, "float32");
  const b = expectDType(kind, right, "float32");
  const isRow = b.size === b.shape.at(-1) && b.extent(-1) === a.extent(-1);
  if (!isRow && (a.shape.length !== b.shape.length || a.shape.some((extent, axis) => extent !== b.shape[axis]))) {
    throw new ShapeError(kind, `shape [${a.shape.join(", ")}] or one row of it on the right`, b.shape);
  }
  const output = Tensor.allocate(a.backend, a.shape);
  a.backend.binary(kind, a.matrix(), b.matrix(), output.matrix());
  return output;
}

/** `left + right`, element by element; a right side of one row is added to every row. */
export function add(left: Tensor, right: Tensor): Tensor<"float32"> {
  return binary("add", left, right);
}

/** `left - right`, element by element; a right side of one row is subtracted from every row. */
export function subtract(left: Tensor, right: Tensor): Tensor<"float32"> {
  return binary("subtract", left, right);
}

/** `left * right`, element by element; a right side of one row multiplies every row. */
export function multiply(left: Tensor, right: Tensor): Tensor<"float32"> {
  return binary("multiply", left, right);
}
