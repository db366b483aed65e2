export { type CopyOptions, namedTensor, tensorsOf } from "./copy.js";
export { byteLengthOf, WIRE_DTYPES, type WireDType } from "./dtypes.js";
export { WeightsError, type WeightsErrorCode } from "./errors.js";
export {
  type LoadingInfo,
  type MatchOptions,
  matchNames,
  type NamedShape,
  type NameMatch,
  type ShapeMismatch,
} from "./match.js";
export { type OpenWeightsOptions, openWeights } from "./open.js";
export { readPyTorch } from "./pytorch/read.js";
export { writePyTorch } from "./pytorch/write.js";
export { type LoadMessage, loadReport, mismatchText, type ReportContext } from "./report.js";
export { readSafetensors } from "./safetensors/read.js";
export {
  safetensorsSize,
  type WriteOptions,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from "./safetensors/write.js";
export { parseSize, type WeightFiles, type WeightFilesOptions, weightFiles } from "./save.js";
export type { WeightsSource } from "./source.js";
export type { NamedTensor, ReadOptions, TensorData, TensorInfo, TypedArray, WeightsReader } from "./types.js";
