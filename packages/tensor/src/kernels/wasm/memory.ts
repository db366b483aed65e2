import type { MemoryReport } from "../../backend.js";
import { BackendError } from "../../errors.js";
import type { Storage } from "../../operands.js";
import { CACHE_LINE, MEMORY_PAGES } from "../constants.js";

const PAGE = 65536;
/** Blocks start here; what lies below belongs to the compilers' static data. */
const FIRST_BLOCK = 4096;
/** Bytes by which a full memory grows at least. */
const GROWTH = 4 << 20;
const ADDRESS_SPACE = MEMORY_PAGES * PAGE;
/** No two blocks share a line of a cache, and every block starts where vectors like to. */
const ALIGNMENT = CACHE_LINE;

/** Whether memory can be shared with workers here: always in Node, Bun and Deno, in pages with cross-origin isolation. */
export function canShareMemory(): boolean {
  return (
    typeof SharedArrayBuffer === "function" &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false
  );
}

interface Range {
  start: number;
  size: number;
}

/** A block of the linear memory. */
export class WasmStorage implements Storage {
  readonly address: number;
  readonly byteLength: number;
  readonly #memory: LinearMemory;

  constructor(memory: LinearMemory, address: number, byteLength: number) {
    this.#memory = memory;
    this.address = address;
    this.byteLength = byteLength;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.address, this.byteLength);
  }

  float32(): Float32Array {
    return new Float32Array(this.#memory.buffer, this.address, this.byteLength / 4);
  }

  int32(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.address, this.byteLength / 4);
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, this.address, length);
  }
}

/**
 * The memory that all kernels see. Blocks are handed out from the lowest free range that has room, and freed neighbours
 * become one again: after a call that gives everything back, the memory is what it was before, so that the next call finds
 * the same addresses whatever its size, and the most that is ever reserved is what the largest single call needs.
 */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Free ranges below `#end`, in the order of their addresses, none next to another. */
  readonly #free: Range[] = [];
  readonly #live = new Set<WasmStorage>();
  /** Everything from here on was never used. */
  #end = FIRST_BLOCK;
  #liveBytes = 0;
  #peakBytes = 0;

  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: GROWTH / PAGE, maximum: MEMORY_PAGES, shared });
  }

  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  allocate(byteLength: number): WasmStorage {
    const size = Math.ceil(Math.max(1, byteLength) / ALIGNMENT) * ALIGNMENT;
    const block = new WasmStorage(this, this.#take(size) ?? this.#extend(size), size);
    this.#live.add(block);
    this.#liveBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return block;
  }

  #take(size: number): number | undefined {
    const index = this.#free.findIndex((range) => range.size >= size);
    const range = this.#free[index];
    if (range === undefined) {
      return undefined;
    }
    const { start } = range;
    if (range.size === size) {
      this.#free.splice(index, 1);
    } else {
      range.start += size;
      range.size -= size;
    }
    return start;
  }

  /** New memory, together with the free range that lies before it. */
  #extend(size: number): number {
    const last = this.#free.at(-1);
    const isAdjacent = last !== undefined && last.start + last.size === this.#end;
    const start = isAdjacent ? last.start : this.#end;
    const end = start + size;
    if (end > ADDRESS_SPACE) {
      throw this.#full(size);
    }
    const missing = end - this.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        const room = (ADDRESS_SPACE - this.memory.buffer.byteLength) / PAGE;
        this.memory.grow(Math.min(Math.ceil(Math.max(missing, GROWTH) / PAGE), room));
      } catch (cause) {
        throw this.#full(size, cause);
      }
    }
    if (isAdjacent) {
      this.#free.pop();
    }
    this.#end = end;
    return start;
  }

  #full(size: number, cause?: unknown): BackendError {
    const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
    return new BackendError(
      "allocate",
      `no memory for ${megabytes(size)} more; ${megabytes(this.#liveBytes)} are in use, WebAssembly has 4096 MB at most: ` +
        "dispose models that are not needed, or run smaller batches",
      { cause },
    );
  }

  release(block: Storage): void {
    if (!this.#live.delete(block as WasmStorage)) {
      return;
    }
    const { address: start, byteLength: size } = block as WasmStorage;
    this.#liveBytes -= size;
    const free = this.#free;
    let at = free.length;
    while (at > 0 && free[at - 1]!.start > start) {
      at--;
    }
    const [before, after] = [free[at - 1], free[at]];
    const joinsBefore = before !== undefined && before.start + before.size === start;
    const joinsAfter = after !== undefined && start + size === after.start;
    if (joinsBefore) {
      before.size += size + (joinsAfter ? after.size : 0);
      free.splice(at, joinsAfter ? 1 : 0);
    } else if (joinsAfter) {
      after.start = start;
      after.size += size;
    } else {
      free.splice(at, 0, { start, size });
    }
  }

  report(): MemoryReport {
    return {
      liveBytes: this.#liveBytes,
      peakBytes: this.#peakBytes,
      pooledBytes: this.#free.reduce((sum, { size }) => sum + size, 0),
      reservedBytes: this.memory.buffer.byteLength,
      liveBlocks: this.#live.size,
    };
  }

  clear(): void {
    this.#live.clear();
    this.#free.length = 0;
    this.#liveBytes = 0;
    this.#end = FIRST_BLOCK;
  }
}
