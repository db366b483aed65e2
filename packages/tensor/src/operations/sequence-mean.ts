import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import type { Matrix, Sequences } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { expectTokens } from "./sequences.js";

/** Mean over the tokens of each sequence: `[tokens, size]` to `[sequences, size]` (`x.mean(dim=1)` of a padded batch). */
export function sequenceMean(input: Tensor, sequences: Sequences): Recorded<Tensor<"float32">> {
  const x = expectDType("sequenceMean", input, "float32");
  expectTokens("sequenceMean", x, sequences);
  const { offsets } = sequences;
  const count = offsets.length - 1;
  const output = Tensor.allocate(x.backend, [count, x.extent(-1)]);
  x.backend.reductions.sequenceMean(x.matrix(), sequences, output.matrix());
  return differentiable(output, (tape) => {
    const target = tape.tensor(x);
    return (outputGradient) => {
      const gradient = target?.();
      for (let sequence = 0; gradient && sequence < count; sequence++) {
        const length = offsets[sequence + 1]! - offsets[sequence]!;
        gradientsOf(x.backend).accumulate(
          rowsOf(outputGradient, sequence, 1),
          1 / length,
          rowsOf(gradient, offsets[sequence]!, length),
        );
      }
    };
  });
}

function rowsOf(matrix: Matrix, first: number, rows: number): Matrix {
  return { ...matrix, offset: matrix.offset + first * matrix.stride, rows };
}
