import type { ActivationKind } from "../../activations.js";

/** In the order of assembly/activations.ts; "linear" is a copy and has no code. */
export const ACTIVATION_CODES: Readonly<Record<Exclude<ActivationKind, "linear">, number>> = {
  gelu: 0,
  gelu_10: 1,
  gelu_tanh: 2,
  laplace: 3,
  mish: 4,
  quick_gelu: 5,
  relu: 6,
  relu2: 7,
  relu6: 8,
  sigmoid: 9,
  silu: 10,
  tanh: 11,
};
