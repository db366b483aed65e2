import {
  loadReport,
  matchNames,
  type NamedShape,
  type NameMatch,
  type OpenModelOptions,
  openWeights,
  type WeightsReader,
} from "@convbert/converter";
import { mismatchText, withModelFiles } from "@convbert/converter/internal";
import type { ModelSource } from "@convbert/files";
import { pathIn } from "@convbert/files/internal";
import type { BackendOptions, WeightDType } from "@convbert/tensor";
import { CheckpointError, ConfigError } from "./errors.js";
import { Int8Checkpoint } from "./int8-checkpoint.js";
import { type ConfigFields, type ModelConfig, type ModelKind, readModelConfig } from "./model-config.js";
import { checkMissing, checkQuantised, checkTies, type NewWeightsOptions, roomFor } from "./new-weights.js";
import type { Room } from "./parameters.js";

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

/** What loading found: names as the reference's `output_loading_info` gives them. */
export type LoadReport = Pick<NameMatch, "missing" | "unexpected" | "mismatched">;

/** The checkpoint that a model is made from, while it is open. */
export class OpenCheckpoint {
  /** Its weights, whatever they are kept in. */
  readonly weights: Int8Checkpoint;
  readonly #reader: WeightsReader;
  readonly #location: string;
  readonly #kind: ModelKind<ModelConfig, never>;
  readonly #options: LoadModelOptions<unknown>;

  constructor(
    reader: WeightsReader,
    location: string,
    kind: ModelKind<ModelConfig, never>,
    options: LoadModelOptions<unknown>,
  ) {
    this.weights = new Int8Checkpoint(reader, location);
    this.#reader = reader;
    this.#location = location;
    this.#kind = kind;
    this.#options = options;
  }

  /** How much its configuration may ask for. */
  get room(): Room {
    return roomFor(this.#kind, this.#reader, this.#location, this.#options);
  }

  /**
   * What it has for a model's weights.
   * @throws MissingWeightsError, CheckpointError or WeightsError where that does not do.
   */
  match(config: ModelConfig, weights: readonly (NamedShape & { readonly tiedTo?: string })[]): NameMatch {
    const location = this.#location;
    const { modelName, baseModel } = this.#kind;
    checkQuantised([...this.#reader.tensors.values()], config.extra["quantization_config"], location);
    const tied = weights.flatMap(({ name, tiedTo }) => (tiedTo === undefined ? [] : [[tiedTo, name]]));
    const found = this.weights.list();
    const match = matchNames(found, weights, { prefix: baseModel.prefix, tied });
    const { architectures } = config;
    const wanted = weights.map(({ name }) => name);
    checkMissing(match, { model: modelName, base: baseModel, location, architectures, found, wanted }, this.#options);
    if (match.mismatched.length > 0 && !(this.#options.ignoreMismatchedSizes ?? false)) {
      throw new CheckpointError(location, mismatchText(match.mismatched, modelName));
    }
    checkTies(match, tied, this.#reader, location);
    return match;
  }

  /** Warns of what did not fit, and gives it. */
  report({ architectures }: ModelConfig, match: NameMatch): LoadReport {
    const { onWarning = console.warn } = this.#options;
    const messages = loadReport(match, {
      model: this.#kind.modelName,
      location: this.#location,
      ...(architectures !== null && { architectures }),
    });
    for (const { level, text } of messages) {
      if (level === "warning") {
        onWarning(text);
      }
    }
    return { missing: match.missing, unexpected: match.unexpected, mismatched: match.mismatched };
  }
}

/** How a model comes from a checkpoint. */
export interface LoadSteps<Model, Config> {
  /** A model whose weights are yet to be read. */
  make(config: Config, checkpoint: OpenCheckpoint): Model | Promise<Model>;
  /** Reads them. */
  fill(model: Model, checkpoint: OpenCheckpoint): Promise<void>;
}

/**
 * Opens a model's files, reads its configuration, makes the model, no larger than the checkpoint's weights allow, and
 * fills it; closes what it opened, and disposes a model that cannot be filled.
 * @throws FilesError, WeightsError, ConfigError or CheckpointError; the signal's reason when it aborts.
 */
export async function loadCheckpoint<Model extends { dispose(): unknown }, Config extends ModelConfig, Init>(
  kind: ModelKind<Config, Init>,
  source: ModelSource,
  options: LoadModelOptions<Init>,
  { make, fill }: LoadSteps<Model, Config>,
): Promise<Model> {
  const { signal, useSafetensors, variant } = options;
  return withModelFiles(source, options, async (files) => {
    try {
      const config = await readModelConfig(kind.configClass, files, options.config);
      const reader = await openWeights(files, {
        ...(signal && { signal }),
        ...(useSafetensors !== undefined && { useSafetensors }),
        ...(variant !== undefined && { variant }),
      });
      try {
        const checkpoint = new OpenCheckpoint(reader, files.location, kind, options);
        const model = await make(config, checkpoint);
        try {
          await fill(model, checkpoint);
        } catch (error) {
          model.dispose();
          throw error;
        }
        return model;
      } finally {
        await reader.close();
      }
    } catch (error) {
      throw error instanceof ConfigError && error.file === undefined ? error.in(pathIn(files, "config.json")) : error;
    }
  });
}
