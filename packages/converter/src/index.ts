export { type OpenModelOptions, openModelFiles } from "./adapter/files.js";
export { companionNames } from "./companions.js";
export { type CopyOptions, namedTensor, tensorsOf } from "./copy.js";
export type { WireDType } from "./dtypes.js";
export { WeightsError, type WeightsErrorCode } from "./errors.js";
export { readPyTorch } from "./formats/pytorch/read.js";
export { writePyTorch } from "./formats/pytorch/write.js";
export { type FoundWeights, findWeights, WEIGHT_FORMATS, type WeightFormatName } from "./formats/registry.js";
export { readSafetensors, type SafetensorsReader } from "./formats/safetensors/read.js";
export { type WriteSafetensorsOptions, writeSafetensors } from "./formats/safetensors/write.js";
export {
  type LoadingInfo,
  type MatchOptions,
  matchNames,
  type NamedShape,
  type NameMatch,
  type ShapeMismatch,
} from "./match.js";
export { type OpenWeightsOptions, openWeights } from "./open.js";
export { type LoadMessage, loadReport, type ReportContext } from "./report.js";
export {
  modelFiles,
  type SaveModelFilesOptions,
  saveModelFiles,
  type WeightFiles,
  type WeightFilesOptions,
  weightFiles,
} from "./save.js";
export type { WeightsSource } from "./source.js";
export type {
  NamedTensor,
  ReadOptions,
  TensorData,
  TensorInfo,
  TypedArray,
  WeightsReader,
  WriteOptions,
} from "./types.js";
