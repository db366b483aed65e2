import { ConfigError } from "@convbert/model";

export type DenseActivation = "identity" | "tanh" | "relu" | "sigmoid";

/** A linear map of a pooled vector with an activation: a `2_Dense` of sentence-transformers. */
export interface SentenceDense {
  readonly inputs: number;
  readonly outputs: number;
  /** `[outputs, inputs]`, row by row. */
  readonly weight: Float32Array;
  /** `[outputs]`; null for none. */
  readonly bias: Float32Array | null;
  readonly activation: DenseActivation;
}

const FUNCTIONS: Readonly<Record<DenseActivation, (x: number) => number>> = {
  identity: (x) => x,
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** The activation that a Dense module's config.json names by its Python class. Throws ConfigError for another. */
export function denseActivationOf(name: unknown, file: string): DenseActivation {
  const kind = String(name ?? "Identity")
    .split(".")
    .at(-1)!
    .toLowerCase();
  if (Object.hasOwn(FUNCTIONS, kind)) return kind as DenseActivation;
  throw new ConfigError(file, `activation_function is none of Identity, Tanh, ReLU and Sigmoid`);
}

/** `activation(weight · vector + bias)`; vectors are few, so on the host, in double precision. Throws ConfigError. */
export function applyDense(vector: Float32Array, dense: SentenceDense): Float32Array {
  const { inputs, outputs, weight, bias, activation } = dense;
  if (vector.length !== inputs) {
    throw new ConfigError(
      "in_features",
      `a Dense module takes ${inputs} numbers; the vector before it has ${vector.length}`,
    );
  }
  const activate = FUNCTIONS[activation];
  return Float32Array.from({ length: outputs }, (_, row) => {
    let sum = bias === null ? 0 : bias[row]!;
    for (let i = 0; i < inputs; i++) sum += weight[row * inputs + i]! * vector[i]!;
    return activate(sum);
  });
}
