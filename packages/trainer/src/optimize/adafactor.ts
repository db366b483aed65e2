import type { ParameterBuffers } from "@convbert/nn";
import type { Backend } from "@convbert/tensor";
import { sizeOf } from "@convbert/tensor/internal";
import { TrainerOptionError } from "../option-error.js";
import { gradientLength } from "./gradient-length.js";
import type { TrainedParameter } from "./groups.js";
import type { ParameterOptimizer, StateTensor } from "./parameter-optimizer.js";

/** How Adafactor scales its steps; the defaults are those with which the reference's `Trainer` uses it. */
export interface AdafactorOptions {
  /** Added to squared gradients, and the least scale of a parameter; default [1e-30, 1e-3]. */
  readonly epsilons?: readonly [number, number];
  /** Updates whose root mean square is larger are scaled down to it; default 1. */
  readonly clipThreshold?: number;
  /** Exponent of the steps in the decay of the running means; default -0.8. */
  readonly decayRate?: number;
  /** Decay of a running mean of the updates; default null, none. */
  readonly beta1?: number | null;
  /** Multiply the rate by the root mean square of the parameter; default false. */
  readonly scaleParameter?: boolean;
  /** Take the rate from the number of steps, whatever the schedule says; default false. */
  readonly relativeStep?: boolean;
  /** With `relativeStep`: begin with very small steps; default false. */
  readonly warmupInit?: boolean;
}

type Settings = Required<AdafactorOptions>;

interface Moments {
  readonly settings: TrainedParameter;
  /** Running means by name, in the order of the checkpoint. */
  readonly means: ReadonlyMap<string, { readonly shape: readonly number[]; readonly values: Float32Array }>;
}

/**
 * Adafactor ("Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", Shazeer and Stern 2018) as
 * `transformers.optimization.Adafactor` computes it: of the squared gradients of a matrix only means of rows and columns
 * are kept. It computes on the host, parameter by parameter, so that its state is the only memory that it takes.
 */
export class Adafactor implements ParameterOptimizer {
  readonly name = "adafactor";
  stepsTaken = 0;
  readonly #backend: Backend;
  readonly #gradients: ParameterBuffers;
  readonly #settings: Settings;
  readonly #moments: readonly Moments[];

  /** `gradients` are those that the steps use. Throws TrainerOptionError for options out of range. */
  constructor(
    backend: Backend,
    parameters: readonly TrainedParameter[],
    gradients: ParameterBuffers,
    options: AdafactorOptions = {},
  ) {
    this.#backend = backend;
    this.#gradients = gradients;
    this.#settings = checkedSettings(options);
    const { beta1 } = this.#settings;
    this.#moments = parameters.map((settings) => {
      const { shape } = settings.parameter;
      const shapes: [string, readonly number[]][] = beta1 === null ? [] : [["exp_avg", shape]];
      if (shape.length >= 2) {
        shapes.push(["exp_avg_sq_row", shape.slice(0, -1)], ["exp_avg_sq_col", [...shape.slice(0, -2), shape.at(-1)!]]);
      } else {
        shapes.push(["exp_avg_sq", shape]);
      }
      const means = shapes.map(([name, of]) => [name, { shape: of, values: new Float32Array(sizeOf(of)) }] as const);
      return { settings, means: new Map(means) };
    });
  }

  gradientNorm(): number {
    return gradientLength(
      this.#backend,
      this.#moments.map(({ settings }) => this.#gradients.slot(settings.parameter.name).elements()),
    );
  }

  step(learningRate: number, gradientScale = 1): void {
    this.stepsTaken++;
    for (const moments of this.#moments) this.#update(moments, learningRate, gradientScale);
  }

  #update({ settings, means }: Moments, learningRate: number, gradientScale: number): void {
    const { clipThreshold, decayRate, beta1, epsilons } = this.#settings;
    const { parameter, weightDecay, learningRateScale } = settings;
    const values = parameter.read();
    const gradient = this.#gradients.slot(parameter.name).read();
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= gradientScale;
    const rate = this.#rateOf(values, learningRate) * learningRateScale;
    const kept = 1 - this.stepsTaken ** decayRate;
    const update =
      parameter.shape.length >= 2
        ? factoredUpdate(gradient, parameter.shape, means, kept, epsilons[0])
        : plainUpdate(gradient, means.get("exp_avg_sq")!.values, kept, epsilons[0]);
    const scale = rate / Math.max(1, rootMeanSquare(update) / clipThreshold);
    for (let i = 0; i < update.length; i++) update[i]! *= scale;
    const mean = means.get("exp_avg")?.values;
    if (mean) for (let i = 0; i < mean.length; i++) mean[i] = beta1! * mean[i]! + (1 - beta1!) * update[i]!;
    const steps = mean ?? update;
    const decay = weightDecay * rate;
    for (let i = 0; i < values.length; i++) values[i] = Math.fround(values[i]! - decay * values[i]!) - steps[i]!;
    parameter.write(0, values);
  }

  #rateOf(values: Float32Array, learningRate: number): number {
    const { relativeStep, warmupInit, scaleParameter, epsilons } = this.#settings;
    const most = warmupInit ? 1e-6 * this.stepsTaken : 1e-2;
    const rate = relativeStep ? Math.min(most, 1 / Math.sqrt(this.stepsTaken)) : learningRate;
    return scaleParameter ? rate * Math.max(epsilons[1], rootMeanSquare(values)) : rate;
  }

  *state(): Generator<StateTensor> {
    for (const { settings, means } of this.#moments) {
      for (const [name, { shape, values }] of means) {
        yield { name: `${settings.parameter.name}.${name}`, shape, read: () => values.slice() };
      }
    }
  }

  restore(name: string, values: Float32Array): boolean {
    const dot = name.lastIndexOf(".");
    const moments = this.#moments.find(({ settings }) => settings.parameter.name === name.slice(0, dot));
    const mean = moments?.means.get(name.slice(dot + 1));
    if (mean === undefined) return false;
    mean.values.set(values);
    return true;
  }

  dispose(): void {}

  [Symbol.dispose](): void {}
}

