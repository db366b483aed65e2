import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ConvBertPreTrainedModel } from "@convbert/model";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { TrainFlags, TrainTask } from "./flags.js";

/**
 * Flags that do not say what is learned: where files lie, what is printed, what is done after the last step. Those of the
 * recipe are compared with their defaults by the trainer; contents of files count, not their names.
 */
const FREE: readonly (keyof TrainFlags)[] = [
  ...(["data", "teacher", "eval", "test", "output", "model", "revision", "cacheDir", "offline", "new"] as const),
  ...([
    "config",
    "vocab",
    "tokenizer",
    "initEmbeddings",
    "backend",
    "threads",
    "wideVectors",
    "json",
    "resume",
    "overwrite",
  ] as const),
  ...(["checkpointEvery", "keepCheckpoints", "saveDtype", "terms", "datasetName", "language", "license"] as const),
  ...(["epochs", "steps", "patience", "batchSize", "tokenBudget", "accumulate", "lr", "schedule", "warmup"] as const),
  ...([
    "power",
    "plateauPatience",
    "plateauFactor",
    "groupByLength",
    "classWeights",
    "optimizer",
    "weightDecay",
    "layerDecay",
    "freeze",
    "labelSmoothing",
    "maxGradientNorm",
    "unpadded",
  ] as const),
  ...(["seed", "evaluateEvery", "metric", "keepLast", "checkpointing", "maxLength", "stream"] as const),
];

/** What {@link contentsOf} looks at. */
export interface RunContents {
  readonly task: TrainTask;
  readonly flags: TrainFlags;
  readonly tokenizer: ConvBertTokenizerFast;
  /** As the run starts from it. */
  readonly model: ConvBertPreTrainedModel;
  readonly maxLength: number;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** What a run must have in common with the one that it goes on with, by names for messages: hashes (SHA-256) of contents. */
export async function contentsOf(run: RunContents): Promise<Record<string, unknown>> {
  const { task, flags, tokenizer, model, maxLength, signal, onProgress } = run;
  const hashes = async (files: readonly string[] | undefined): Promise<string[]> => {
    const found: string[] = [];
    for (const file of files ?? []) {
      onProgress(`comparing ${file}`);
      found.push(await hashOfFile(file, signal));
    }
    return found;
  };
  const options = Object.entries(flags).filter(([name]) => !(FREE as readonly string[]).includes(name));
  return {
    task,
    maxLength,
    "the contents of --data": await hashes(flags.data),
    ...(flags.teacher && { "the contents of --teacher": await hashes(flags.teacher) }),
    "the contents of --eval": await hashes(flags.eval),
    "the tokenizer": hashOfJson(await tokenizer.toFiles()),
    "the weights at the start": hashOfWeights(model),
    ...Object.fromEntries(options),
  };
}

/** SHA-256 of a file's bytes. */
export async function hashOfFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { signal, highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}

function hashOfJson(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

function hashOfWeights(model: ConvBertPreTrainedModel): string {
  const hash: Hash = createHash("sha256");
  for (const { name, tiedTo, read } of model.parameters()) {
    if (tiedTo === undefined) hash.update(`${name}\0`).update(read());
  }
  return hash.digest("hex");
}
