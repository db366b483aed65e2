/**
 * What went wrong:
 * - "not-found": no such folder, repository, revision or file;
 * - "unauthorized": the server wants a (different) token;
 * - "network": no answer, or a broken one, after all retries;
 * - "offline": not in the cache, and the network must not be used;
 * - "corrupt": the bytes do not match the size or checksum that the server announced;
 * - "truncated": a read past the end of a file;
 * - "too-large": more bytes than are allowed for a file that is read whole, or for any file;
 * - "lfs-pointer": a pointer of Git LFS where the file itself should be;
 * - "invalid-name": a file name that would leave its folder;
 * - "invalid-source": something that cannot be opened here: another kind of source, a pipe, a device;
 * - "io": the disk refused (permissions, space).
 */
export type FilesErrorCode =
  | "not-found"
  | "unauthorized"
  | "network"
  | "offline"
  | "corrupt"
  | "truncated"
  | "too-large"
  | "lfs-pointer"
  | "invalid-name"
  | "invalid-source"
  | "io";

export interface FilesErrorFields extends ErrorOptions {
  readonly location: string;
  readonly file?: string;
  readonly status?: number;
}

/** The one error of this package; `code` says which kind, the other fields where. */
export class FilesError extends Error {
  override readonly name = "FilesError";
  readonly code: FilesErrorCode;
  /** The folder, URL or hub id. */
  readonly location: string;
  /** The file inside it, where one is concerned. */
  readonly file: string | undefined;
  /** The HTTP status, where a server answered. */
  readonly status: number | undefined;

  constructor(code: FilesErrorCode, message: string, fields: FilesErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.location = fields.location;
    this.file = fields.file;
    this.status = fields.status;
  }
}
