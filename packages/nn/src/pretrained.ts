import {
  loadReport,
  matchNames,
  type NameMatch,
  type OpenModelOptions,
  openModelFiles,
  openWeights,
  WEIGHT_FORMATS,
  type WeightFormatName,
  type WeightsReader,
  weightFiles,
} from "@convbert/converter";
import { configFromWeights, mismatchText } from "@convbert/converter/internal";
import {
  type FileSet,
  FilesError,
  type ModelSource,
  type Progress,
  type WriteDestination,
  writeFiles,
} from "@convbert/files";
import { type Backend, type BackendOptions, sharedBackend, type WeightDType } from "@convbert/tensor";
import { sizeOf } from "@convbert/tensor/internal";
import type { NdArray } from "ndarray";
import { CheckpointError, ConfigError, InputError } from "./errors.js";
import { Int8Checkpoint, int8Tensors, QUANTIZATION_CONFIG } from "./int8-checkpoint.js";
import { checkMissing, checkQuantised, checkTies, type NewWeightsOptions, roomFor } from "./new-weights.js";
import { type Parameter, ParameterStore, type Room, Scope } from "./parameters.js";
import { Random } from "./random.js";

/** What every model's `fromPretrained` takes. `Init` are the fields of its configuration. */
export interface LoadModelOptions<Init = ConfigFields> extends OpenModelOptions, BackendOptions, NewWeightsOptions {
  /**
   * How weights are kept in memory, whatever the file has; by default "int8" for a checkpoint that was saved so, else
   * "float32". "int8" quantises the large matrix products' weights (a scale for each output channel; inputs are quantised
   * a token at a time) and the word embeddings (a scale for each row): a quarter of the memory and several times the
   * speed, with results that differ by about a hundredth. Everything else stays float32.
   */
  readonly dtype?: WeightDType;
  /** `true`: only safetensors, `false`: only PyTorch files; by default safetensors first (the reference's `use_safetensors`). */
  readonly useSafetensors?: boolean;
  /** Takes the weights of that name, `model.fp16.safetensors` for "fp16" (the reference's `variant`). */
  readonly variant?: string;
  /** Values that replace those of `config.json`, `{ num_labels: 5 }` for a new head. */
  readonly config?: Init;
  /** Draw weights whose shapes differ instead of failing (the reference's `ignore_mismatched_sizes`). */
  readonly ignoreMismatchedSizes?: boolean;
  /** Seed of the weights that are drawn. */
  readonly seed?: number;
  /** Takes warnings about new, unused and mismatched weights; `console.warn` by default. */
  readonly onWarning?: (text: string) => void;
}

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
  readonly dtype?: "float32" | "float16" | "bfloat16" | "int8";
  /** As "5GB", or bytes; "10GB" by default. */
  readonly maxShardSize?: number | string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What loading found: names as the reference's `output_loading_info` gives them. */
export type LoadReport = Pick<NameMatch, "missing" | "unexpected" | "mismatched">;

const WEIGHT_DTYPES: readonly WeightDType[] = ["float32", "int8"];
const WIRE_TYPES = { float32: "F32", float16: "F16", bfloat16: "BF16", int8: "F32" } as const;

/** The fields of a `config.json`. */
export type ConfigFields = Readonly<Record<string, unknown>>;

/** A configuration: whole and readonly. What loading and saving need of it; an architecture's own has its fields besides. */
export interface ModelConfig {
  /** Standard deviation of new weights. */
  readonly initializer_range: number;
  /** Class names that the checkpoint was saved from. */
  readonly architectures: readonly string[] | null;
  /** Fields of the file that shape nothing, as they were. */
  readonly extra: ConfigFields;
  /** The same configuration with other values in some fields; undefined takes one out of `extra`. */
  with(changes: ConfigFields): ModelConfig;
  /** What `config.json` gets. */
  toJSON(): ConfigFields;
}

/** How an architecture's configurations are made. */
export interface ConfigClass<Config extends ModelConfig, Init> {
  new (init?: Init): Config;
  /** Throws ConfigError for what is none. */
  fromJSON(json: unknown): Config;
}

/** An architecture's encoder among the weights of its models with a head. */
export interface BaseModel {
  /** Name of the class that is the encoder alone. */
  readonly name: string;
  /** What the encoder's weights are named under in a model with a head, as "bert" (the reference's `base_model_prefix`). */
  readonly prefix: string;
}

