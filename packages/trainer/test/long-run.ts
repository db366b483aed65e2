import type { ConvBertForMaskedLM, MaskedLMInputs } from "@convbert/heads";
import type { TokenBlock, TrainerOptions } from "../src/index.js";
import {
  evaluateFillMask,
  fileLog,
  folderCheckpoints,
  memoryDataset,
  type PlainExample,
  Trainer,
} from "../src/index.js";
import { maskCollator, sentences, tinyMaskedModel, weightsOf } from "./tiny.js";

/** A run with everything that could differ after an interruption: order, dropout, masks, accumulation, evaluations. */
export function maskedRun(
  model: ConvBertForMaskedLM,
  options: Partial<TrainerOptions<PlainExample | TokenBlock, MaskedLMInputs>> = {},
): TrainerOptions<PlainExample | TokenBlock, MaskedLMInputs> {
  return {
    model,
    train: memoryDataset(sentences(45)),
    collate: maskCollator.collate,
    evaluate: evaluateFillMask(model, maskCollator, { dataset: memoryDataset(sentences(12, 100)) }),
    epochs: 4,
    batchSize: 4,
    gradientAccumulation: 2,
    learningRate: 2e-3,
    evaluateEvery: 4,
    metric: "perplexity",
    checkpointEvery: 3,
    keepCheckpoints: 2,
    seed: 3,
    ...options,
  };
}

/** The same in a folder, going on with what is there: the whole life of a process that may be killed. */
export async function runInFolder(folder: string): Promise<Record<string, string>> {
  using model = await tinyMaskedModel();
  const log = await fileLog(`${folder}/log.jsonl`);
  const checkpoints = folderCheckpoints(`${folder}/checkpoints`);
  await new Trainer(maskedRun(model, { checkpoints, log, resume: true })).train();
  await log.close();
  return weightsOf(model);
}
