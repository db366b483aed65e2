export type { OpenModelOptions } from "@convbert/converter";
export {
  CheckpointError,
  ConfigError,
  DisposedModelError,
  type FromConfigOptions,
  InputError,
  type LoadReport,
  MissingWeightsError,
  type SavePretrainedOptions,
} from "@convbert/nn";
export { enableWideVectors, ndarrayOf, type WideVectorsOptions } from "@convbert/tensor";
export type { ArrayInput, NestedNumbers, ShapedData } from "./arrays.js";
export { ConvBertConfig, type ConvBertConfigInit } from "./config.js";
export {
  CONVBERT_CONFIG_FIELDS,
  type ConfigField,
  type ConvBertConfigFields,
  type ProblemType,
  type SummaryType,
} from "./config-fields.js";
export type { ConfigRule } from "./config-rules.js";
export { convBertConfigSchema } from "./config-schema.js";
export type { ConvBertInputs } from "./inputs.js";
export {
  ConvBertModel,
  type ConvBertModelOutput,
  type ForwardOptions,
  type RaggedModelOutput,
} from "./model.js";
export type { EncoderOutputs, FloatArray } from "./outputs.js";
export {
  type ConvBertModelClass,
  ConvBertPreTrainedModel,
  type FromPretrainedOptions,
  readConfig,
} from "./pretrained.js";
export { type RaggedInputs, type SequenceBatch, sequenceBatch, type TokenIdBatch } from "./sequences.js";
export { type Unpadded, withoutPadding } from "./unpad.js";
