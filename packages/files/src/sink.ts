/** A destination of files. */
export interface Sink {
  /** Writes a file beside its final place. */
  write(name: string, pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Puts all files in place, and removes those that `isStale` names. */
  commit(isStale: (name: string) => boolean): Promise<void>;
  /** Removes what was written so far. */
  discard(): Promise<void>;
}
