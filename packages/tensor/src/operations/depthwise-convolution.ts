import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import { ShapeError } from "../errors.js";
import type { Sequences } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { expectTokens } from "./sequences.js";

/**
 * Depthwise convolution along the tokens of each sequence with zero padding, `y[t, c] = Σ_j k[j, c] x[t + j - taps/2, c]`
 * (`torch.nn.Conv1d` with `groups = channels`, `padding = kernel_size // 2`). x and y `[..., channels]`, the kernel
 * `[taps, channels]`: channels last, so that a tap is a row.
 */
export function depthwiseConvolution(input: Tensor, kernel: Tensor, sequences: Sequences): Recorded<Tensor<"float32">> {
  const x = expectDType("depthwiseConvolution", input, "float32");
  const k = expectDType("depthwiseConvolution", kernel, "float32");
  expectTokens("depthwiseConvolution", x, sequences);
  if (k.shape.length !== 2 || k.extent(1) !== x.extent(-1) || k.extent(0) % 2 === 0) {
    throw new ShapeError("depthwiseConvolution", `a kernel [odd taps, ${x.extent(-1)}]`, k.shape);
  }
  const output = Tensor.allocate(x.backend, x.shape);
  x.backend.depthwiseConvolution(x.matrix(), k.matrix(), sequences, output.matrix());
  return differentiable(output, (tape) => {
    const inputGradient = tape.tensor(x);
    const kernelGradient = tape.tensor(k);
    const from = tape.save(x);
    const taps = tape.save(k);
    return (outputGradient) =>
      gradientsOf(x.backend).depthwiseConvolutionGradient(
        from.matrix(),
        taps.matrix(),
        sequences,
        outputGradient,
        inputGradient?.() ?? null,
        kernelGradient?.() ?? null,
      );
  });
}
