import { GroupedLinear, Linear, type Scope } from "@convbert/nn";
import type { ActivationKind } from "@convbert/tensor";
import { activationKind } from "@convbert/tensor/internal";
import type { ConvBertConfig } from "./config.js";

/** A linear map of the feed-forward block: grouped where the configuration says so. */
export function feedForwardLinear(scope: Scope, config: ConvBertConfig, from: number, to: number) {
  return config.num_groups === 1 ? new Linear(scope, from, to) : new GroupedLinear(scope, from, to, config.num_groups);
}

/** The kernel function behind the configuration's `hidden_act`. */
export function hiddenActivation(config: ConvBertConfig): ActivationKind {
  return activationKind(config.hidden_act);
}
