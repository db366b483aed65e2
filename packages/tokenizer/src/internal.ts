// For the packages of this repository alone: not for users, and it changes without notice.
export { questionWindows } from "./question-windows.js";
export { SPECIAL_TOKEN_NAMES } from "./special-tokens.js";
