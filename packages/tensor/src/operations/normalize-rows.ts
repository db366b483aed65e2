import { differentiable, type Recorded } from "../autograd/tape.js";
import { expectDType, Tensor } from "../tensor.js";

/** Shorter rows are divided by this, as in the reference: a row of zeros stays one. */
const LEAST = 1e-12;

/**
 * Rows of length 1: `y = x / max(|x|, 1e-12)`, over the last axis (`torch.nn.functional.normalize`). Rows are few, one for
 * each sequence, so they are computed here and not in a kernel; lengths are taken in double precision.
 */
export function normalizeRows(input: Tensor): Recorded<Tensor<"float32">> {
  const x = expectDType("normalizeRows", input, "float32");
  const size = x.extent(-1);
  const output = Tensor.allocate(x.backend, x.shape);
  const { rows, offset, stride } = x.matrix();
  const from = x.array.data;
  const to = output.data;
  const lengths = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = offset + row * stride;
    let squares = 0;
    for (let i = 0; i < size; i++) squares += from[start + i]! ** 2;
    const length = Math.sqrt(squares);
    lengths[row] = length;
    for (let i = 0; i < size; i++) to[row * size + i] = from[start + i]! / Math.max(length, LEAST);
  }
  return differentiable(output, (tape) => {
    const gradient = tape.tensor(x);
    const result = gradient && tape.save(output);
    return (outputGradient) => {
      if (!gradient || !result) return;
      // dx = (dy - y (y · dy)) / |x|; below the least length the divisor is constant.
      const target = gradient();
      const into = target.storage.float32();
      const given = outputGradient.storage.float32();
      const unit = result.data;
      for (let row = 0; row < rows; row++) {
        const at = outputGradient.offset + row * outputGradient.stride;
        const length = lengths[row]!;
        let along = 0;
        if (length > LEAST) for (let i = 0; i < size; i++) along += unit[row * size + i]! * given[at + i]!;
        for (let i = 0; i < size; i++) {
          into[target.offset + row * target.stride + i]! +=
            (given[at + i]! - unit[row * size + i]! * along) / Math.max(length, LEAST);
        }
      }
    };
  });
}
