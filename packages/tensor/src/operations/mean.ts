import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../gradient-kernels.js";
import { expectDType, Tensor } from "../tensor.js";

/** Mean of all elements (`torch.mean`), a scalar; summed in double precision. NaN for none. */
export function mean(input: Tensor): Recorded<Tensor<"float32">> {
  const x = expectDType("mean", input, "float32");
  const { rows, columns, offset, stride } = x.matrix();
  const from = x.array.data;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) sum += from[offset + row * stride + column]!;
  }
  const output = Tensor.from(x.backend, [sum / x.size], []);
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    return (outputGradient) => {
      if (!gradient) return;
      const factor = outputGradient.storage.float32()[outputGradient.offset]! / x.size;
      const constant = Tensor.from(x.backend, new Float32Array(columns).fill(factor), [1, columns]);
      gradientsOf(x.backend).accumulate(constant.matrix(), 1, gradient());
      constant.dispose();
    };
  });
}