/** A model class: its constructor, and what loading must know before there is a model. */
export interface ModelClass<M extends PreTrainedModel<Config>, Config extends ModelConfig, Init> {
  new (config: Config, root: Scope): M;
  /** The reference's name of the class; a minifier changes `name`, never this. */
  readonly modelName: string;
  readonly baseModel: BaseModel;
  readonly configClass: ConfigClass<Config, Init>;
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
    const files = await openModelFiles(source, options);
    try {
      const config = await readModelConfig(this.configClass, files, options.config);
      const { signal, useSafetensors, variant } = options;
      const reader = await openWeights(files, {
        ...(signal && { signal }),
        ...(useSafetensors !== undefined && { useSafetensors }),
        ...(variant !== undefined && { variant }),
      });
      try {
        const stored = new Int8Checkpoint(reader, files.location).present ? "int8" : "float32";
        const room = roomFor(this, reader, files.location, options);
        const model = await create(this, config, { ...options, dtype: options.dtype ?? stored }, room);
        try {
          await load(model, this.baseModel, reader, files.location, options);
        } catch (error) {
          model.dispose();
          throw error;
        }
        return model;
      } finally {
        await reader.close();
      }
    } catch (error) {
      throw error instanceof ConfigError && error.file === undefined
        ? error.in(`${files.location}/config.json`)
        : error;
    } finally {
      // A set that was handed in stays open for its owner.
      if (files !== source) {
        await files.close();
      }
    }
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
   * Writes `config.json` and the weights in the reference's form. Files appear complete or not at all. What the place has
   * of these names is replaced, and weights that would be read in place of these, or mixed with them, are removed: those of
   * an earlier save. Anything else stays.
   * Throws FilesError when the place cannot be written.
   */
  async savePretrained(destination: WriteDestination, options: SavePretrainedOptions = {}): Promise<void> {
    const { dtype = this.dtype, format = "safetensors", maxShardSize, signal, onProgress } = options;
    expectOneOf("dtype", dtype, Object.keys(WIRE_TYPES));
    expectOneOf(
      "format",
      format,
      WEIGHT_FORMATS.filter(({ writes }) => writes).map(({ name }) => name),
    );
    const tensors = [...this.parameters()].flatMap((parameter) => {
      const { name, shape, tiedTo, read, place } = parameter;
      if (dtype === "int8" && place.int8 !== null) {
        return int8Tensors(parameter, place.int8);
      }
      return [{ name, shape, dtype: WIRE_TYPES[dtype], data: read, ...(tiedTo !== undefined && { tiedTo }) }];
    });
    const weights = await weightFiles(tensors, {
      format,
      ...(maxShardSize !== undefined && { maxShardSize }),
      metadata: { format: "pt" },
    });
    const isInt8 = dtype === "int8";
    const config = this.config.with({
      architectures: [this.modelName],
      torch_dtype: isInt8 ? "float32" : dtype,
      quantization_config: isInt8 ? QUANTIZATION_CONFIG : undefined,
    });
    const json = `${JSON.stringify(config, null, 2)}\n`;
    await writeFiles(destination, [["config.json", json], ...weights.files], {
      isStale: weights.isStale,
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
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

/** JavaScript callers can pass anything. */
function expectOneOf(argument: string, value: unknown, known: readonly string[]): void {
  if (!known.includes(value as string)) {
    throw new InputError(argument, `${JSON.stringify(value)} is none of ${known.join(", ")}`);
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

/**
 * Reads and checks `config.json`; for a TensorFlow 1 checkpoint without one, what its shapes say, and defaults. Throws
 * FilesError when there is neither and ConfigError when it makes no sense.
 */
export async function readModelConfig<Config extends ModelConfig, Init>(
  Config: ConfigClass<Config, Init>,
  files: FileSet,
  changes?: Init,
): Promise<Config> {
  const file = `${files.location}/config.json`;
  const json = await readConfigJson(files, file);
  let config: Config;
  try {
    config = Config.fromJSON(json);
  } catch (error) {
    throw error instanceof ConfigError ? error.in(file) : error;
  }
  return Object.keys(changes ?? {}).length === 0 ? config : (config.with(changes as ConfigFields) as Config);
}

async function readConfigJson(files: FileSet, file: string): Promise<unknown> {
  let text: string;
  try {
    text = await files.readText("config.json");
  } catch (error) {
    const isAbsent = error instanceof FilesError && error.code === "not-found";
    const derived = isAbsent ? await configFromWeights(files) : undefined;
    if (derived === undefined) throw error;
    return derived;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("(whole)", "it is not valid JSON", { cause, file });
  }
}

async function load(
  model: PreTrainedModel,
  base: BaseModel,
  reader: WeightsReader,
  location: string,
  options: LoadModelOptions<unknown>,
): Promise<void> {
  const { signal, ignoreMismatchedSizes = false, onWarning = console.warn } = options;
  checkQuantised([...reader.tensors.values()], model.config.extra["quantization_config"], location);
  const checkpoint = new Int8Checkpoint(reader, location);
  const parameters = new Map([...model.parameters()].map((parameter) => [parameter.name, parameter]));
  const tied = [...parameters.values()].flatMap(({ name, tiedTo }) => (tiedTo === undefined ? [] : [[tiedTo, name]]));
  const found = checkpoint.weights();
  const match = matchNames(found, parameters.values(), { prefix: base.prefix, tied });
  const { architectures } = model.config;
  const context = { model: model.modelName, base, location, architectures, found, wanted: [...parameters.keys()] };
  checkMissing(match, context, options);
  if (match.mismatched.length > 0 && !ignoreMismatchedSizes) {
    throw new CheckpointError(location, mismatchText(match.mismatched, model.modelName));
  }
  checkTies(match, tied, reader, location);
  const fresh: Parameter[] = [];
  for (const [name, parameter] of parameters) {
    const found = match.mapping.get(name);
    if (parameter.tiedTo !== undefined) {
      continue;
    }
    if (found === undefined) {
      fresh.push(parameter);
      continue;
    }
    signal?.throwIfAborted();
    // Of two tables that are one in the model, the reference keeps what it reads last: the head's.
    const tiedName = tied.find(([target]) => target === name)?.[1];
    await checkpoint.load((tiedName !== undefined && match.mapping.get(tiedName)) || found, parameter, {
      ...(signal && { signal }),
    });
  }
  model.initialise(fresh, options.seed);
  model.releaseScratch();
  model.reportLoad({ missing: match.missing, unexpected: match.unexpected, mismatched: match.mismatched });
  const messages = loadReport(match, {
    model: model.modelName,
    location,
    ...(architectures !== null && { architectures }),
  });
  for (const { level, text } of messages) {
    if (level === "warning") {
      onWarning(text);
    }
  }
}
