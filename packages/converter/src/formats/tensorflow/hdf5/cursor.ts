import { WeightsError } from "../../../errors.js";

/** Sizes of addresses and lengths, which a file chooses for itself. */
export interface Sizes {
  readonly offsets: number;
  readonly lengths: number;
}

/** Reads the fields of one structure of the file, little-endian, and never beyond its end. */
export class Cursor {
  at = 0;
  readonly bytes: Uint8Array;
  readonly #sizes: Sizes;
  readonly #file: string;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, sizes: Sizes, file: string) {
    this.bytes = bytes;
    this.#sizes = sizes;
    this.#file = file;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** @throws WeightsError "format" with what is wrong and in which file. */
  fail(message: string): never {
    throw new WeightsError("format", `damaged HDF5 file: ${message}`, { file: this.#file });
  }

  /** @throws WeightsError "unsupported" with what is not read. */
  refuse(what: string): never {
    throw new WeightsError("unsupported", `${what} is not read; write the file again as Keras does`, {
      file: this.#file,
    });
  }

  take(length: number): Uint8Array {
    if (length < 0 || length > this.left) this.fail("a structure ends too early");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    this.take(2);
    return this.#view.getUint16(this.at - 2, true);
  }

  u32(): number {
    this.take(4);
    return this.#view.getUint32(this.at - 4, true);
  }

  /** An unsigned integer of that many bytes. */
  uint(size: number): number {
    const bytes = this.take(size);
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[i]!;
    if (!Number.isSafeInteger(value)) this.fail("a length or an address is impossible");
    return value;
  }

  length(): number {
    return this.uint(this.#sizes.lengths);
  }

  /** An address from the start of the file; undefined where there is none (all bits set). */
  address(): number | undefined {
    const size = this.#sizes.offsets;
    if (this.bytes.subarray(this.at, this.at + size).every((byte) => byte === 0xff)) {
      this.take(size);
      return undefined;
    }
    return this.uint(size);
  }

  /** Four letters that a structure begins with. */
  signature(expected: string): void {
    const found = String.fromCharCode(...this.take(4));
    if (found !== expected) this.fail(`${expected} is missing`);
  }

  /** The cursor over the next bytes. */
  part(length: number): Cursor {
    return new Cursor(this.take(length), this.#sizes, this.#file);
  }

  /** Goes on to the next multiple of 8 from where this structure began. */
  align(): void {
    this.take(Math.min(-this.at & 7, this.left));
  }
}

/** Text up to the first NUL, or all of it. */
export function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
