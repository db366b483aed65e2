export { ParameterBuffers } from "./buffers.js";
export { Embedding } from "./embedding.js";
export { CheckpointError, ConfigError, DisposedModelError, InputError, MissingWeightsError } from "./errors.js";
export { GroupedLinear } from "./grouped-linear.js";
export { LayerNorm } from "./layer-norm.js";
export type { Layout, WeightArray } from "./layouts.js";
export { Linear } from "./linear.js";
export type { LoadModelOptions, LoadReport } from "./load.js";
export type { BaseModel, ConfigClass, ConfigFields, ModelConfig, ModelKind } from "./model-config.js";
export type { NewWeightsOptions } from "./new-weights.js";
export type { Initialiser, Parameter } from "./parameters.js";
export {
  type FromConfigOptions,
  type ModelClass,
  PreTrainedModel,
  type SavePretrainedOptions,
} from "./pretrained.js";
export type { SavedDType } from "./save.js";
export type { Scope } from "./scope.js";
export type { Slot } from "./slots.js";
