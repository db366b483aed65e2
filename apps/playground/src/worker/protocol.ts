/** What the page and its worker say to each other. Everything here is plain data, or Files. */
import type {
  Answer,
  ChosenAnswer,
  EntityGroup,
  FilledMask,
  FilledText,
  LabelScore,
  PipelineTask,
} from "@convbert/pipelines";

/** The tasks on the screen; the search of `feature-extraction` shows what `sentence-similarity` answers, and its vectors. */
export type TaskName = Exclude<PipelineTask, "sentence-similarity">;

/** Where a model comes from. */
export type ModelRef =
  /** One that comes with the page. */
  | { readonly kind: "shipped"; readonly name: string }
  /** A hub id or the address of a folder. */
  | { readonly kind: "address"; readonly address: string }
  /** Files that the worker keeps: dropped, or trained here. */
  | { readonly kind: "files"; readonly id: string; readonly title: string };

/** The fields of a task's form by name, as they were typed. */
export type TaskInput = Readonly<Record<string, string>>;

/** What each task answers. */
export interface Answers {
  "text-classification": LabelScore[];
  "token-classification": EntityGroup[];
  "question-answering": Answer[];
  "fill-mask": { readonly masks: readonly FilledMask[][]; readonly together: readonly FilledText[] | null };
  "multiple-choice": ChosenAnswer;
  "feature-extraction": { readonly lines: readonly { text: string; similarity: number; vector: Float32Array }[] };
  /** The best first. An encoder of sentences tells how alike meanings are, not what a text entails. */
  "zero-shot-classification": {
    readonly by: "entailment" | "likeness";
    readonly labels: readonly string[];
    readonly scores: readonly number[];
  };
}

/** How a model runs. */
export interface Running {
  /** "wasm relaxed-simd, 2 threads". */
  readonly backend: string;
  /** Null where only a graph is known. */
  readonly parameters: number | null;
  /** Milliseconds from the request to the model ready. */
  readonly loadMilliseconds: number;
}

export interface Answered<Task extends TaskName = TaskName> {
  readonly task: Task;
  readonly answer: Answers[Task];
  readonly milliseconds: number;
  readonly running: Running;
  /** What the pipeline warned of. */
  readonly warnings: readonly string[];
}

/** Why something could not be done. */
export interface Failure {
  /** Of an error of the packages, "not-found"; or "aborted", "failed". */
  readonly code: string;
  readonly message: string;
}

export type Outcome<Value> = { readonly value: Value } | { readonly failure: Failure };

/** Bytes that have arrived, over all files of a model. */
export interface LoadProgress {
  readonly loaded: number;
  readonly total: number;
}

export interface TokenRow {
  readonly text: string;
  readonly id: number;
  /** Place in its sequence, in UTF-16 units; null for special tokens and where the tokenizer does not know. */
  readonly place: readonly [number, number] | null;
  readonly word: number | null;
  readonly special: boolean;
}

/** Both tokenizers' view of a text. */
export interface Tokens {
  readonly fast: readonly TokenRow[];
  readonly slow: readonly TokenRow[];
}

/** A number for each cell, row by row. */
export interface Grid {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What happens inside the encoder for one text. */
export interface Layers {
  readonly tokens: readonly string[];
  /** Tokens that the text has, where only the first ones are shown. */
  readonly allTokens: number;
  /** `[heads, length, length]` of each layer. */
  readonly attentions: readonly Grid[];
  /** `[length, heads, taps]` of each layer. */
  readonly kernels: readonly Grid[];
  /** `[length, hidden]`: the embeddings, then each layer's output. */
  readonly states: readonly Grid[];
}

/** A file with its path in what was dropped. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/** What is in a folder. */
export interface Description {
  readonly location: string;
  readonly files: readonly string[] | null;
  /** Each thing that a model needs: there, or why not. */
  readonly parts: readonly { readonly part: string; readonly ok: boolean; readonly text: string }[];
  readonly tasks: readonly TaskName[];
}

export interface TrainRequest {
  readonly name: string;
  readonly data: string;
  readonly epochs: number;
  readonly learningRate: number;
  readonly start: ModelRef;
  /** Go on where the last run stopped. */
  readonly goOn: boolean;
}

export type TrainEvent =
  | { readonly type: "start"; readonly totalSteps: number; readonly step: number; readonly examples: number }
  | {
      readonly type: "step";
      readonly step: number;
      readonly totalSteps: number;
      readonly loss: number;
      readonly secondsLeft: number;
    }
  | { readonly type: "evaluation"; readonly step: number; readonly accuracy: number; readonly loss: number };

export interface Trained {
  readonly model: ModelRef;
  readonly accuracy: number | null;
  readonly steps: number;
  readonly heldOut: number;
}

/** How numbers are kept. */
export type WeightType = "float32" | "float16" | "bfloat16" | "int8";

/** A format that can be written, and the types that it has. */
export interface OutputFormat {
  readonly name: string;
  readonly title: string;
  readonly types: readonly WeightType[];
}

export interface ConvertRequest {
  readonly model: ModelRef;
  readonly format: string;
  readonly dtype: WeightType;
}

export interface Download {
  readonly name: string;
  readonly zip: Blob;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Weights that the format has no place for. */
  readonly leftOut: readonly string[];
}

/** What computes: the project's own core, or a runtime that an adapter feeds. */
export type RuntimeName = "core" | "onnx" | "tfjs";

/** A way to run the same model. */
export interface RuntimeSetting {
  readonly runtime: RuntimeName;
  readonly dtype: "float32" | "int8";
  readonly threads: number;
}

export interface Measured extends RuntimeSetting {
  readonly backend: string;
  readonly loadMilliseconds: number;
  /** The lowest of the runs. */
  readonly milliseconds: number;
  readonly runs: number;
  readonly output: Float32Array;
}

export interface PlaygroundWorker {
  answer(
    task: TaskName,
    model: ModelRef,
    input: TaskInput,
    onLoad: (progress: LoadProgress) => void,
  ): Promise<Outcome<Answered>>;
  tokens(model: ModelRef, text: string, pair: string | null): Promise<Outcome<Tokens>>;
  layers(model: ModelRef, text: string, pair: string | null): Promise<Outcome<Layers>>;
  /** Keeps files for later requests. */
  keep(files: readonly NamedFile[], title: string): Promise<Outcome<ModelRef>>;
  describe(model: ModelRef): Promise<Outcome<Description>>;
  train(request: TrainRequest, onEvent: (event: TrainEvent) => void): Promise<Outcome<Trained>>;
  convert(request: ConvertRequest): Promise<Outcome<Download>>;
  /** Formats that can be written. */
  formats(): Promise<Outcome<readonly OutputFormat[]>>;
  measure(task: TaskName, model: ModelRef, input: TaskInput, setting: RuntimeSetting): Promise<Outcome<Measured>>;
  /** Ends what runs under that name: a method's, or "load". */
  stop(job: string): void;
  /** Locks a name for as long as the worker lives. Resolves once it has it. */
  holdLock(name: string): Promise<void>;
}
