import { differentiable, type Recorded } from "../autograd/tape.js";
import { ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/** Mean over the tokens of each sequence: `[batch, length, size]` to `[batch, size]` (`x.mean(dim=1)`). */
export function sequenceMean(input: Tensor): Recorded<Tensor<"float32">> {
  const x = expectDType("sequenceMean", input, "float32");
  if (x.shape.length !== 3) {
    throw new ShapeError("sequenceMean", "[batch, length, size]", x.shape);
  }
  const [batch, length, size] = x.shape as [number, number, number];
  const output = Tensor.allocate(x.backend, [batch, size]);
  const from = x.data;
  const to = output.data;
  for (let row = 0; row < batch; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let token = 0; token < length; token++) {
        sum += from[(row * length + token) * size + column]!;
      }
      to[row * size + column] = sum / length;
    }
  }
  return differentiable(output, (tape) => {
    const target = tape.tensor(x);
    return (upstream) => {
      const gradient = target?.();
      for (let row = 0; gradient && row < batch; row++) {
        const one = { ...upstream, offset: upstream.offset + row * upstream.stride, rows: 1 };
        const rows = { ...gradient, offset: gradient.offset + row * length * gradient.stride, rows: length };
        x.backend.gradients.accumulate(one, 1 / length, rows);
      }
    };
  });
}
