import type { ActivationKind } from "../../activations.js";
import { erf } from "./functions.js";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const silu = (x: number): number => sigmoid(x) * (1 + x * (1 - sigmoid(x)));
const normal = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const density = (x: number): number => Math.exp(-x * x * 0.5) / Math.sqrt(2 * Math.PI);
const gelu = (x: number): number => normal(x) + x * density(x);

function geluTanh(x: number): number {
  const t = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
  const dz = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * dz;
}

function mish(x: number): number {
  const t = Math.tanh(x > 20 ? x : Math.log1p(Math.exp(x)));
  return t + x * (1 - t * t) * sigmoid(x);
}

/** The derivative of every activation; at kinks what PyTorch takes (0 at the ends of relu and relu6). */
export const DERIVATIVES: Readonly<Record<ActivationKind, (x: number) => number>> = {
  gelu,
  gelu_10: (x) => (x * normal(x) > 10 ? 0 : gelu(x)),
  gelu_tanh: geluTanh,
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the reference's own constants
  laplace: (x) => Math.exp(-(((x - 0.707107) / (0.282095 * Math.SQRT2)) ** 2)) / (0.282095 * Math.sqrt(2 * Math.PI)),
  linear: () => 1,
  mish,
  quick_gelu: (x) => silu(1.702 * x),
  relu: (x) => (x <= 0 ? 0 : 1),
  relu2: (x) => 2 * Math.max(x, 0),
  relu6: (x) => (x <= 0 || x >= 6 ? 0 : 1),
  sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  silu,
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};
