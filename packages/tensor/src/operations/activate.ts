import type { ActivationKind } from "../activations.js";
import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { expectDType, Tensor } from "../tensor.js";

/** An activation function of every element; shape kept (the reference's `ACT2FN`). */
export function activate(input: Tensor, kind: ActivationKind): Recorded<Tensor<"float32">> {
  const x = expectDType("activate", input, "float32");
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.activate(kind, x.matrix(), output.matrix());
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const from = gradient && tape.save(x);
    return (outputGradient) => {
      if (gradient && from) {
        gradientsOf(x.backend).activateGradient(kind, from.matrix(), outputGradient, gradient.fresh());
      }
    };
  });
}
