import { DataError } from "./error.js";

/** Contents with a name for error messages. A string here is the text itself. */
export interface NamedData {
  readonly name: string;
  readonly data: string | Uint8Array | ArrayBuffer | Blob;
}

/**
 * Where data comes from: a path (Node, Bun, Deno), an address (`http:`, `https:`, `blob:`, `data:`, `file:`; as string or
 * URL), a Blob or File, bytes, or contents with a name.
 */
export type DataSource = string | URL | Blob | Uint8Array | ArrayBuffer | NamedData;

/** Bytes that can be read from the start, as often as needed, and at any place where `read` is there. */
export interface ByteSource {
  readonly name: string;
  /** Pieces from the start to the end. */
  stream(signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** The bytes from `offset` on; fewer than `length` only at the end. Absent where only streaming works. */
  readonly read?: (offset: number, length: number) => Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Bytes that a stream hands over at a time. */
const PIECE = 1 << 18;

/** Opens a source. Throws DataError "unreadable" where there is nothing to read, at once or with the first piece. */
export async function openSource(source: DataSource): Promise<ByteSource> {
  if (typeof source === "string") {
    return /^(https?|blob|data|file):/i.test(source) ? openAddress(new URL(source)) : openPath(source, source);
  }
  if (source instanceof URL) return openAddress(source);
  if (source instanceof Blob) return openBlob(source, "name" in source ? String(source.name) : "data");
  if (source instanceof Uint8Array) return openBytes(source, "data");
  if (source instanceof ArrayBuffer) return openBytes(new Uint8Array(source), "data");
  if (typeof source === "object" && source !== null && "data" in source) {
    const { name, data } = source;
    if (typeof data === "string") return openBytes(new TextEncoder().encode(data), name);
    if (data instanceof Blob) return openBlob(data, name);
    if (data instanceof Uint8Array) return openBytes(data, name);
    if (data instanceof ArrayBuffer) return openBytes(new Uint8Array(data), name);
  }
  throw new DataError("unreadable", "give a path, a URL, a Blob, bytes or { name, data }", { file: "data" });
}

function openBytes(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    async *stream(signal) {
      for (let at = 0; at < bytes.length; at += PIECE) {
        signal?.throwIfAborted();
        yield bytes.subarray(at, at + PIECE);
      }
    },
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    close: async () => {},
  };
}

function openBlob(blob: Blob, name: string): ByteSource {
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    try {
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    } catch (cause) {
      throw new DataError("unreadable", `the file cannot be read: ${reason(cause)}`, { file: name }, cause);
    }
  };
  return {
    name,
    async *stream(signal) {
      for (let at = 0; at < blob.size; at += PIECE) {
        signal?.throwIfAborted();
        yield await read(at, PIECE);
      }
    },
    read,
    close: async () => {},
  };
}

async function openAddress(url: URL): Promise<ByteSource> {
  if (url.protocol === "file:") {
    const { fileURLToPath } = await import("node:url");
    const path = fileURLToPath(url);
    return openPath(path, path);
  }
  // A data: address is its contents.
  const name = url.protocol === "data:" ? "data:" : url.href;
  return {
    name,
    async *stream(signal) {
      const fail = (cause: unknown): DataError =>
        new DataError("unreadable", `the address cannot be read: ${reason(cause)}`, { file: name }, cause);
      const response = await fetch(url, signal ? { signal } : {}).catch((cause: unknown) => {
        signal?.throwIfAborted();
        throw fail(cause);
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw new DataError("unreadable", `the server answered ${response.status} ${response.statusText}`.trim(), {
          file: name,
        });
      }
      const reader = response.body?.getReader();
      if (reader === undefined) return;
      try {
        while (true) {
          const { done, value } = await reader.read();
          if (done) return;
          yield value;
        }
      } catch (cause) {
        signal?.throwIfAborted();
        throw fail(cause);
      } finally {
        await reader.cancel().catch(() => {});
      }
    },
    close: async () => {},
  };
}

async function openPath(path: string, name: string): Promise<ByteSource> {
  const fail = (cause: unknown): never => {
    throw new DataError("unreadable", `the file cannot be read: ${reason(cause)}`, { file: name }, cause);
  };
  const { open } = await import("node:fs/promises").catch(() => {
    throw new DataError("unreadable", "paths need a file system; in a page give a URL or a File", { file: name });
  });
  const file = await open(path, "r").catch(fail);
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled).catch(fail);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  };
  return {
    name,
    async *stream(signal) {
      for (let at = 0; ; ) {
        signal?.throwIfAborted();
        const piece = await read(at, PIECE);
        if (piece.length > 0) yield piece;
        at += piece.length;
        if (piece.length < PIECE) return;
      }
    },
    read,
    close: async () => {
      await file.close();
    },
  };
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
