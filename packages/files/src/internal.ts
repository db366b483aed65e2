// For the packages of this repository alone: not for users, and it changes without notice.
export { type HeldLock, tryLock } from "./lock.js";
export { checkFileName } from "./names.js";
export { openStore } from "./open.js";
export { pathIn } from "./path-in.js";
export { hasNode } from "./platform.js";
export { printable, quoted } from "./quoted.js";
export { createSha256 } from "./sha256.js";
export { type FileStore, isStored } from "./store.js";
export { turn } from "./turn.js";
