import { differentiable, flatRow, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError, TensorError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/** A kernel's mean over all elements of a loss of inputs and targets, as many of one as of the other. */
export function elementLoss(
  operation: string,
  kernel: "squaredError" | "binaryCrossEntropy",
  input: Tensor,
  targets: Tensor,
): Recorded<Tensor<"float32">> {
  const x = expectDType(operation, input, "float32");
  const y = expectDType(operation, targets, "float32");
  if (x.size !== y.size) {
    throw new ShapeError(operation, `targets of shape [${input.shape.join(", ")}]`, targets.shape);
  }
  if (!x.contiguous || !y.contiguous) {
    throw new TensorError(operation, "a view that is not contiguous; copy it first");
  }
  const { backend } = x;
  const output = Tensor.allocate(backend, []);
  backend.reductions[kernel](flatRow(x.matrix()), flatRow(y.matrix()), output.matrix());
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const [savedInput, savedTargets] = [gradient && tape.save(x), gradient && tape.save(y)];
    return (outputGradient) => {
      if (gradient && savedInput && savedTargets) {
        const [from, wanted] = [flatRow(savedInput.matrix()), flatRow(savedTargets.matrix())];
        gradientsOf(backend).reductions[`${kernel}Gradient`](from, wanted, outputGradient, flatRow(gradient()));
      }
    };
  });
}
