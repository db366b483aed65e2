import type { EntityScheme, OptimizerName, ScheduleName, TaskName, TextEncoding } from "@convbert/trainer";
import { TASKS } from "@convbert/trainer/internal";
import { UsageError } from "../errors.js";
import type { ModelFlags } from "../model-options.js";

export const TRAIN_TASKS = Object.keys(TASKS) as readonly TaskName[];

export type TrainTask = TaskName;

export const FORMATS = [
  "jsonl",
  "json",
  "csv",
  "tsv",
  "conll",
  "conllu",
  "squad",
  "text",
  "trec",
  "copa",
  "rte",
] as const;

export type FormatName = (typeof FORMATS)[number];

/** How files are read. */
export interface DataFlags {
  readonly format?: FormatName;
  readonly columns?: readonly string[];
  readonly encoding?: TextEncoding;
  readonly delimiter?: string;
  /** What lines of comments begin with; "" for none. */
  readonly comment?: string;
  readonly sentenceColumn?: string;
  readonly textColumn?: string;
  readonly pairColumn?: string;
  readonly labelColumn?: string;
  readonly negativeColumn?: string;
  readonly scoreColumn?: string;
  readonly labelColumns?: readonly string[];
  readonly labelSeparator?: string;
  readonly wordsColumn?: string;
  readonly tagsColumn?: string;
  readonly questionColumn?: string;
  readonly contextColumn?: string;
  readonly answersColumn?: string;
  readonly idColumn?: string;
  readonly promptColumn?: string;
  readonly choicesColumn?: string;
  readonly choiceColumns?: readonly string[];
  readonly firstLabel?: number;
  readonly fineLabels?: boolean;
  readonly textUnit?: "line" | "paragraph";
  readonly stripGutenberg?: boolean;
  readonly skipMisplacedAnswers?: boolean;
  readonly stream?: boolean;
}

/** What a new model looks like. */
export interface NewModelFlags {
  readonly config?: string;
  readonly vocab?: string;
  readonly tokenizer?: string;
  readonly cased?: boolean;
  readonly hiddenSize?: number;
  readonly embeddingSize?: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly headRatio?: number;
  readonly intermediateSize?: number;
  readonly kernelSize?: number;
  readonly groups?: number;
  readonly maxPositions?: number;
  readonly initEmbeddings?: string;
}

/** What is learned, and how. */
export interface RecipeFlags {
  readonly multiLabel?: boolean;
  readonly regression?: boolean;
  readonly labelNames?: readonly string[];
  readonly labelAllTokens?: boolean;
  readonly allowNoAnswer?: boolean;
  readonly skipUnanswered?: boolean;
  readonly stride?: number;
  readonly maxQuestionLength?: number;
  readonly maskUnit?: "token" | "word";
  readonly maskProbability?: number;
  readonly loss?: "regression" | "pairs" | "scores" | "triplets";
  readonly pooling?: "mean" | "first" | "max";
  readonly relations?: number;
  readonly cosineScale?: number;
  readonly margin?: number;
  readonly textsAtOnce?: number;
  readonly measure?: "scores" | "retrieval";
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly tokenBudget?: number;
  readonly accumulate?: number;
  readonly lr?: number;
  readonly schedule?: ScheduleName;
  readonly power?: number;
  readonly plateauPatience?: number;
  readonly plateauFactor?: number;
  readonly groupByLength?: boolean;
  /** "balanced", or a file. */
  readonly classWeights?: string;
  readonly scheme?: EntityScheme;
  readonly scoreBy?: "entity" | "word";
  readonly warmup?: number;
  readonly optimizer?: OptimizerName;
  readonly weightDecay?: number;
  readonly layerDecay?: number;
  readonly freeze?: readonly string[];
  readonly dropout?: number;
  readonly labelSmoothing?: number;
  readonly maxGradientNorm?: number;
  readonly maxLength?: number;
  readonly unpadded?: boolean;
  readonly checkpointing?: boolean;
  readonly seed?: number;
  readonly evaluateEvery?: "epoch" | number;
  readonly evalBatchSize?: number;
  readonly metric?: string;
  readonly patience?: number;
  readonly keepLast?: boolean;
}

/** Flags of `convbert train`. */
export interface TrainFlags extends Omit<ModelFlags, "dtype">, DataFlags, NewModelFlags, RecipeFlags {
  readonly data: readonly string[];
  readonly teacher?: readonly string[];
  readonly eval?: readonly string[];
  readonly evalShare?: number;
  readonly test?: readonly string[];
  readonly output: string;
  readonly model?: string;
  readonly new?: boolean;
  readonly checkpointEvery?: "epoch" | number;
  readonly keepCheckpoints?: boolean;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly saveDtype?: "float32" | "float16" | "bfloat16" | "int8";
  readonly terms?: string;
  readonly datasetName?: string;
  readonly language?: string;
  readonly license?: string;
  readonly json?: boolean;
}

