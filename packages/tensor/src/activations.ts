/**
 * Activation functions under the names of the reference's `ACT2FN` (transformers 4.34, `activations.py`).
 * Several names share one function: `gelu` and `gelu_python` are the erf form, `gelu_pytorch_tanh`, `gelu_new` and
 * `gelu_accurate` the tanh form, `silu` and `swish` the same.
 */
export type ActivationName =
  | "gelu"
  | "gelu_10"
  | "gelu_accurate"
  | "gelu_fast"
  | "gelu_new"
  | "gelu_python"
  | "gelu_pytorch_tanh"
  | "laplace"
  | "linear"
  | "mish"
  | "quick_gelu"
  | "relu"
  | "relu2"
  | "relu6"
  | "sigmoid"
  | "silu"
  | "swish"
  | "tanh";

/** The distinct functions that kernels implement. */
export type ActivationKind =
  | "gelu"
  | "gelu_10"
  | "gelu_tanh"
  | "laplace"
  | "linear"
  | "mish"
  | "quick_gelu"
  | "relu"
  | "relu2"
  | "relu6"
  | "sigmoid"
  | "silu"
  | "tanh";

const KINDS: Readonly<Record<ActivationName, ActivationKind>> = {
  gelu: "gelu",
  gelu_10: "gelu_10",
  gelu_accurate: "gelu_tanh",
  gelu_fast: "gelu_tanh",
  gelu_new: "gelu_tanh",
  gelu_python: "gelu",
  gelu_pytorch_tanh: "gelu_tanh",
  laplace: "laplace",
  linear: "linear",
  mish: "mish",
  quick_gelu: "quick_gelu",
  relu: "relu",
  relu2: "relu2",
  relu6: "relu6",
  sigmoid: "sigmoid",
  silu: "silu",
  swish: "silu",
  tanh: "tanh",
};

/** Every accepted name, sorted. */
export const ACTIVATION_NAMES = Object.keys(KINDS) as readonly ActivationName[];

/** The function behind a name. */
export function activationKind(name: ActivationName): ActivationKind {
  return KINDS[name];
}
