export { FilesError, type FilesErrorCode } from "./errors.js";
export { openFiles, withFiles } from "./open.js";
export type { FileSet, ModelSource, OpenFilesOptions, Progress, RandomAccessFile, WholeFileOptions } from "./types.js";
export { type FileContents, type WriteDestination, type WriteFilesOptions, writeFiles } from "./write.js";
