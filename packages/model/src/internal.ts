// For the packages of this repository alone: not for users, and it changes without notice.
export { withModelFiles } from "@convbert/converter/internal";
export { checkArguments } from "./arguments.js";
export { floats, type HostArray, integers, isIntegral } from "./arrays.js";
export { ParameterBuffers } from "./buffers.js";
export { drop } from "./convbert.js";
export type { Encoded, TrainingRun } from "./encode.js";
export { type PreparedInputs, prepareInputs } from "./inputs.js";
export { Int8Checkpoint } from "./int8-checkpoint.js";
export { checkRagged, encoderOutputs, paddedOutput, sequenceRows, withShape } from "./model.js";
export { hiddenActivation, LayerNorm, Linear } from "./modules.js";
export { checkMissing, checkQuantised, checkTies, type NewWeightsOptions, roomFor } from "./new-weights.js";
export type { Parameter, Scope } from "./parameters.js";
export { Random } from "./random.js";
export { withoutPadding } from "./unpad.js";
