import type { TrainingRunOptions } from "./task.js";

/** A model of this hidden size or more is of base size. */
const BASE = 768;

/**
 * The authors' recipe for models that are fine-tuned (rate 1e-4 for base and 3e-4 for smaller ones, layer decay 0.8, 10% of
 * warm-up), and a higher rate and more epochs for small ones from random weights.
 */
export function defaultRecipe(start: {
  /** The run starts from trained weights. */
  readonly isPretrained: boolean;
  readonly hiddenSize: number;
}): TrainingRunOptions & Record<"epochs" | "learningRate" | "layerDecay" | "warmupRatio", number> {
  const { isPretrained, hiddenSize } = start;
  const pretrainedRate = hiddenSize >= BASE ? 1e-4 : 3e-4;
  return {
    epochs: isPretrained ? 3 : 8,
    learningRate: isPretrained ? pretrainedRate : 5e-4,
    layerDecay: isPretrained ? 0.8 : 1,
    warmupRatio: 0.1,
  };
}
