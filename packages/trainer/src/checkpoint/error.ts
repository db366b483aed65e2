export type TrainerCheckpointErrorCode =
  /** A file is missing, damaged, or of a version that this one does not read. */
  | "damaged"
  /** It belongs to a run with other options, another model or other data. */
  | "mismatch";

/** A checkpoint from which the run cannot go on. `checkpoint` names it. */
export class TrainerCheckpointError extends Error {
  override readonly name = "TrainerCheckpointError";
  readonly code: TrainerCheckpointErrorCode;
  readonly checkpoint: string;

  constructor(code: TrainerCheckpointErrorCode, checkpoint: string, reason: string, cause?: unknown) {
    super(`the checkpoint ${checkpoint}: ${reason}`, { cause });
    this.code = code;
    this.checkpoint = checkpoint;
  }
}
