export type OptimizerName = "adamw" | "adam" | "sgd" | "adafactor";

/** A running mean, in the shape that it is saved in. */
export interface StateTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly read: () => Float32Array;
}

/** Changes parameters by their gradients, and keeps what it needs from one step to the next. */
export interface ParameterOptimizer extends Disposable {
  readonly name: OptimizerName;
  /** Steps taken. */
  stepsTaken: number;
  /** Euclidean length of all gradients together. */
  gradientNorm(): number;
  /** Updates every parameter; the gradients count times `gradientScale`. */
  step(learningRate: number, gradientScale?: number): void;
  /** Every running mean as a tensor, named `<parameter>.<state>` (`encoder….weight.exp_avg`). */
  state(): Iterable<StateTensor>;
  /** Sets one running mean by its name of {@link state}; false for a name that this optimizer does not have. */
  restore(name: string, values: Float32Array): boolean;
  dispose(): void;
}
