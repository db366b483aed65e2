import type { ConvBertPreTrainedModel } from "@convbert/model";
import type { Parameter } from "@convbert/nn";
import { TrainerOptionError } from "../option-error.js";

/** How one parameter is trained. */
export interface TrainedParameter {
  readonly parameter: Parameter;
  /** Multiplies the learning rate. */
  readonly learningRateScale: number;
  readonly weightDecay: number;
}

export interface GroupOptions {
  /** Of all parameters but those of `noDecay`; default 0.01. */
  readonly weightDecay?: number;
  /** Names without weight decay, `*` standing for anything; by default biases and LayerNorm weights, as in the reference. */
  readonly noDecay?: readonly string[];
  /**
   * Layer-wise decay of the learning rate, default 1 (none): with `n` layers the head has the full rate, layer `i` the rate
   * times `layerDecay^(n + 1 - i)` and the embeddings times `layerDecay^(n + 2)`, as the authors' code has it.
   */
  readonly layerDecay?: number;
  /** Names that stay as they are, `*` standing for anything. Nothing is computed below the lowest trained layer. */
  readonly freeze?: readonly string[];
}

const NO_DECAY = ["*bias", "*LayerNorm.weight"];

/**
 * The parameters that are trained, each with its own rate and decay. Throws TrainerOptionError for options out of range, for
 * a pattern that no name matches, and when everything is frozen.
 */
export function trainedParameters(
  model: Pick<ConvBertPreTrainedModel, "parameters" | "config">,
  options: GroupOptions = {},
): TrainedParameter[] {
  const { weightDecay = 0.01, noDecay = NO_DECAY, layerDecay = 1, freeze = [] } = options;
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) {
    throw new TrainerOptionError("weightDecay", weightDecay, "give a number of at least 0");
  }
  if (!(layerDecay > 0 && layerDecay <= 1)) {
    throw new TrainerOptionError("layerDecay", layerDecay, "give a number above 0 and at most 1");
  }
  const parameters = [...model.parameters()].filter(({ tiedTo }) => tiedTo === undefined);
  const frozen = freeze.map((pattern) => {
    const matches = matcher(pattern);
    if (!parameters.some(({ name }) => matches(name))) {
      throw new TrainerOptionError("freeze", pattern, `no parameter is named so; one is ${parameters[0]?.name}`);
    }
    return matches;
  });
  const undecayed = noDecay.map(matcher);
  const layers = model.config.num_hidden_layers;
  const trained = parameters
    .filter(({ name }) => !frozen.some((matches) => matches(name)))
    .map((parameter) => ({
      parameter,
      learningRateScale: layerDecay ** (layers + 2 - depthOf(parameter.name, layers)),
      weightDecay: undecayed.some((matches) => matches(parameter.name)) ? 0 : weightDecay,
    }));
  if (trained.length === 0) {
    throw new TrainerOptionError("freeze", freeze.join(", "), "every parameter is frozen, nothing is left to train");
  }
  return trained;
}

/** Embeddings 0, layers from 1 on, the head above them. */
function depthOf(name: string, layers: number): number {
  const layer = /(?:^|\.)encoder\.layer\.(\d+)\./.exec(name);
  if (layer !== null) {
    return Number(layer[1]) + 1;
  }
  return /(?:^|\.)embeddings(?:_project)?\./.test(name) ? 0 : layers + 2;
}

function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${parts.join(".*")}$`);
  return (name) => expression.test(name);
}
