/** A stream that text is written to. */
export interface Output {
  readonly isTTY: boolean;
  /** Characters of a line, where the stream is a terminal. */
  readonly columns: number | undefined;
  /** Resolves when the stream can take more. */
  write(text: string): Promise<void>;
}

/** What a command sees of the world; tests give their own. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY: boolean };
  /**
   * Whether standard input will have something to read: false for a terminal, for /dev/null, and for a pipe on which
   * nothing arrives within a moment.
   */
  hasInput(): Promise<boolean>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether nothing but the command runs in this process, so that it may set the engine's flags. */
  readonly ownsProcess?: boolean;
  /** Aborts when the person presses Ctrl-C, or the process is asked to end (SIGTERM). */
  readonly signal: AbortSignal;
  /**
   * Runs this command with other arguments in a process of its own, which shares standard error. Undefined where there
   * is no such process.
   */
  readonly runAgain?: (args: readonly string[]) => Promise<{ readonly code: number; readonly stdout: string }>;
}
