export { type OpenModelOptions, withModelFiles } from "@convbert/converter";
export { enableWideVectors, ndarrayOf, type WideVectorsOptions } from "@convbert/tensor";
export { checkArguments } from "./arguments.js";
export {
  type ArrayInput,
  floats,
  type HostArray,
  integers,
  isIntegral,
  type NestedNumbers,
  type ShapedData,
} from "./arrays.js";
export { ParameterBuffers } from "./buffers.js";
export {
  ConvBertConfig,
  type ConvBertConfigFields,
  type ConvBertConfigInit,
  type ProblemType,
  type SummaryType,
} from "./config.js";
export { drop } from "./convbert.js";
export type { Encoded, EncodeInputs, EncodeOptions, TrainingRun } from "./encode.js";
export { CheckpointError, ConfigError, DisposedModelError, InputError, MissingWeightsError } from "./errors.js";
export { type ConvBertInputs, type PreparedInputs, prepareInputs } from "./inputs.js";
export {
  ConvBertModel,
  type ConvBertModelOutput,
  type EncoderOutputs,
  encoderOutputs,
  type FloatArray,
  type ForwardOptions,
  paddedOutput,
  type RaggedInputs,
  type RaggedModelOutput,
  resizedRows,
  sequenceRows,
  withShape,
} from "./model.js";
export { type Embedding, hiddenActivation, LayerNorm, Linear } from "./modules.js";
export type { BufferLookup, Parameter, Place, Scope } from "./parameters.js";
export {
  type FromConfigOptions,
  type FromPretrainedOptions,
  type LoadReport,
  type ModelClass,
  PreTrainedModel,
  readConfig,
  type SavePretrainedOptions,
} from "./pretrained.js";
export { Random } from "./random.js";
export { type Unpadded, withoutPadding } from "./unpad.js";
