import type { WeightFormatName } from "@convbert/converter";
import type { Progress } from "@convbert/files";
import type { FromPretrainedOptions as CoreOptions } from "@convbert/model";
import type * as tf from "@tensorflow/tfjs-core";

/** What all models give besides their own outputs. */
export interface TFEncoderOutputs {
  /** `[batch, length, hidden_size]` each, before, between and after the blocks. */
  readonly hidden_states?: tf.Tensor[];
  /** `[batch, heads, length, length]` of each block. */
  readonly attentions?: tf.Tensor[];
}

/** Options of `fromPretrained`: those of the core's models, but for what concerns its own backend. */
export type TFFromPretrainedOptions = Omit<CoreOptions, "dtype" | "threads" | "backend"> & {
  /** Name of the model among TensorFlow.js's. */
  readonly name?: string;
};

export interface TFFromConfigOptions {
  /** Seed of the weights; without it they are different each time. */
  readonly seed?: number;
  /** Name of the model among TensorFlow.js's. */
  readonly name?: string;
}

export interface TFSavePretrainedOptions {
  /** "tensorflow" (`tf_model.h5`) by default; "safetensors" and "pytorch" for PyTorch and for this library's own models. */
  readonly format?: WeightFormatName;
  /** As "5GB", or bytes; "10GB" by default. */
  readonly maxShardSize?: number | string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
