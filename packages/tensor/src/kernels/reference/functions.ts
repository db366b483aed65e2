import type { ActivationKind } from "../../activations.js";

/** `2/√π ∫₀ˣ exp(-t²) dt` to double precision: a series of positive terms near 0, a continued fraction in the tails. */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 6)) {
    return Number.isNaN(x) ? x : Math.sign(x);
  }
  if (magnitude < 2.5) {
    const square = x * x;
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) {
    fraction = n / 2 / (magnitude + fraction);
  }
  const tail = Math.exp(-magnitude * magnitude) / Math.sqrt(Math.PI) / (magnitude + fraction);
  return Math.sign(x) * (1 - tail);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
const softplus = (x: number): number => (x > 20 ? x : Math.log1p(Math.exp(x)));

/** The definition of every activation (transformers 4.34, `activations.py`). */
export const ACTIVATIONS: Readonly<Record<ActivationKind, (x: number) => number>> = {
  gelu,
  gelu_10: (x) => Math.min(10, Math.max(-10, gelu(x))),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the reference's own constants
  laplace: (x) => 0.5 * (1 + erf((x - 0.707107) / (0.282095 * Math.SQRT2))),
  linear: (x) => x,
  mish: (x) => x * Math.tanh(softplus(x)),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  relu: (x) => Math.max(x, 0),
  relu2: (x) => Math.max(x, 0) ** 2,
  relu6: (x) => Math.min(6, Math.max(x, 0)),
  sigmoid,
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
};
