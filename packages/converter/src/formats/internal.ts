// For the packages of this repository alone, as `../internal.ts`. Apart from it, because who takes something from there
// would load the code of formats with it.
export { ProtoReader } from "../protobuf/reader.js";
export { ProtoWriter } from "../protobuf/writer.js";
export { WEIGHTS_KEY } from "./onnx/graph.js";
export type { WeightEntry, WeightTable } from "./onnx/table.js";
export { tensorflowNames } from "./tensorflow/names.js";