/** Flags that only some tasks have. */
const TASK_FLAGS: Readonly<Partial<Record<keyof TrainFlags, readonly TrainTask[]>>> = {
  textColumn: ["text-classification", "fill-mask", "sentence-embedding"],
  pairColumn: ["text-classification", "sentence-embedding"],
  negativeColumn: ["sentence-embedding"],
  scoreColumn: ["sentence-embedding"],
  labelColumn: ["text-classification", "multiple-choice"],
  labelColumns: ["text-classification"],
  labelSeparator: ["text-classification"],
  wordsColumn: ["token-classification"],
  sentenceColumn: ["token-classification"],
  tagsColumn: ["token-classification"],
  questionColumn: ["question-answering"],
  contextColumn: ["question-answering"],
  answersColumn: ["question-answering"],
  idColumn: ["question-answering"],
  promptColumn: ["multiple-choice"],
  choicesColumn: ["multiple-choice"],
  choiceColumns: ["multiple-choice"],
  firstLabel: ["multiple-choice"],
  fineLabels: ["text-classification"],
  textUnit: ["fill-mask", "sentence-embedding"],
  stripGutenberg: ["fill-mask", "sentence-embedding"],
  skipMisplacedAnswers: ["question-answering"],
  multiLabel: ["text-classification"],
  regression: ["text-classification"],
  labelNames: ["text-classification", "token-classification"],
  labelAllTokens: ["token-classification"],
  scheme: ["token-classification"],
  scoreBy: ["token-classification"],
  classWeights: ["text-classification", "token-classification"],
  allowNoAnswer: ["question-answering"],
  skipUnanswered: ["question-answering"],
  stride: ["question-answering"],
  maxQuestionLength: ["question-answering"],
  maskUnit: ["fill-mask"],
  maskProbability: ["fill-mask"],
  labelSmoothing: ["text-classification", "token-classification", "question-answering", "fill-mask", "multiple-choice"],
  teacher: ["sentence-embedding"],
  loss: ["sentence-embedding"],
  pooling: ["sentence-embedding"],
  relations: ["sentence-embedding"],
  cosineScale: ["sentence-embedding"],
  margin: ["sentence-embedding"],
  textsAtOnce: ["sentence-embedding"],
  measure: ["sentence-embedding"],
};

/** Flags of new models, which a model that is loaded has already. */
const NEW_MODEL_FLAGS: readonly (keyof NewModelFlags)[] = [
  "config",
  "vocab",
  "tokenizer",
  "cased",
  "hiddenSize",
  "embeddingSize",
  "layers",
  "heads",
  "headRatio",
  "intermediateSize",
  "kernelSize",
  "groups",
  "maxPositions",
];

/** Flags that look at evaluations. */
const MEASURED_FLAGS: readonly (keyof TrainFlags)[] = ["patience", "metric", "evaluateEvery"];

/** Flags that only one schedule has. */
const SCHEDULE_FLAGS: readonly (readonly [keyof TrainFlags, ScheduleName])[] = [
  ["power", "polynomial"],
  ["plateauPatience", "reduce_lr_on_plateau"],
  ["plateauFactor", "reduce_lr_on_plateau"],
];

const EXCLUSIVE: readonly (readonly [keyof TrainFlags, keyof TrainFlags])[] = [
  ["multiLabel", "regression"],
  ["classWeights", "multiLabel"],
  ["classWeights", "regression"],
  ["groupByLength", "tokenBudget"],
  ["epochs", "steps"],
  ["batchSize", "tokenBudget"],
  ["model", "new"],
  ["eval", "evalShare"],
  ["vocab", "tokenizer"],
  ["resume", "overwrite"],
  ["labelColumn", "labelColumns"],
  ["allowNoAnswer", "skipUnanswered"],
  ["choicesColumn", "choiceColumns"],
];

/** "--max-length" of "maxLength". */
export function flagName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Throws UsageError for flags that do not go together. */
export function checkTrainFlags(task: TrainTask, flags: TrainFlags): void {
  const isSet = (name: keyof TrainFlags): boolean => flags[name] !== undefined && flags[name] !== false;
  for (const [name, tasks] of Object.entries(TASK_FLAGS)) {
    if (isSet(name as keyof TrainFlags) && !tasks.includes(task)) {
      throw new UsageError(`${flagName(name)} is for ${tasks.join(", ")}, not for ${task}`);
    }
  }
  for (const [one, other] of EXCLUSIVE) {
    if (isSet(one) && isSet(other)) throw new UsageError(`give ${flagName(one)} or ${flagName(other)}, not both`);
  }
  if (flags.eval === undefined && flags.evalShare === undefined) {
    const needy = MEASURED_FLAGS.find(isSet);
    if (needy !== undefined) throw new UsageError(`${flagName(needy)} needs --eval or --eval-share`);
    if (flags.schedule === "reduce_lr_on_plateau") {
      throw new UsageError(`--schedule ${flags.schedule} needs --eval or --eval-share`);
    }
  }
  for (const [name, schedule] of SCHEDULE_FLAGS) {
    if (isSet(name) && flags.schedule !== schedule)
      throw new UsageError(`${flagName(name)} is for --schedule ${schedule}`);
  }
  const foreign = flags.model === undefined ? undefined : NEW_MODEL_FLAGS.find(isSet);
  if (foreign !== undefined) {
    throw new UsageError(`${flagName(foreign)} is for a new model; --model ${flags.model} has its own`);
  }
}
