import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/** Joins tensors along the last axis; all other axes agree (`torch.cat(..., dim=-1)`). */
export function concatenate(inputs: readonly Tensor[]): Recorded<Tensor<"float32">> {
  const parts = inputs.map((input) => expectDType("concatenate", input, "float32"));
  const first = parts[0];
  if (first === undefined) {
    throw new ShapeError("concatenate", "at least one tensor", []);
  }
  for (const part of parts) {
    if (
      part.shape.length !== first.shape.length ||
      part.shape.slice(0, -1).some((n, axis) => n !== first.shape[axis])
    ) {
      throw new ShapeError("concatenate", `[${first.shape.slice(0, -1).join(", ")}, ...] in every part`, part.shape);
    }
  }
  const widths = parts.map((part) => part.extent(-1));
  const total = widths.reduce((sum, width) => sum + width, 0);
  const output = Tensor.allocate(first.backend, first.shape.with(-1, total));
  const to = output.matrix();
  let offset = to.offset;
  for (const part of parts) {
    const from = part.matrix();
    first.backend.copy(from, { ...to, offset, columns: from.columns });
    offset += from.columns;
  }
  return differentiable(output, (tape) => {
    const targets = parts.map((part) => tape.tensor(part));
    return (outputGradient) => {
      let start = outputGradient.offset;
      for (const [index, part] of parts.entries()) {
        const gradient = targets[index]?.fresh();
        const columns = widths[index]!;
        if (gradient) {
          gradientsOf(part.backend).accumulate({ ...outputGradient, offset: start, columns }, 1, gradient);
        }
        start += columns;
      }
    };
  });
}
