import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import type { Sequences } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { expectTokens } from "./sequences.js";

/**
 * Largest value of each column over the tokens of each sequence: `[tokens, size]` to `[sequences, size]`
 * (`x.max(dim=1)`). Of equals the first gets the gradient. Throws ShapeError for a sequence without tokens.
 */
export function sequenceMax(input: Tensor, sequences: Sequences): Recorded<Tensor<"float32">> {
  const x = expectDType("sequenceMax", input, "float32");
  expectTokens("sequenceMax", x, sequences);
  const { offsets } = sequences;
  const empty = offsets.findIndex((offset, sequence) => offset === offsets[sequence + 1]);
  if (empty >= 0) {
    throw new ShapeError("sequenceMax", `a token in sequence ${empty}`, x.shape);
  }
  const shape = [offsets.length - 1, x.extent(-1)];
  const output = Tensor.allocate(x.backend, shape);
  const tokens = Tensor.allocate(x.backend, shape, "int32");
  x.backend.reductions.sequenceMax(x.matrix(), sequences, output.matrix(), tokens.matrix());
  const recorded = differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const which = gradient && tape.save(tokens);
    return (outputGradient) => {
      if (gradient && which) {
        gradientsOf(x.backend).reductions.sequenceMaxGradient(which.matrix(), outputGradient, gradient());
      }
    };
  });
  tokens.dispose();
  return recorded;
}
