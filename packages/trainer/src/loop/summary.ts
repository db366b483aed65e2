import type { BestEvaluation } from "../checkpoint/state.js";

/** How a run went. */
export interface TrainSummary {
  readonly reason: "finished" | "stopped-early" | "stopped-by-callback";
  readonly steps: number;
  readonly epochs: number;
  /** Without padding. */
  readonly tokens: number;
  /** Of training and evaluation, interruptions not counted. */
  readonly seconds: number;
  readonly best: BestEvaluation | null;
  /** Whether the model has the best evaluation's weights now, not the last step's. */
  readonly keptBest: boolean;
}
