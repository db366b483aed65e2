// For the packages of this repository alone: not for users, and it changes without notice.
export { applyDense } from "./sentence-dense.js";
export { sentenceModuleFiles } from "./sentence-modules.js";
