import { configFromWeights } from "@convbert/converter/internal";
import { type FileSet, FilesError } from "@convbert/files";
import { pathIn } from "@convbert/files/internal";
import { ConfigError } from "./errors.js";

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

/** What loading must know of a model class before there is a model. */
export interface ModelKind<Config extends ModelConfig, Init> {
  /** The reference's name of the class; a minifier changes `name`, never this. */
  readonly modelName: string;
  readonly baseModel: BaseModel;
  readonly configClass: ConfigClass<Config, Init>;
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
  const file = pathIn(files, "config.json");
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
