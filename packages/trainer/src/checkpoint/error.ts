export type CheckpointErrorCode =
  /** A file is missing, damaged, or of a version that this one does not read. */
  | "damaged"
  /** It belongs to a run with other options, another model or other data. */
  | "mismatch";

/** A checkpoint from which the run cannot go on. `checkpoint` names it. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly code: CheckpointErrorCode;
  readonly checkpoint: string;

  constructor(code: CheckpointErrorCode, checkpoint: string, reason: string, cause?: unknown) {
    super(`the checkpoint ${checkpoint}: ${reason}`, { cause });
    this.code = code;
    this.checkpoint = checkpoint;
  }
}
