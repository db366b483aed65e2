import type { MemoryReport, Storage } from "../backend.js";
import { BackendError } from "../errors.js";
import { BlockPool } from "../pool.js";

const PAGE = 65536;
/** Blocks start here; what lies below belongs to the compilers' static data. */
const FIRST_BLOCK = 4096;
/** Bytes by which a full memory grows at least. */
const GROWTH = 4 << 20;
const ADDRESS_SPACE = 2 ** 32;

/** A block of the linear memory. */
export class WasmStorage implements Storage {
  readonly pointer: number;
  readonly byteLength: number;
  readonly #memory: LinearMemory;

  constructor(memory: LinearMemory, pointer: number, byteLength: number) {
    this.#memory = memory;
    this.pointer = pointer;
    this.byteLength = byteLength;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.pointer, this.byteLength);
  }

  float32(): Float32Array {
    return new Float32Array(this.#memory.buffer, this.pointer, this.byteLength >> 2);
  }

  int32(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.pointer, this.byteLength >> 2);
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, this.pointer, length);
  }
}

/** The memory that all kernels see, divided into blocks that are reused by size class. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly #pool = new BlockPool<WasmStorage>();
  readonly #live = new Set<WasmStorage>();
  #next = FIRST_BLOCK;
  #liveBytes = 0;
  #peakBytes = 0;

  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: GROWTH / PAGE, maximum: ADDRESS_SPACE / PAGE, shared });
  }

  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  allocate(byteLength: number): WasmStorage {
    const size = BlockPool.sizeClass(byteLength);
    const block = this.#pool.take(size) ?? this.#extend(size);
    this.#live.add(block);
    this.#liveBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes);
    return block;
  }

  #extend(size: number): WasmStorage {
    const end = this.#next + size;
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
    const block = new WasmStorage(this, this.#next, size);
    this.#next = end;
    return block;
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
    if (this.#live.delete(block as WasmStorage)) {
      this.#liveBytes -= block.byteLength;
      this.#pool.give(block.byteLength, block as WasmStorage);
    }
  }

  report(): MemoryReport {
    return {
      liveBytes: this.#liveBytes,
      peakBytes: this.#peakBytes,
      pooledBytes: this.#pool.pooledBytes,
      reservedBytes: this.memory.buffer.byteLength,
      liveBlocks: this.#live.size,
    };
  }

  clear(): void {
    this.#live.clear();
    this.#pool.clear();
    this.#liveBytes = 0;
    this.#next = FIRST_BLOCK;
  }
}
