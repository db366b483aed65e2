import { defaultRecipe, type TrainingRunOptions } from "@convbert/trainer";
import type { TrainFlags } from "./flags.js";

/** What the flags say of the steps, and the authors' recipe where they say nothing. */
export function recipeOf(flags: TrainFlags, isPretrained: boolean, hiddenSize: number): TrainingRunOptions {
  const recipe = defaultRecipe({ isPretrained, hiddenSize });
  const { schedule = "linear", power, plateauPatience, plateauFactor } = flags;
  // A rate that waits for a plateau has no warm-up in the reference.
  const { warmup = schedule === "reduce_lr_on_plateau" ? 0 : recipe.warmupRatio } = flags;
  const plateau = {
    ...(plateauPatience !== undefined && { patience: plateauPatience }),
    ...(plateauFactor !== undefined && { factor: plateauFactor }),
  };
  return {
    epochs: flags.epochs ?? recipe.epochs,
    steps: flags.steps,
    ...(flags.tokenBudget === undefined ? { batchSize: flags.batchSize ?? 32 } : { tokenBudget: flags.tokenBudget }),
    gradientAccumulation: flags.accumulate ?? 1,
    learningRate: flags.lr ?? recipe.learningRate,
    schedule,
    ...(power !== undefined && { power }),
    ...(schedule === "reduce_lr_on_plateau" && { plateau }),
    ...(flags.groupByLength && { groupByLength: true }),
    ...(warmup < 1 ? { warmupRatio: warmup } : { warmupSteps: warmup }),
    optimizer: flags.optimizer ?? "adamw",
    weightDecay: flags.weightDecay ?? 0.01,
    layerDecay: flags.layerDecay ?? recipe.layerDecay,
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
