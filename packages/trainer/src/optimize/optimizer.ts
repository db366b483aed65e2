import { ParameterBuffers } from "@convbert/nn";
import type { Backend, Matrix } from "@convbert/tensor";
import { gradientsOf } from "@convbert/tensor/internal";
import { TrainerOptionError } from "../option-error.js";
import type { AdafactorOptions } from "./adafactor.js";
import { gradientLength } from "./gradient-length.js";
import type { TrainedParameter } from "./groups.js";
import type { OptimizerName, ParameterOptimizer, StateTensor } from "./parameter-optimizer.js";

export interface OptimizerOptions {
  /** Default "adamw" ("Decoupled Weight Decay Regularization", Loshchilov and Hutter 2019). */
  readonly optimizer?: OptimizerName;
  /** Adam's decay rates of the running means; default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Adam's; default 1e-8. */
  readonly epsilon?: number;
  /** SGD's; default 0. */
  readonly momentum?: number;
  /** SGD's; default false. */
  readonly nesterov?: boolean;
  /** Adafactor's. */
  readonly adafactor?: AdafactorOptions | undefined;
}

type TorchName = Exclude<OptimizerName, "adafactor">;

/** One parameter's matrices: values, gradients, and the running means that the optimizer keeps. */
interface Moments {
  readonly settings: TrainedParameter;
  readonly values: readonly Matrix[];
  readonly gradients: readonly Matrix[];
  readonly means: readonly (readonly Matrix[])[];
}

/** Names of the running means in a checkpoint, as `torch.optim` has them in its state. */
const STATES: Readonly<Record<TorchName, readonly string[]>> = {
  adamw: ["exp_avg", "exp_avg_sq"],
  adam: ["exp_avg", "exp_avg_sq"],
  sgd: ["momentum_buffer"],
};

function isTorchs(name: OptimizerName): name is TorchName {
  return Object.hasOwn(STATES, name);
}

/**
 * Adam, AdamW and SGD as `torch.optim` computes them, in place in the model's memory. Running means lie in the kernels'
 * layout and are read and written by parameter name, so that a run can be saved and resumed.
 */
export class Optimizer implements ParameterOptimizer {
  readonly name: TorchName;
  /** Steps taken. */
  stepsTaken = 0;
  readonly #backend: Backend;
  readonly #options: Required<Omit<OptimizerOptions, "optimizer" | "adafactor">>;
  readonly #means: readonly ParameterBuffers[];
  readonly #moments: readonly Moments[];
  readonly #parameters: readonly TrainedParameter[];

  /** `gradients` are those that the steps use. Throws TrainerOptionError for options out of range. */
  constructor(
    backend: Backend,
    parameters: readonly TrainedParameter[],
    gradients: ParameterBuffers,
    options: OptimizerOptions = {},
  ) {
    const { optimizer = "adamw", betas = [0.9, 0.999], epsilon = 1e-8, momentum = 0, nesterov = false } = options;
    if (!isTorchs(optimizer)) {
      throw new TrainerOptionError("optimizer", optimizer, `choose one of ${Object.keys(STATES).join(", ")}`);
    }
    if (!betas.every((beta) => beta >= 0 && beta < 1)) {
      throw new TrainerOptionError("betas", betas.join(", "), "give two numbers of at least 0 and below 1");
    }
    if (!(epsilon >= 0)) throw new TrainerOptionError("epsilon", epsilon, "give a number of at least 0");
    if (!(momentum >= 0 && momentum < 1)) {
      throw new TrainerOptionError("momentum", momentum, "give a number of at least 0 and below 1");
    }
    this.name = optimizer;
    this.#backend = backend;
    this.#parameters = parameters;
    this.#options = { betas, epsilon, momentum, nesterov };
    const states = optimizer === "sgd" && momentum === 0 ? [] : STATES[optimizer];
    const all = parameters.map(({ parameter }) => parameter);
    this.#means = states.map(() => new ParameterBuffers(backend, all));
    this.#moments = parameters.map((settings) => {
      const { name, slot } = settings.parameter;
      return {
        settings,
        values: slot.elements(),
        gradients: gradients.slot(name).elements(),
        means: this.#means.map((means) => means.slot(name).elements()),
      };
    });
  }

  gradientNorm(): number {
    return gradientLength(
      this.#backend,
      this.#moments.map(({ gradients }) => gradients),
    );
  }

  step(learningRate: number, gradientScale = 1): void {
    this.stepsTaken++;
    for (const moments of this.#moments) {
      if (this.name === "sgd") {
        this.#descend(moments, learningRate, gradientScale);
      } else {
        this.#adapt(moments, learningRate, gradientScale);
      }
    }
  }

  #adapt({ settings, values, gradients, means }: Moments, rate: number, gradientScale: number): void {
    const { betas, epsilon } = this.#options;
    const learningRate = rate * settings.learningRateScale;
    const decoupled = this.name === "adamw";
    for (const [index, parameter] of values.entries()) {
      gradientsOf(this.#backend).adam({
        parameter,
        gradient: gradients[index]!,
        mean: means[0]![index]!,
        variance: means[1]![index]!,
        gradientScale,
        beta1: betas[0],
        beta2: betas[1],
        epsilon,
        stepSize: learningRate / (1 - betas[0] ** this.stepsTaken),
        varianceCorrection: Math.sqrt(1 - betas[1] ** this.stepsTaken),
        decay: decoupled ? 1 - learningRate * settings.weightDecay : 1,
        l2: decoupled ? 0 : settings.weightDecay,
      });
    }
  }

  /** `g += decay · p`, `m = momentum · m + g`, `p -= rate · m`, or with Nesterov's `g + momentum · m` in place of `m`. */
  #descend({ settings, values, gradients, means }: Moments, rate: number, gradientScale: number): void {
    const { momentum, nesterov } = this.#options;
    const kernels = gradientsOf(this.#backend);
    const learningRate = rate * settings.learningRateScale;
    for (const [index, parameter] of values.entries()) {
      const gradient = gradients[index]!;
      kernels.accumulate(gradient, gradientScale - 1, gradient);
      kernels.accumulate(parameter, settings.weightDecay, gradient);
      const mean = means[0]?.[index];
      if (mean === undefined) {
        kernels.accumulate(gradient, -learningRate, parameter);
        continue;
      }
      kernels.accumulate(mean, momentum - 1, mean);
      kernels.accumulate(gradient, 1, mean);
      if (nesterov) {
        kernels.accumulate(gradient, -learningRate, parameter);
        kernels.accumulate(mean, -learningRate * momentum, parameter);
      } else {
        kernels.accumulate(mean, -learningRate, parameter);
      }
    }
  }

  /** Those of torch's names, each in its parameter's shape. */
  *state(): Generator<StateTensor> {
    for (const { parameter } of this.#parameters) {
      for (const [index, means] of this.#means.entries()) {
        const slot = means.slot(parameter.name);
        yield {
          name: `${parameter.name}.${STATES[this.name][index]!}`,
          shape: parameter.shape,
          read: () => slot.read(),
        };
      }
    }
  }

  restore(name: string, values: Float32Array): boolean {
    const dot = name.lastIndexOf(".");
    const index = STATES[this.name].indexOf(name.slice(dot + 1));
    const parameter = name.slice(0, dot);
    if (index < 0 || index >= this.#means.length || !this.#parameters.some((one) => one.parameter.name === parameter)) {
      return false;
    }
    this.#means[index]!.slot(parameter).write(0, values);
    return true;
  }

  dispose(): void {
    for (const means of this.#means) {
      means.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
