import type { TrainFlags } from "./train-flags.js";
import type { RunOptions } from "./train-tasks.js";

/**
 * The authors' recipe for models that are fine-tuned (rate 1e-4 for base and 3e-4 for smaller ones, layer decay 0.8, 10% of
 * warm-up), and a higher rate for small ones from random weights.
 */
export function recipeOf(flags: TrainFlags, isPretrained: boolean, hiddenSize: number): RunOptions {
  const pretrainedRate = hiddenSize >= 768 ? 1e-4 : 3e-4;
  const { epochs = isPretrained ? 3 : 8, lr = isPretrained ? pretrainedRate : 5e-4 } = flags;
  const { schedule = "linear", power, plateauPatience, plateauFactor } = flags;
  // A rate that waits for a plateau has no warm-up in the reference.
  const { layerDecay = isPretrained ? 0.8 : 1, warmup = schedule === "reduce_lr_on_plateau" ? 0 : 0.1 } = flags;
  const plateau = {
    ...(plateauPatience !== undefined && { patience: plateauPatience }),
    ...(plateauFactor !== undefined && { factor: plateauFactor }),
  };
  return {
    epochs,
    steps: flags.steps,
    ...(flags.tokenBudget === undefined ? { batchSize: flags.batchSize ?? 32 } : { tokenBudget: flags.tokenBudget }),
    gradientAccumulation: flags.accumulate ?? 1,
    learningRate: lr,
    schedule,
    ...(power !== undefined && { power }),
    ...(schedule === "reduce_lr_on_plateau" && { plateau }),
    ...(flags.groupByLength && { groupByLength: true }),
    ...(warmup < 1 ? { warmupRatio: warmup } : { warmupSteps: warmup }),
    optimizer: flags.optimizer ?? "adamw",
    weightDecay: flags.weightDecay ?? 0.01,
    layerDecay,
    freeze: flags.freeze ?? [],
    maxGradientNorm: flags.maxGradientNorm ?? 1,
    ...(flags.labelSmoothing !== undefined && { labelSmoothing: flags.labelSmoothing }),
    gradientCheckpointing: flags.checkpointing ?? false,
    unpadded: flags.unpadded ?? false,
    seed: flags.seed ?? 0,
    evaluateEvery: flags.evaluateEvery,
    patience: flags.patience,
    keepBest: !flags.keepLast,
  };
}
