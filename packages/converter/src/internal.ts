// For the packages of this repository alone: not for users, and it changes without notice.
export { withModelFiles } from "./adapter/files.js";
export { byteLengthOf, WIRE_DTYPES } from "./dtypes.js";
export { narrowToHalf, widenHalf } from "./floats.js";
export { safetensorsSize } from "./formats/safetensors/write.js";
export { configFromWeights } from "./open.js";
export { mismatchText } from "./report.js";
export { configJson, parseSize } from "./save.js";
