import { IndexError, ShapeError } from "../errors.js";
import { expectDType, Tensor } from "../tensor.js";

/**
 * Mean of `log(sum(exp(x))) - x[target]` over the rows whose target is not `ignoreIndex`; NaN when all are ignored
 * (`torch.nn.CrossEntropyLoss`). Logits `[..., classes]`, int32 targets `[...]`, result a scalar. The sum over rows
 * is taken in double precision.
 */
export function crossEntropy(logits: Tensor, targets: Tensor, ignoreIndex = -100): Tensor<"float32"> {
  const x = expectDType("crossEntropy", logits, "float32");
  const target = expectDType("crossEntropy", targets, "int32");
  const classes = x.extent(-1);
  if (x.size !== target.size * classes) {
    throw new ShapeError("crossEntropy", `one target for each row of logits [${x.shape.join(", ")}]`, target.shape);
  }
  const output = Tensor.allocate(x.backend, []);
  const sums = Tensor.allocate(x.backend, [target.size, 1]);
  x.backend.logSumExp(x.matrix(), sums.matrix());
  const { offset, stride } = x.matrix();
  const values = x.array.data;
  const logSums = sums.data;
  let total = 0;
  let counted = 0;
  for (const [row, index] of target.data.entries()) {
    if (index === ignoreIndex) {
      continue;
    }
    if (index < 0 || index >= classes) {
      sums.dispose();
      throw new IndexError("crossEntropy", "label", index, classes, `use ${ignoreIndex} to ignore a position`);
    }
    total += logSums[row]! - values[offset + row * stride + index]!;
    counted++;
  }
  sums.dispose();
  output.data[0] = total / counted;
  return output;
}
