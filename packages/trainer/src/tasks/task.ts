import type { FileContents } from "@convbert/files";
import type { ConvBertForSequenceClassification, SentenceLoss, SentencePooling } from "@convbert/heads";
import type { ConvBertConfigInit, ConvBertModelClass, ConvBertPreTrainedModel, ProblemType } from "@convbert/model";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { LabelSet } from "../collate/labels.js";
import type { MaskingOptions } from "../collate/masking.js";
import type { IndexedDataset } from "../data/dataset.js";
import type {
  ChoiceExample,
  PlainExample,
  QuestionExample,
  SentenceExample,
  TextExample,
  TokenExample,
} from "../data/examples.js";
import type { FieldMapping } from "../data/fields/mapping.js";
import type { EvaluationOptions } from "../evaluate/batches.js";
import type { Evaluate, TrainerOptions } from "../loop/options.js";
import type { TrainSummary } from "../loop/summary.js";
import type { EntityScheme } from "../metrics/schemes.js";

/** The examples of each task, by the hub's name of the task. */
export interface TaskExamples {
  readonly "text-classification": TextExample;
  readonly "token-classification": TokenExample;
  readonly "question-answering": QuestionExample;
  readonly "fill-mask": PlainExample;
  readonly "multiple-choice": ChoiceExample;
  readonly "sentence-embedding": SentenceExample;
}

export type TaskName = keyof TaskExamples;

/** What can be chosen of each task. */
export interface TaskSettings {
  readonly "text-classification": {
    /** Default "single_label_classification". */
    readonly problemType?: ProblemType | undefined;
    /**
     * Names that the model gives the labels, in the order in which it has them; by default those of the data. Labels that
     * are whole numbers from 0 on are their indices.
     */
    readonly labelNames?: readonly string[] | undefined;
    /** As `labelNames`, where the data has numbers; of no account where it has names. */
    readonly classNames?: readonly string[] | undefined;
  };
  readonly "token-classification": {
    /** As for texts. */
    readonly labelNames?: readonly string[] | undefined;
    /** As for texts. */
    readonly classNames?: readonly string[] | undefined;
    /** Further tokens of a word have labels too; default false. */
    readonly labelAllTokens?: boolean | undefined;
    /** Count entities by this strict scheme. */
    readonly scheme?: EntityScheme | undefined;
    /** Score entities, or each word for itself; by default words only where a tag is of no scheme. */
    readonly scoreBy?: "entity" | "word" | undefined;
  };
  readonly "question-answering": {
    /** Tokens that windows have in common. */
    readonly stride?: number | undefined;
    readonly maxQuestionLength?: number | undefined;
    /** Questions may have no answer (SQuAD 2.0). Default false: one that has none is an error. */
    readonly allowNoAnswer?: boolean | undefined;
    /** Leave out questions that have no answer. Default false. */
    readonly skipUnanswered?: boolean | undefined;
  };
  readonly "fill-mask": {
    readonly unit?: MaskingOptions["unit"] | undefined;
    readonly probability?: number | undefined;
  };
  readonly "multiple-choice": object;
  readonly "sentence-embedding": {
    /** What is learned; default regression, which needs examples with vectors. */
    readonly loss?: SentenceLoss | undefined;
    /** Default "mean". */
    readonly pooling?: SentencePooling | undefined;
    /** Texts that are trained on at a time, however many a batch has; default all. */
    readonly textsAtOnce?: number | undefined;
    /** How held-out pairs are measured: by their scores, or by finding the second texts with the first; as fits the loss. */
    readonly measure?: "scores" | "retrieval" | undefined;
  };
}

/** Examples for training, for choosing the best weights, and for the final score. */
export interface Splits<Example> {
  readonly train: IndexedDataset<Example>;
  readonly evaluation?: IndexedDataset<Example> | undefined;
  readonly test?: IndexedDataset<Example> | undefined;
}

/** A class of model as it is made: from a configuration, or loaded. */
export type TrainableClass<M extends ConvBertPreTrainedModel> = ConvBertModelClass<M> &
  Pick<typeof ConvBertForSequenceClassification, "fromConfig" | "fromPretrained">;

/** What a task is set up from. */
export interface TaskContext<Task extends TaskName> {
  readonly splits: Splits<TaskExamples[Task]>;
  readonly tokenizer: ConvBertTokenizerFast;
  readonly settings: TaskSettings[Task];
  /** Tokens of a row at most. */
  readonly maxLength: number;
  /** Of the evaluations. */
  readonly evaluation: Pick<EvaluationOptions<never>, "batchSize" | "unpadded">;
  /** Labels of the model that the run starts from, where somebody has named them. */
  readonly modelLabels: readonly string[] | null;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((text: string) => void) | undefined;
  /** The model with these changes of its configuration. */
  makeModel<M extends ConvBertPreTrainedModel>(Model: TrainableClass<M>, changes: ConvBertConfigInit): Promise<M>;
}

/** Options of a run that do not depend on its task. */
export type TrainingRunOptions = Omit<TrainerOptions<never, never>, "model" | "train" | "collate" | "lengthOf">;

/** A task ready to train. */
export interface PreparedTask {
  readonly model: ConvBertPreTrainedModel;
  /** The metric that decides by default. */
  readonly metric: string;
  /** What is counted, and how many there are. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of a classifier. */
  readonly labels?: LabelSet | undefined;
  /** Files that belong beside the model's: how a text's vector is made of its tokens. */
  readonly files?: readonly (readonly [string, FileContents])[];
  /** What the model calls the labels, in their order. */
  readonly labelNames?: readonly string[] | undefined;
  /** How it is measured, where that is not what one expects: sentences for a person. */
  readonly notes?: readonly string[] | undefined;
  readonly evaluation: Evaluate | undefined;
  /** Of the model, or of the same one as it was saved. */
  readonly test: ((model: ConvBertPreTrainedModel) => Evaluate) | undefined;
  train(options: TrainingRunOptions): Promise<TrainSummary>;
}

/** A task: which model learns it, from what, and how it is measured. The pipeline has the same name. */
export interface TaskDefinition<Task extends TaskName> {
  readonly name: Task;
  readonly model: TrainableClass<ConvBertPreTrainedModel>;
  /** Columns of its examples under their usual names. */
  readonly fields: () => FieldMapping<TaskExamples[Task]>;
  /** Tokens of a row that suit most data. */
  readonly maxLength: number;
  /** Makes the model, the collator and the evaluations. Throws TrainerOptionError and DataError. */
  prepare(context: TaskContext<Task>): Promise<PreparedTask>;
}
