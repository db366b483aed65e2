export { ParameterBuffers } from "./buffers.js";
export { CheckpointError, ConfigError, DisposedModelError, InputError, MissingWeightsError } from "./errors.js";
export { Embedding, GroupedLinear, LayerNorm, Linear } from "./modules.js";
export type { NewWeightsOptions } from "./new-weights.js";
export type { Initialiser, Layout, Parameter, Place, Scope, WeightArray } from "./parameters.js";
export {
  type BaseModel,
  type ConfigClass,
  type ConfigFields,
  type FromConfigOptions,
  type LoadModelOptions,
  type LoadReport,
  type ModelClass,
  type ModelConfig,
  PreTrainedModel,
  type SavePretrainedOptions,
} from "./pretrained.js";
