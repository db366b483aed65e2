import type { WeightFormatName } from "@convbert/converter";
import type { ModelSource, Progress, WriteDestination } from "@convbert/files";
import { type Backend, type BackendOptions, sharedBackend, type WeightDType } from "@convbert/tensor";
import { sizeOf } from "@convbert/tensor/internal";
import type { NdArray } from "ndarray";
import { type LoadModelOptions, type LoadReport, loadCheckpoint, type OpenCheckpoint } from "./load.js";
import type { ModelConfig, ModelKind } from "./model-config.js";
import { type Parameter, ParameterStore, type Room } from "./parameters.js";
import { Random } from "./random.js";
import { expectOneOf, parameterTensors, type SavedDType, saveModel } from "./save.js";
import { Scope } from "./scope.js";

export interface FromConfigOptions extends BackendOptions {
  /** How weights are kept in memory. */
  readonly dtype?: WeightDType;
  readonly seed?: number;
}

export interface SavePretrainedOptions {
  /** "safetensors" by default; "pytorch" writes `pytorch_model.bin`. */
  readonly format?: WeightFormatName;
  /**
   * Element type in the file; by default that of the model in memory. "int8" stores what an int8 model keeps in 8 bits as
   * I8 tensors with their scales beside them (`<name>_scale`), the rest as float32; only this library reads such a file
   * as what it is. An int8 model's other forms hold the numbers that it computes with.
   */
  readonly dtype?: SavedDType;
  /** As "5GB", or bytes; "10GB" by default. */
  readonly maxShardSize?: number | string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

const WEIGHT_DTYPES: readonly WeightDType[] = ["float32", "int8"];

/** A model class: its constructor, and what loading must know before there is a model. */
export interface ModelClass<M extends PreTrainedModel<Config>, Config extends ModelConfig, Init>
  extends ModelKind<Config, Init> {
  new (config: Config, root: Scope): M;
}

/** What every model has: weights by name, loading, saving and disposal (the reference's `PreTrainedModel`). */
export abstract class PreTrainedModel<Config extends ModelConfig = ModelConfig> implements Disposable {
  #config: Config;
  readonly backend: Backend;
  /** Not for users. Where weights are declared. */
  protected readonly root: Scope;
  #loadReport: LoadReport | null = null;

  /** Not for users: use `fromPretrained` or `fromConfig`. */
  constructor(config: Config, root: Scope) {
    this.#config = config;
    this.root = root;
    this.backend = root.backend;
  }

  /** The reference's name of the class, as `architectures` in config.json has it. */
  get modelName(): string {
    return (this.constructor as unknown as { readonly modelName: string }).modelName;
  }

  get config(): Config {
    return this.#config;
  }

  /** Not for users. The configuration follows changes of the weights' shapes. */
  protected set config(config: Config) {
    this.#config = config;
  }

  /** How the large matrix products' weights are kept in memory. */
  get dtype(): WeightDType {
    return this.root.store.dtype;
  }

  /** What the checkpoint lacked or had too much; null for a model that was not loaded. */
  get loadReport(): LoadReport | null {
    return this.#loadReport;
  }

  /**
   * Loads a model from a folder, a URL, a hub id, or files in memory; a LoRA adapter is merged into its base model. Values stream into their final place, so the peak
   * stays close to the size of the weights. A checkpoint that lacks weights is refused, because the model would answer
   * at random; to train a new head on an encoder, ask for it with `allowNewHead`.
   * @throws MissingWeightsError for a checkpoint without weights that nobody has asked to draw; FilesError, WeightsError,
   * ConfigError or CheckpointError; the signal's reason when it aborts.
   */
  static async fromPretrained<M extends PreTrainedModel<Config>, Config extends ModelConfig, Init>(
    this: ModelClass<M, Config, Init>,
    source: ModelSource,
    options: LoadModelOptions<Init> = {},
  ): Promise<M> {
    expectOneOf("dtype", options.dtype ?? "float32", WEIGHT_DTYPES);
    return loadCheckpoint(this, source, options, {
      make: (config, { weights, room }) =>
        create(this, config, { ...options, dtype: options.dtype ?? (weights.present ? "int8" : "float32") }, room),
      fill: (model, checkpoint) => fillModel(model, checkpoint, options),
    });
  }

