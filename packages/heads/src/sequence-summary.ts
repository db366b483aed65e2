import type { ConvBertConfig } from "@convbert/model";
import { drop } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import { activate, sequenceMean, type Tensor } from "@convbert/tensor";
import { activationKind } from "@convbert/tensor/internal";
import { firstTokens, lastTokens } from "./first-tokens.js";
import type { HeadContext } from "./head.js";

/**
 * One vector for a sequence (the reference's `SequenceSummary`): by `summary_type` the last position (the default, even
 * where that is padding; "cls_index" without an index is the same), the first, or the mean of all; then a projection
 * where `summary_use_proj` is set, and an activation where `summary_activation` names one.
 */
export class SequenceSummary {
  readonly #config: ConvBertConfig;
  readonly #projection: Linear | null;
  /** Channels of the result. */
  readonly size: number;

  constructor(scope: Scope, config: ConvBertConfig) {
    const { hidden_size: hidden, num_labels: labels } = config;
    this.#config = config;
    this.size = config.summary_use_proj && config.summary_proj_to_labels && labels > 0 ? labels : hidden;
    this.#projection = config.summary_use_proj ? new Linear(scope.scope("summary"), hidden, this.size) : null;
  }

  forward({ encoded, random }: HeadContext): Tensor<"float32"> {
    const { summary_type: type, summary_activation: activation } = this.#config;
    let summary: Tensor<"float32">;
    switch (type) {
      case "first":
        summary = firstTokens(encoded);
        break;
      case "mean":
        summary = sequenceMean(encoded.lastHiddenState, encoded.sequences);
        break;
      default:
        summary = lastTokens(encoded);
    }
    summary = drop(summary, this.#config.summary_first_dropout, random);
    if (this.#projection !== null) {
      summary = this.#projection.forward(summary);
    }
    const activated = activation === null ? summary : activate(summary, activationKind(activation));
    return drop(activated, this.#config.summary_last_dropout, random);
  }
}
