import { describeContents } from "../../../contents.js";
import { WeightsError } from "../../../errors.js";
import { crc32c, masked } from "./crc32c.js";
import { FOOTER_BYTES, MAGIC, TRAILER_BYTES } from "./format.js";
import { unsnap } from "./snappy.js";

/** One entry of a table. */
export interface TableEntry {
  /** Bytes of the key as Latin-1 text, so that it can be compared. */
  readonly key: string;
  readonly value: Uint8Array;
}

/** Longest key; the name of a variable. */
const LONGEST_KEY = 4096;
/** Keys share beginnings with their neighbours, never so much that this many times the table comes out. */
const MOST_KEYS = 64;

/**
 * All entries of a LevelDB table in their order: blocks with keys of shared beginnings, each with a checksum, which is
 * verified. Blocks may be packed with Snappy.
 * Source: https://github.com/google/leveldb/blob/main/doc/table_format.md, tensorflow/core/lib/io/table.cc
 * @throws WeightsError "format" for anything damaged, "unsupported" for blocks packed otherwise.
 */
export function readTable(bytes: Uint8Array, file: string): TableEntry[] {
  return new TableReader(bytes, file).entries();
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

class TableReader {
  readonly #bytes: Uint8Array;
  readonly #file: string;
  /** Bytes of keys that may still come. */
  #budget: number;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
    this.#budget = bytes.length * MOST_KEYS + LONGEST_KEY;
  }

  entries(): TableEntry[] {
    const footer = this.#bytes.subarray(Math.max(0, this.#bytes.length - FOOTER_BYTES));
    if (footer.length < FOOTER_BYTES || MAGIC.some((byte, i) => footer[FOOTER_BYTES - 8 + i] !== byte)) {
      const what = describeContents(this.#bytes.subarray(0, 16));
      throw new WeightsError(
        "format",
        `not an index of a TensorFlow checkpoint${what ? `: it is ${what}` : ", or cut off"}`,
        {
          file: this.#file,
        },
      );
    }
    const handles = new Varints(footer.subarray(0, FOOTER_BYTES - 8), () => this.#fail("its end is unreadable"));
    // The first one is of filters, which nobody needs.
    this.#block(handles.handle());
    const entries: TableEntry[] = [];
    let end = 0;
    for (const { value } of this.#block(handles.handle())) {
      const handle = new Varints(value, () => this.#fail("the handle of a block is unreadable")).handle();
      // Each byte is in one block, so that no block can be read as often as a hostile file likes.
      if (handle.offset < end) this.#fail("its blocks overlap");
      end = handle.offset + handle.size + TRAILER_BYTES;
      for (const entry of this.#block(handle)) {
        if (entries.length > 0 && entry.key <= entries.at(-1)!.key) this.#fail("its keys are not in order");
        entries.push(entry);
      }
    }
    return entries;
  }

  #fail(message: string): never {
    throw new WeightsError("format", `damaged index of a TensorFlow checkpoint: ${message}`, { file: this.#file });
  }

  #block({ offset, size }: Handle): TableEntry[] {
    if (offset + size + TRAILER_BYTES > this.#bytes.length - FOOTER_BYTES) this.#fail("a block goes beyond its end");
    const end = offset + size;
    const kind = this.#bytes[end]!;
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + end + 1, 4);
    if (masked(crc32c(this.#bytes.subarray(offset, end + 1))) !== view.getUint32(0, true)) {
      this.#fail(`the checksum of the block at byte ${offset} is wrong`);
    }
    const stored = this.#bytes.subarray(offset, end);
    if (kind === 0) return this.#parse(stored);
    if (kind === 1) return this.#parse(unsnap(stored) ?? this.#fail("a block cannot be unpacked"));
    throw new WeightsError("unsupported", `an index whose blocks are packed by method ${kind} is not read`, {
      file: this.#file,
    });
  }

  #parse(block: Uint8Array): TableEntry[] {
    if (block.length < 4) this.#fail("a block is too short");
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const end = block.length - 4 - 4 * view.getUint32(block.length - 4, true);
    if (end < 0) this.#fail("a block ends before it begins");
    const fields = new Varints(block.subarray(0, end), () => this.#fail("an entry goes beyond its block"));
    const entries: TableEntry[] = [];
    let key = "";
    while (fields.left > 0) {
      const [shared, own, size] = [fields.next(), fields.next(), fields.next()];
      if (shared > key.length) this.#fail("a key shares more than the one before it has");
      if (shared + own > LONGEST_KEY) this.#fail(`a key has ${shared + own} bytes`);
      this.#budget -= shared + own;
      if (this.#budget < 0) this.#fail("its keys share too much");
      key = key.slice(0, shared) + String.fromCharCode(...fields.take(own));
      entries.push({ key, value: fields.take(size) });
    }
    return entries;
  }
}

/** Numbers of seven bits a byte, and what lies between them. */
class Varints {
  readonly #bytes: Uint8Array;
  readonly #fail: () => never;
  #at = 0;

  constructor(bytes: Uint8Array, fail: () => never) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  next(): number {
    let value = 0;
    for (let shift = 0; shift < 56; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) this.#fail();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return Number.isSafeInteger(value) ? value : this.#fail();
    }
    return this.#fail();
  }

  take(length: number): Uint8Array {
    if (length > this.left) this.#fail();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  handle(): Handle {
    return { offset: this.next(), size: this.next() };
  }
}
