export { byteLengthOf, type WireDType } from "./dtypes.js";
export { WeightsError, type WeightsErrorCode } from "./errors.js";
export {
  type LoadingInfo,
  type MatchOptions,
  matchNames,
  type NamedShape,
  type NameMatch,
  type ShapeMismatch,
} from "./match.js";
export { openWeights } from "./open.js";
export { readSafetensors } from "./safetensors/read.js";
export type { WeightsSource } from "./source.js";
export type { NamedTensor, ReadOptions, TensorData, TensorInfo, TypedArray, WeightsReader } from "./types.js";
