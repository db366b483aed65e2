// For the packages of this repository alone: not for users, and it changes without notice.
export { Int8Checkpoint } from "./int8-checkpoint.js";
export { columnBlocks, moveBlocks, rowBlocks, transposed } from "./layouts.js";
export { checkMissing, checkQuantised, checkTies, roomFor } from "./new-weights.js";
export { packedPlace, reordered, tensorPlace } from "./parameters.js";
export { readModelConfig } from "./pretrained.js";
export { Random } from "./random.js";