  /** A new model with the reference's initialisation; the same seed gives the same weights. */
  static async fromConfig<M extends PreTrainedModel<Config>, Config extends ModelConfig, Init>(
    this: ModelClass<M, Config, Init>,
    config: Config | Init,
    options: FromConfigOptions = {},
  ): Promise<M> {
    expectOneOf("dtype", options.dtype ?? "float32", WEIGHT_DTYPES);
    const whole = config instanceof this.configClass ? config : new this.configClass(config as Init);
    const model = await create(this, whole, options);
    model.initialise([...model.parameters()], options.seed);
    model.releaseScratch();
    return model;
  }

  /** Every weight by its name in the reference's state dict, tied ones under each name. */
  parameters(): IterableIterator<Parameter> {
    return this.root.store.values();
  }

  /** One weight by name; undefined when there is none. */
  parameter(name: string): Parameter | undefined {
    return this.root.store.get(name);
  }

  /**
   * The weights of the map from hidden states to the vocabulary, a copy `[vocab_size, embedding_size]`; null for a model
   * that has none, as all but the masked language model (the reference's `get_output_embeddings`).
   */
  getOutputEmbeddings(): NdArray<Float32Array> | null {
    this.assertUsable();
    return null;
  }

  /** How many numbers the model has learned; tied weights count once. */
  numParameters(): number {
    let total = 0;
    for (const { shape, tiedTo } of this.parameters()) {
      total += tiedTo === undefined ? sizeOf(shape) : 0;
    }
    return total;
  }

  /**
   * Writes `config.json` and the weights in the reference's form. Files appear complete or not at all. What is there
   * of these names is replaced, and weights that would be read in place of these, or mixed with them, are removed: those of
   * an earlier save. Anything else stays.
   * Throws FilesError when the destination cannot be written.
   */
  async savePretrained(destination: WriteDestination, options: SavePretrainedOptions = {}): Promise<void> {
    const { dtype = this.dtype, ...rest } = options;
    await saveModel(destination, this, dtype, parameterTensors(this.parameters(), dtype), rest);
  }

  /** Gives back the model's memory. Later calls, and those that still run, throw DisposedModelError. */
  dispose(): void {
    this.root.store.close(this.modelName);
    this.root.dispose();
  }

  /** Not for users. Throws DisposedModelError after `dispose`, of this model or of the one that it is part of. */
  protected assertUsable(): void {
    this.root.store.assertOpen();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Not for users. */
  initialise(parameters: readonly Parameter[], seed?: number): void {
    const random = new Random(seed);
    for (const parameter of parameters) {
      if (parameter.tiedTo === undefined) {
        parameter.initialise(random, this.config.initializer_range);
      }
    }
  }

  /** Not for users. */
  releaseScratch(): void {
    this.root.store.scratch.clear();
  }

  /** Not for users. */
  reportLoad(report: LoadReport): void {
    this.#loadReport = report;
  }
}

async function create<M extends PreTrainedModel<Config>, Config extends ModelConfig>(
  Model: new (config: Config, root: Scope) => M,
  config: Config,
  options: BackendOptions & { readonly dtype?: WeightDType },
  room: Room | null = null,
): Promise<M> {
  const root = new Scope(await sharedBackend(options), new ParameterStore(options.dtype, room));
  try {
    const model = new Model(config, root);
    root.store.liftRoom();
    return model;
  } catch (error) {
    root.dispose();
    throw error;
  }
}

/** Reads a checkpoint's weights into a model's, and draws those that it lacks. */
async function fillModel(
  model: PreTrainedModel,
  checkpoint: OpenCheckpoint,
  { signal, seed }: LoadModelOptions<unknown>,
): Promise<void> {
  const parameters = [...model.parameters()];
  const match = checkpoint.match(model.config, parameters);
  const ties = parameters.filter(({ tiedTo }) => tiedTo !== undefined);
  const fresh: Parameter[] = [];
  for (const parameter of parameters) {
    const { name, tiedTo } = parameter;
    const found = match.mapping.get(name);
    if (tiedTo !== undefined) {
      continue;
    }
    if (found === undefined) {
      fresh.push(parameter);
      continue;
    }
    signal?.throwIfAborted();
    // Of two tables that are one in the model, the reference keeps what it reads last: the head's.
    const tied = ties.find((other) => other.tiedTo === name);
    await checkpoint.weights.load((tied && match.mapping.get(tied.name)) || found, parameter, {
      ...(signal && { signal }),
    });
  }
  model.initialise(fresh, seed);
  model.releaseScratch();
  model.reportLoad(checkpoint.report(model.config, match));
}
