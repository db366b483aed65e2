import type { GradientRule, Recording } from "../autograd/tape.js";
import type { Tensor } from "../tensor.js";

/** Of a mean over elements: `dx[i] += outputGradient / n * derivative(x[i], y[i])`; few elements, so in plain TypeScript. */
export function elementGradient(
  tape: Recording,
  input: Tensor<"float32">,
  targets: Tensor<"float32">,
  derivative: (x: number, y: number) => number,
): GradientRule {
  const gradient = tape.tensor(input);
  if (gradient === null) {
    return () => undefined;
  }
  const [from, wanted] = [tape.save(input), tape.save(targets)];
  return (outputGradient) => {
    const factor = outputGradient.storage.float32()[outputGradient.offset]! / from.size;
    const to = gradient();
    const into = to.storage.float32();
    const x = from.data;
    const y = wanted.data;
    for (let i = 0; i < x.length; i++) {
      const row = Math.floor(i / to.columns);
      into[to.offset + row * to.stride + (i - row * to.columns)]! += factor * derivative(x[i]!, y[i]!);
    }
  };
}
