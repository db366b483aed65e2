import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, rm, stat, truncate } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeSafetensors } from "@convbert/converter";
import { writeFiles } from "@convbert/files";
import { UsageError } from "../errors.js";
import { type Line, readLines } from "../lines.js";
import { jsonLine } from "../printable.js";
import type { Output } from "../terminal.js";

/** Where vectors go, row by row. */
export interface VectorOutput {
  /** Rows that are there from an interrupted run, and a hash of their texts. */
  readonly done: number;
  readonly hash: string;
  append(texts: readonly string[], vectors: readonly Float32Array[]): Promise<void>;
  /** Everything was appended. */
  finish(): Promise<void>;
  /** Closes what is open; what was appended stays for a run that goes on. */
  close(): Promise<void>;
}

/** Hashes texts one after the other. */
export class TextsHash {
  readonly #hash: Hash = createHash("sha256");

  add(text: string): void {
    this.#hash.update(`${JSON.stringify(text)}\n`);
  }

  digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

/** Nine digits tell every float32 from its neighbours. */
function rounded(vector: Float32Array): number[] {
  return Array.from(vector, (value) => Number(value.toPrecision(9)));
}

function lineOf(text: string, vector: Float32Array): string {
  return `${jsonLine({ text, vector: rounded(vector) })}\n`;
}

/** A line of JSON for each text on standard output. */
export function streamOutput(stdout: Output): VectorOutput {
  return {
    done: 0,
    hash: new TextsHash().digest(),
    async append(texts, vectors) {
      await stdout.write(texts.map((text, i) => lineOf(text, vectors[i]!)).join(""));
    },
    finish: async () => {},
    close: async () => {},
  };
}

/** The same into a file, behind the whole lines that an interrupted run has left. Throws UsageError for other lines. */
export async function jsonLinesOutput(path: string, size: number): Promise<VectorOutput> {
  const hash = new TextsHash();
  let done = 0;
  const whole = await wholeLines(path, (line) => {
    const { text, vector } = JSON.parse(line.text) as { text: unknown; vector: unknown };
    if (typeof text !== "string" || !Array.isArray(vector) || vector.length !== size) {
      throw new UsageError(
        `${path} has other lines than this encoder's vectors; give another --output, or --overwrite`,
      );
    }
    hash.add(text);
    done++;
  });
  await truncate(path, whole).catch(() => {});
  const file = await open(path, "a");
  return {
    done,
    hash: hash.digest(),
    append: (texts, vectors) => file.appendFile(texts.map((text, i) => lineOf(text, vectors[i]!)).join("")),
    finish: () => file.sync(),
    close: () => file.close(),
  };
}

/**
 * A safetensors file of "vectors" `[texts, size]` and the "texts" themselves, which `convbert search` and the trainer's
 * `--teacher` take. Until all is done, what there is lies in a folder beside it.
 */
export async function tableOutput(path: string, size: number): Promise<VectorOutput> {
  const folder = `${path}.partial`;
  await mkdir(folder, { recursive: true });
  const [textsPath, rowsPath] = [join(folder, "texts.jsonl"), join(folder, `vectors-${size}.f32`)];
  const rowBytes = 4 * size;
  const rows = Math.floor((await stat(rowsPath).catch(() => ({ size: 0 }))).size / rowBytes);
  const hash = new TextsHash();
  let done = 0;
  let textBytes = 0;
  await wholeLines(textsPath, (line, end) => {
    if (done >= rows) return;
    hash.add(JSON.parse(line.text) as string);
    done++;
    textBytes = end;
  });
  // A process that was killed may have written more of one than of the other.
  await truncate(textsPath, textBytes).catch(() => {});
  await truncate(rowsPath, done * rowBytes).catch(() => {});
  const files: FileHandle[] = [await open(textsPath, "a"), await open(rowsPath, "a")];
  const close = async () => {
    await Promise.all(files.splice(0).map((file) => file.close()));
  };
  let count = done;
  return {
    done,
    hash: hash.digest(),
    async append(texts, vectors) {
      const [textsFile, rowsFile] = files as [FileHandle, FileHandle];
      for (const vector of vectors)
        await rowsFile.appendFile(new Uint8Array(vector.buffer, vector.byteOffset, rowBytes));
      await textsFile.appendFile(texts.map((text) => `${JSON.stringify(text)}\n`).join(""));
      count += texts.length;
    },
    async finish() {
      await close();
      const { size: bytes } = await stat(textsPath);
      const textsSize = Math.max(0, bytes - 1);
      const tensors = [
        { name: "vectors", dtype: "F32" as const, shape: [count, size], data: () => floatsOf(rowsPath) },
        // Lines of JSON, the last without its end.
        { name: "texts", dtype: "U8" as const, shape: [textsSize], data: () => bytesOf(textsPath, textsSize) },
      ];
      await writeFiles(dirname(path), { [basename(path)]: writeSafetensors(tensors, { metadata: { format: "pt" } }) });
      await rm(folder, { recursive: true });
    },
    close,
  };
}

/** Calls `visit` for each line with an end, and gives the bytes up to the last of them. */
async function wholeLines(path: string, visit: (line: Line, end: number) => void): Promise<number> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size === 0) return 0;
  let end = 0;
  for await (const line of readLines(createReadStream(path), path)) {
    const next = end + Buffer.byteLength(line.text) + 1;
    // The last one may have been cut off.
    if (next > size || line.problem !== undefined) break;
    try {
      JSON.parse(line.text);
    } catch {
      break;
    }
    visit(line, next);
    end = next;
  }
  return end;
}

async function* floatsOf(path: string): AsyncGenerator<Float32Array> {
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = Uint8Array.from(piece as Buffer);
    yield new Float32Array(bytes.buffer, 0, bytes.length / 4);
  }
}

async function* bytesOf(path: string, size: number): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  for await (const piece of createReadStream(path, { end: size - 1 })) yield piece as Buffer;
}
