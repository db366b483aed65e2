import { WeightsError } from "../../errors.js";

/** Thrown when the input ends within a pickle; a caller that holds a part of a file can come again with more. */
export class PickleEndError extends Error {
  override readonly name = "PickleEndError";
}

const MAX_LONG_BYTES = 256;

/**
 * The bytes of a pickle, read one opcode or argument after the other. Numbers are little-endian but for `float64`.
 * All of it throws PickleEndError where the bytes end, and WeightsError for what cannot be what it is read as.
 */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** Where the next one begins. */
  at: number;

  constructor(bytes: Uint8Array, start: number, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.at = start;
  }

  /** Throws WeightsError. */
  fail(message: string): never {
    throw new WeightsError("format", `damaged pickle at byte ${this.at}: ${message}`, { file: this.#file });
  }

  /** Moves on by `length` bytes and returns where they start. */
  #take(length: number): number {
    const start = this.at;
    if (start + length > this.#bytes.length) throw new PickleEndError();
    this.at = start + length;
    return start;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A length of 8 bytes. */
  long8(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail("a length in it is impossible");
    return Number(value);
  }

  raw(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** So many bytes of UTF-8. */
  text(length: number): string {
    return this.#decode(this.raw(length));
  }

  #decode(bytes: Uint8Array): string {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      this.fail("its text is not valid UTF-8");
    }
  }

  /** Text up to the end of its line. */
  line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) throw new PickleEndError();
    const text = this.#decode(this.#bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  quoted(): string {
    const text = this.line();
    const quote = text[0];
    if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote))
      this.fail("a string is not quoted");
    return text.slice(1, -1).replace(/\\(['"\\])/g, "$1");
  }

  textInteger(): number | bigint | boolean {
    const text = this.line().replace(/L$/, "");
    if (text === "00") return false;
    if (text === "01") return true;
    if (text.length > MAX_LONG_BYTES || !/^[+-]?\d+$/.test(text)) this.fail("an integer is not valid");
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  }

  binaryLong(length: number): number | bigint {
    if (length > MAX_LONG_BYTES) this.fail("an integer is too long");
    const bytes = this.raw(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    if (length > 0 && bytes[length - 1]! >= 128) value -= 1n << BigInt(8 * length);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }
}
