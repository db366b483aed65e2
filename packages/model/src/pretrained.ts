import type { FileSet } from "@convbert/files";
import { type BaseModel, type LoadModelOptions, type ModelClass, PreTrainedModel } from "@convbert/nn";
import { readModelConfig } from "@convbert/nn/internal";
import { ConvBertConfig, type ConvBertConfigInit } from "./config.js";
import type { EncodeOptions, RunOptions } from "./encode.js";

/** Options of every model's `fromPretrained`. */
export type FromPretrainedOptions = LoadModelOptions<ConvBertConfigInit>;

/** A class of ConvBERT models. Not for users. */
export type ConvBertModelClass<M extends ConvBertPreTrainedModel> = ModelClass<M, ConvBertConfig, ConvBertConfigInit>;

/** Where the encoder's weights are in a model with a head. */
export const BASE_MODEL: BaseModel = { name: "ConvBertModel", prefix: "convbert" };

/** What all six models have (the reference's `ConvBertPreTrainedModel`). */
export abstract class ConvBertPreTrainedModel extends PreTrainedModel<ConvBertConfig> {
  static readonly configClass: typeof ConvBertConfig = ConvBertConfig;
  static readonly baseModel: BaseModel = BASE_MODEL;

  /** Not for users. Options of a run that ends when the model is disposed. */
  protected running(options: EncodeOptions): RunOptions {
    return { ...options, assertUsable: () => this.assertUsable() };
  }
}

/**
 * Reads and checks `config.json`; for a TensorFlow 1 checkpoint without one, what its shapes say, and defaults. Throws
 * FilesError when there is neither and ConfigError when it makes no sense.
 */
export function readConfig(files: FileSet, changes: ConvBertConfigInit = {}): Promise<ConvBertConfig> {
  return readModelConfig(ConvBertConfig, files, changes);
}
