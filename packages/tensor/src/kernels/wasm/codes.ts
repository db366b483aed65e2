import type { ActivationKind } from "../../activations.js";
import type { BinaryKind } from "../../backend.js";
import * as constants from "../constants.js";

/** "linear" is no activation: a copy. */
export const ACTIVATION_CODES: Readonly<Record<ActivationKind, number>> = {
  gelu: constants.GELU,
  gelu_10: constants.GELU_10,
  gelu_tanh: constants.GELU_TANH,
  laplace: constants.LAPLACE,
  linear: constants.NO_ACTIVATION,
  mish: constants.MISH,
  quick_gelu: constants.QUICK_GELU,
  relu: constants.RELU,
  relu2: constants.RELU2,
  relu6: constants.RELU6,
  sigmoid: constants.SIGMOID,
  silu: constants.SILU,
  tanh: constants.TANH,
};

export const BINARY_CODES: Readonly<Record<BinaryKind, number>> = {
  add: constants.ADD,
  subtract: constants.SUBTRACT,
  multiply: constants.MULTIPLY,
};
