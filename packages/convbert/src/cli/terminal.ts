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
  /** Aborts when the person presses Ctrl-C, or the process is asked to end (SIGTERM). */
  readonly signal: AbortSignal;
  /**
   * Runs this command with other arguments in a process of its own, which shares standard error. Undefined where there
   * is no such process.
   */
  readonly runAgain?: (args: readonly string[]) => Promise<{ readonly code: number; readonly stdout: string }>;
}

/** The lines of a stream of UTF-8, without their ends ("\n" or "\r\n") and without a leading byte order mark. */
export async function* readLines(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of stream) {
    const lines = (rest + (typeof piece === "string" ? piece : decoder.decode(piece, { stream: true }))).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield withoutReturn(line);
  }
  rest += decoder.decode();
  if (rest !== "") yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
