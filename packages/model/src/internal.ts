// For the packages of this repository alone: not for users, and it changes without notice.
export { withModelFiles } from "@convbert/converter/internal";
export { checkArguments } from "./arguments.js";
export { floats, type HostArray, integers, isIntegral } from "./arrays.js";
export { drop } from "./convbert.js";
export type { Encoded, TrainingRun } from "./encode.js";
export { hiddenActivation } from "./feed-forward.js";
export { type PreparedInputs, type PreparedSequences, prepareInputs } from "./inputs.js";
export { encoderOutputs, paddedOutput, type Read, readAll, sequenceRows, withShape } from "./outputs.js";
export { BASE_MODEL } from "./pretrained.js";
export { asSequenceBatch, isSequenceBatch, prepareSequences, sliceSequences } from "./sequences.js";
