import { withModelFiles } from "@convbert/converter/internal";
import type { ModelSource } from "@convbert/files";
import {
  type ConvBertConfigInit,
  type ConvBertPreTrainedModel,
  type FromPretrainedOptions,
  readConfig,
} from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { IndexedDataset } from "../data/dataset.js";
import type { TrainSummary } from "../loop/summary.js";
import { TrainerOptionError } from "../option-error.js";
import { defaultRecipe } from "./recipe.js";
import { TASKS } from "./table.js";
import type { TaskExamples, TaskName, TaskSettings, TrainableClass, TrainingRunOptions } from "./task.js";

/** What {@link fineTune} takes: the data, the start, what can be chosen of the task, and options of the run. */
export type FineTuneOptions<Task extends TaskName> = Omit<TrainingRunOptions, "evaluate"> &
  TaskSettings[Task] & {
    readonly train: IndexedDataset<TaskExamples[Task]>;
    /** Chooses the best weights. */
    readonly evaluation?: IndexedDataset<TaskExamples[Task]> | undefined;
    /** Measured once, with the result. */
    readonly test?: IndexedDataset<TaskExamples[Task]> | undefined;
    /** Where the run starts: folder, URL, hub id or files. Without it a model is made anew, which needs `tokenizer`. */
    readonly model?: ModelSource | undefined;
    /** Of a new model; a loaded one has its own. Labels and vocabulary follow the data and the tokenizer. */
    readonly config?: ConvBertConfigInit | undefined;
    /** Default: the model's. */
    readonly tokenizer?: ConvBertTokenizerFast | undefined;
    /** How the model is loaded. */
    readonly loading?: Pick<FromPretrainedOptions, "backend" | "threads" | "cacheDirectory" | "offline" | "revision">;
    /** Tokens of a row at most; default 128, 384 for questions, and what the model takes. */
    readonly maxLength?: number | undefined;
    /** Of the evaluations; default 32. */
    readonly evaluationBatchSize?: number | undefined;
    /** Says what happens before the first step. */
    readonly onProgress?: ((text: string) => void) | undefined;
  };

export interface FineTuned {
  /** With the best weights, or the last; dispose it. */
  readonly model: ConvBertPreTrainedModel;
  readonly tokenizer: ConvBertTokenizerFast;
  readonly summary: TrainSummary;
  /** How it was measured, where that is not what one expects. */
  readonly notes: readonly string[];
  /** Of the test examples. */
  readonly test: Readonly<Record<string, number>> | null;
}

/**
 * Trains a model for a task, with the authors' recipe where options say nothing else.
 * @param options see {@link FineTuneOptions}; `signal` ends it, after a checkpoint where `checkpoints` are given.
 * @returns the model, its tokenizer, how the run went, and the scores of `test`.
 * @throws TrainerOptionError, DataError, and the errors of loading and training.
 */
export async function fineTune<Task extends TaskName>(task: Task, options: FineTuneOptions<Task>): Promise<FineTuned> {
  const definition = TASKS[task];
  if (definition === undefined) {
    throw new TrainerOptionError("task", task, `choose one of ${Object.keys(TASKS).join(", ")}`);
  }
  const { train, evaluation, test, model: source, config: _, tokenizer: __, loading, ...rest } = options;
  const { maxLength: ___, evaluationBatchSize, onProgress, ...run } = rest as FineTuneOptions<TaskName>;
  const { signal, unpadded } = options;
  const base = source === undefined ? null : await configOf(source, options);
  const tokenizer = options.tokenizer ?? (await tokenizerOf(source, options));
  const positions = base?.max_position_embeddings ?? options.config?.max_position_embeddings ?? 512;
  const { maxLength = Math.min(positions, definition.maxLength) } = options;
  if (maxLength > positions) throw new TrainerOptionError("maxLength", maxLength, `the model takes ${positions}`);
  const prepared = await definition.prepare({
    splits: { train, evaluation, test },
    tokenizer,
    settings: options,
    maxLength,
    evaluation: { batchSize: evaluationBatchSize, unpadded },
    modelLabels: base && namedLabels(base.id2label),
    signal,
    onProgress,
    makeModel: <M extends ConvBertPreTrainedModel>(Model: TrainableClass<M>, changes: ConvBertConfigInit) =>
      makeModel(Model, changes, tokenizer, options),
  });
  try {
    const recipe = defaultRecipe({ isPretrained: source !== undefined, hiddenSize: prepared.model.config.hidden_size });
    const summary = await prepared.train({
      ...recipe,
      metric: prepared.evaluation && prepared.metric,
      ...given(run),
      ...(options.warmupSteps !== undefined && { warmupRatio: undefined }),
      evaluate: prepared.evaluation,
    });
    const scores = prepared.test ? await prepared.test(prepared.model)({ signal }) : null;
    return { model: prepared.model, tokenizer, summary, notes: prepared.notes ?? [], test: scores };
  } catch (error) {
    prepared.model.dispose();
    throw error;
  }

  async function makeModel<M extends ConvBertPreTrainedModel>(
    Model: TrainableClass<M>,
    changes: ConvBertConfigInit,
    { padTokenId, length }: ConvBertTokenizerFast,
    { config, seed = 0 }: FineTuneOptions<Task>,
  ): Promise<M> {
    const { backend, threads } = loading ?? {};
    if (source === undefined) {
      const own = { pad_token_id: padTokenId ?? null, vocab_size: length, ...config, ...changes };
      const running = { ...(backend && { backend }), ...(threads !== undefined && { threads }), seed };
      return (await Model.fromConfig.call(Model as never, own, running)) as unknown as M;
    }
    return (await Model.fromPretrained.call(Model as never, source, {
      ...loading,
      dtype: "float32",
      config: { ...config, ...changes },
      seed,
      ignoreMismatchedSizes: true,
      allowNewHead: true,
      ...(signal && { signal }),
    })) as unknown as M;
  }
}

/** Options that are set, so that those that are not leave the recipe as it is. */
function given(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function configOf(
  source: ModelSource,
  { loading, signal }: Pick<FineTuneOptions<TaskName>, "loading" | "signal">,
) {
  return withModelFiles(source, { ...loading, ...(signal && { signal }) }, (files) => readConfig(files));
}

async function tokenizerOf(
  source: ModelSource | undefined,
  { loading, signal }: Pick<FineTuneOptions<TaskName>, "loading" | "signal">,
): Promise<ConvBertTokenizerFast> {
  if (source === undefined) throw new TrainerOptionError("tokenizer", null, "a new model needs one");
  return withModelFiles(source, { ...loading, ...(signal && { signal }) }, (files) =>
    ConvBertTokenizerFast.fromPretrained(files),
  );
}

/** Labels that somebody has named; null for the default names. */
export function namedLabels(id2label: Readonly<Record<string, string>>): string[] | null {
  const names = Object.values(id2label);
  return names.every((name, i) => name === `LABEL_${i}`) ? null : names;
}