/** Of vectors: every element has a mean of its own. */
function plainUpdate(gradient: Float32Array, means: Float32Array, kept: number, epsilon: number): Float32Array {
  return gradient.map((value, i) => {
    means[i] = kept * means[i]! + (1 - kept) * (value * value + epsilon);
    return value / Math.sqrt(means[i]!);
  });
}

/** Of matrices, and of each matrix of several: the means are products of those of rows and columns. */
function factoredUpdate(
  gradient: Float32Array,
  shape: readonly number[],
  means: Moments["means"],
  kept: number,
  epsilon: number,
): Float32Array {
  const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
  const size = rows * columns;
  const update = new Float32Array(gradient.length);
  for (let matrix = 0; matrix * size < gradient.length; matrix++) {
    const values = gradient.subarray(matrix * size, (matrix + 1) * size);
    const ofRows = means.get("exp_avg_sq_row")!.values.subarray(matrix * rows, (matrix + 1) * rows);
    const ofColumns = means.get("exp_avg_sq_col")!.values.subarray(matrix * columns, (matrix + 1) * columns);
    const columnSums = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let column = 0; column < columns; column++) {
        const square = values[row * columns + column]! ** 2 + epsilon;
        sum += square;
        columnSums[column]! += square;
      }
      ofRows[row] = kept * ofRows[row]! + ((1 - kept) * sum) / columns;
    }
    for (let column = 0; column < columns; column++) {
      ofColumns[column] = kept * ofColumns[column]! + ((1 - kept) * columnSums[column]!) / rows;
    }
    const meanOfRows = ofRows.reduce((sum, value) => sum + value, 0) / rows;
    const columnFactors = Float64Array.from(ofColumns, (value) => 1 / Math.sqrt(value));
    for (let row = 0; row < rows; row++) {
      const factor = 1 / Math.sqrt(ofRows[row]! / meanOfRows);
      for (let column = 0; column < columns; column++) {
        const at = row * columns + column;
        update[matrix * size + at] = values[at]! * factor * columnFactors[column]!;
      }
    }
  }
  return update;
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}

function checkedSettings(options: AdafactorOptions): Settings {
  const { epsilons = [1e-30, 1e-3], clipThreshold = 1, decayRate = -0.8, beta1 = null } = options;
  const { scaleParameter = false, relativeStep = false, warmupInit = false } = options;
  if (!epsilons.every((epsilon) => epsilon >= 0 && Number.isFinite(epsilon))) {
    throw new TrainerOptionError("adafactor.epsilons", epsilons.join(", "), "give two numbers of at least 0");
  }
  if (!(clipThreshold > 0)) {
    throw new TrainerOptionError("adafactor.clipThreshold", clipThreshold, "give a number above 0");
  }
  if (!(decayRate < 0 && Number.isFinite(decayRate))) {
    throw new TrainerOptionError("adafactor.decayRate", decayRate, "give a number below 0");
  }
  if (beta1 !== null && !(beta1 >= 0 && beta1 < 1)) {
    throw new TrainerOptionError("adafactor.beta1", beta1, "give a number of at least 0 and below 1, or null");
  }
  if (warmupInit && !relativeStep) {
    throw new TrainerOptionError("adafactor.warmupInit", warmupInit, "it needs relativeStep");
  }
  return { epsilons, clipThreshold, decayRate, beta1, scaleParameter, relativeStep, warmupInit };
}
