import { crc32c, masked } from "./crc32c.js";
import { FOOTER_BYTES, MAGIC } from "./format.js";
import type { TableEntry } from "./read.js";

/** Keys share beginnings with the one before, but for each of so many. */
const RESTART_EVERY = 16;
/** A block ends when it has this many bytes, as TensorFlow's do. */
const BLOCK_BYTES = 262_144;

/**
 * A LevelDB table of entries whose keys ascend, byte by byte what TensorFlow's own writer makes of a table that fits one
 * block.
 * Source: tensorflow/core/lib/io/table_builder.cc, block_builder.cc
 * @param restartEvery how many keys share beginnings until one is written whole again.
 */
export function writeTable(entries: Iterable<TableEntry>, restartEvery = RESTART_EVERY): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  const append = (contents: Uint8Array): Uint8Array => {
    const block = new Uint8Array(contents.length + 5);
    block.set(contents);
    new DataView(block.buffer).setUint32(
      contents.length + 1,
      masked(crc32c(block.subarray(0, contents.length + 1))),
      true,
    );
    pieces.push(block);
    const handle = Uint8Array.from([...varint(at), ...varint(contents.length)]);
    at += block.length;
    return handle;
  };
  const index = new BlockBuilder(1);
  let block = new BlockBuilder(restartEvery);
  let last = "";
  for (const { key, value } of entries) {
    if (block.size >= BLOCK_BYTES) {
      index.add(last, append(block.finish()));
      block = new BlockBuilder(restartEvery);
    }
    block.add(key, value);
    last = key;
  }
  if (block.size > 0) {
    const value = append(block.finish());
    index.add(shortSuccessor(last), value);
  }
  const filters = append(new BlockBuilder(RESTART_EVERY).finish());
  const handles = append(index.finish());
  const footer = new Uint8Array(FOOTER_BYTES);
  footer.set(filters);
  footer.set(handles, filters.length);
  footer.set(MAGIC, FOOTER_BYTES - MAGIC.length);
  pieces.push(footer);
  return joined(pieces);
}

class BlockBuilder {
  readonly #every: number;
  readonly #pieces: Uint8Array[] = [];
  readonly #restarts: number[] = [0];
  #since = 0;
  #last = "";
  size = 0;

  constructor(every: number) {
    this.#every = every;
  }

  add(key: string, value: Uint8Array): void {
    let shared = 0;
    if (this.#since < this.#every) {
      while (shared < key.length && shared < this.#last.length && key[shared] === this.#last[shared]) shared++;
    } else {
      this.#restarts.push(this.size);
      this.#since = 0;
    }
    const own = key.slice(shared);
    const head = Uint8Array.from([...varint(shared), ...varint(own.length), ...varint(value.length)]);
    for (const piece of [head, latin1(own), value]) {
      this.#pieces.push(piece);
      this.size += piece.length;
    }
    this.#since++;
    this.#last = key;
  }

  finish(): Uint8Array {
    const end = new DataView(new ArrayBuffer(4 * (this.#restarts.length + 1)));
    for (const [i, at] of [...this.#restarts, this.#restarts.length].entries()) end.setUint32(4 * i, at, true);
    return joined([...this.#pieces, new Uint8Array(end.buffer)]);
  }
}

/** The shortest key that is not before this one. */
function shortSuccessor(key: string): string {
  const at = [...key].findIndex((character) => character !== "\xff");
  return at < 0 ? key : key.slice(0, at) + String.fromCharCode(key.charCodeAt(at) + 1);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
