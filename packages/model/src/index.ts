export type { OpenModelOptions } from "@convbert/converter";
export { enableWideVectors, ndarrayOf, type WideVectorsOptions } from "@convbert/tensor";
export type { ArrayInput, NestedNumbers, ShapedData } from "./arrays.js";
export {
  ConvBertConfig,
  type ConvBertConfigFields,
  type ConvBertConfigInit,
  type ProblemType,
  type SummaryType,
} from "./config.js";
export { CheckpointError, ConfigError, DisposedModelError, InputError, MissingWeightsError } from "./errors.js";
export type { ConvBertInputs } from "./inputs.js";
export {
  ConvBertModel,
  type ConvBertModelOutput,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  type RaggedInputs,
  type RaggedModelOutput,
} from "./model.js";
export {
  type FromConfigOptions,
  type FromPretrainedOptions,
  type LoadReport,
  type ModelClass,
  PreTrainedModel,
  readConfig,
  type SavePretrainedOptions,
} from "./pretrained.js";
