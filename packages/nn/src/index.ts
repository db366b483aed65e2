export { ParameterBuffers } from "./buffers.js";
export { CheckpointError, ConfigError, DisposedModelError, InputError, MissingWeightsError } from "./errors.js";
export type { LoadModelOptions, LoadReport } from "./load.js";
export type { BaseModel, ConfigClass, ConfigFields, ModelConfig, ModelKind } from "./model-config.js";
export { Embedding, GroupedLinear, LayerNorm, Linear } from "./modules.js";
export type { NewWeightsOptions } from "./new-weights.js";
export type { Initialiser, Layout, Parameter, Place, Scope, WeightArray } from "./parameters.js";
export {
  type FromConfigOptions,
  type ModelClass,
  PreTrainedModel,
  type SavePretrainedOptions,
} from "./pretrained.js";
export type { SavedDType } from "./save.js";
