// For the packages of this repository alone: not for users, and it changes without notice.
export { columnBlocks, moveBlocks, rowBlocks, transposed } from "./layouts.js";
export { loadCheckpoint, type OpenCheckpoint } from "./load.js";
export { readModelConfig } from "./model-config.js";
export { Random } from "./random.js";
export { parameterTensors, savedConfig, saveModel } from "./save.js";
export { packedSlot, reorderedSlot, tensorSlot } from "./slots.js";
