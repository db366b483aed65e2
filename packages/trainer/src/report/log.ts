/** A file of lines that can be taken back to an earlier end, so that a resumed run leaves no step out and none twice. */
export interface RunLog {
  append(line: string): Promise<void>;
  /** Makes sure that all lines are safe; gives the bytes so far. */
  sync(): Promise<number>;
  /** Forgets everything after so many bytes. Throws where there are fewer. */
  rewind(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** A log in memory. An empty one may go on where the log of an earlier page or process has ended. */
export class MemoryLog implements RunLog {
  #lines: string[] = [];
  /** Bytes of lines that are gone with an earlier page or process. */
  #before = 0;

  get lines(): readonly string[] {
    return this.#lines;
  }

  async append(line: string): Promise<void> {
    this.#lines.push(line);
  }

  async sync(): Promise<number> {
    return this.#lines.reduce((sum, line) => sum + byteLength(line), this.#before);
  }

  async rewind(bytes: number): Promise<void> {
    if (this.#lines.length === 0) {
      this.#before = bytes;
      return;
    }
    let kept = this.#before;
    let at = 0;
    for (; kept < bytes && at < this.#lines.length; at++) kept += byteLength(this.#lines[at]!);
    if (kept !== bytes) throw new RangeError(`the log has no line that ends at byte ${bytes}`);
    this.#lines = this.#lines.slice(0, at);
  }

  async close(): Promise<void> {}
}

function byteLength(line: string): number {
  return new TextEncoder().encode(line).length + 1;
}

/** How each line of a run's log begins. */
const LINE_START = '{"type":"';

/**
 * A log in a file (Node, Bun, Deno). What the file has stays until {@link RunLog.rewind}.
 * @throws Error for a file that has something else than a run's log, which a new run would remove.
 */
export async function fileLog(path: string): Promise<RunLog> {
  const fs = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  await fs.mkdir(dirname(path), { recursive: true });
  const file = await fs.open(path, "a+");
  let { size } = await file.stat();
  const start = new Uint8Array(Math.min(size, LINE_START.length));
  await file.read(start, 0, start.length, 0);
  // A process that was killed may have left a part of the first line.
  if (!LINE_START.startsWith(new TextDecoder().decode(start))) {
    await file.close();
    throw new Error(`${path} is not the log of a run; give another file, or remove it`);
  }
  return {
    async append(line) {
      const bytes = new TextEncoder().encode(`${line}\n`);
      await file.appendFile(bytes);
      size += bytes.length;
    },
    async sync() {
      await file.sync();
      return size;
    },
    async rewind(bytes) {
      if (bytes > size) throw new RangeError(`${path} has ${size} bytes; the run's log had ${bytes}`);
      await file.truncate(bytes);
      size = bytes;
    },
    close: () => file.close(),
  };
}
