import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import type { Sequences } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { expectTokens } from "./sequences.js";

/**
 * Span-based dynamic convolution (ConvBERT paper, section 3.2): token `t` and head `h` weigh the neighbouring values
 * with a kernel of their own, `y[t, h, d] = Σ_j k[t, h, j] x[t + j - taps/2, h, d]`, zero outside the sequence.
 * Values and result `[..., heads * size]`, kernels `[..., heads * taps]`, softmaxed over the taps. The reference
 * unfolds the values first; here they are read in place.
 */
export function dynamicConvolution(
  values: Tensor,
  kernels: Tensor,
  heads: number,
  sequences: Sequences,
): Recorded<Tensor<"float32">> {
  const x = expectDType("dynamicConvolution", values, "float32");
  const k = expectDType("dynamicConvolution", kernels, "float32");
  expectTokens("dynamicConvolution", x, sequences);
  expectTokens("dynamicConvolution", k, sequences);
  if (x.extent(-1) % heads !== 0) {
    throw new ShapeError("dynamicConvolution", `values of ${heads} heads of equal size`, x.shape);
  }
  if (k.extent(-1) % heads !== 0 || (k.extent(-1) / heads) % 2 === 0) {
    throw new ShapeError("dynamicConvolution", `kernels of ${heads} heads with an odd number of taps`, k.shape);
  }
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.dynamicConvolution(x.matrix(), k.matrix(), heads, sequences, output.matrix());
  return differentiable(output, (tape) => {
    const valuesGradient = tape.tensor(x);
    const kernelsGradient = tape.tensor(k);
    const from = tape.save(x);
    const taps = tape.save(k);
    return (outputGradient) =>
      gradientsOf(x.backend).dynamicConvolutionGradient(
        from.matrix(),
        taps.matrix(),
        heads,
        sequences,
        outputGradient,
        valuesGradient?.() ?? null,
        kernelsGradient?.() ?? null,
      );
  });
}
