import { WeightsError } from "../errors.js";

/** How a field's value stands on the wire. Groups (3 and 4) are of the time before ONNX and TensorFlow: refused. */
export type WireType = 0 | 1 | 2 | 5;

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** Deepest nesting of messages that is followed, as in Google's own libraries. */
export const MAX_NESTING = 100;

/** The largest number of a field: 29 bits. */
const MAX_FIELD = 2 ** 29 - 1;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the fields of one message, and never beyond its end: wire format of protocol buffers, without schemas.
 * `next` goes to the next field, then one of the other methods takes its value; what is not taken is skipped.
 *
 * ```ts
 * while (message.next()) {
 *   if (message.field === 1) name = message.text();
 *   else if (message.field === 2) message.integers(dims); // packed or not
 * }
 * ```
 *
 * Lengths beyond the message, varints of more than 64 bits, groups, field 0, a value of another kind than the one that
 * is taken and nesting deeper than {@link MAX_NESTING} are a WeightsError "format". No call takes memory beyond the bytes
 * that are there.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
export class ProtoReader {
  /** Number of the field that `next` has come to. */
  field = 0;
  /** How its value stands on the wire. */
  wire: WireType = VARINT;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;
  readonly #depth: number;
  #at = 0;
  #isTaken = true;

  /**
   * @param bytes the message, whole; not copied.
   * @param file name of the file, for messages.
   */
  constructor(bytes: Uint8Array, file: string, depth = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#file = file;
    this.#depth = depth;
    if (depth > MAX_NESTING) this.fail(`messages are nested deeper than ${MAX_NESTING} levels`);
  }

  /** Where the next byte is taken from, from the start of the message. */
  get at(): number {
    return this.#at;
  }

  /** @throws WeightsError "format" with what is wrong and in which file. */
  fail(message: string): never {
    throw new WeightsError("format", `damaged protocol buffer: ${message}`, { file: this.#file });
  }

  /** Goes to the next field; false at the end of the message. */
  next(): boolean {
    if (!this.#isTaken) this.#skip();
    if (this.#at === this.#bytes.length) return false;
    const tag = this.#smallVarint("a field");
    const wire = tag % 8;
    this.field = Math.floor(tag / 8);
    if (this.field === 0 || this.field > MAX_FIELD) this.fail(`there is no field ${this.field}`);
    if (wire !== VARINT && wire !== FIXED64 && wire !== BYTES && wire !== FIXED32) {
      this.fail(`field ${this.field} has the wire type ${wire}`);
    }
    this.wire = wire;
    this.#isTaken = false;
    return true;
  }

  /** int64, int32 and enums: a signed number; one that a JavaScript number cannot hold exactly is an error. */
  integer(): number {
    this.#expect(VARINT, "an integer");
    return this.#safe(BigInt.asIntN(64, this.#varint()));
  }

  /** uint64 and uint32: as `integer`, unsigned. */
  unsigned(): number {
    this.#expect(VARINT, "an unsigned integer");
    return this.#smallVarint("an unsigned integer");
  }

  /** int64 with all its bits. */
  bigint(): bigint {
    this.#expect(VARINT, "an integer");
    return BigInt.asIntN(64, this.#varint());
  }

  boolean(): boolean {
    this.#expect(VARINT, "a boolean");
    return this.#varint() !== 0n;
  }

  float(): number {
    this.#expect(FIXED32, "a float");
    return this.#view.getFloat32(this.#advance(4), true);
  }

  double(): number {
    this.#expect(FIXED64, "a double");
    return this.#view.getFloat64(this.#advance(8), true);
  }

  fixed32(): number {
    this.#expect(FIXED32, "a fixed32");
    return this.#view.getUint32(this.#advance(4), true);
  }

  fixed64(): bigint {
    this.#expect(FIXED64, "a fixed64");
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  /** A view of the value's bytes. */
  bytes(): Uint8Array {
    this.#expect(BYTES, "bytes");
    const length = this.#smallVarint("a length");
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The length of bytes, which are not here: the reader of a file goes on behind them, and this one ends. */
  lengthAhead(): number {
    this.#expect(BYTES, "bytes");
    return this.#smallVarint("a length");
  }

  /** UTF-8; anything else is an error. */
  text(): string {
    try {
      return utf8.decode(this.bytes());
    } catch (cause) {
      if (cause instanceof WeightsError) throw cause;
      return this.fail(`field ${this.field} is no UTF-8 text`);
    }
  }

  /** A message within this one. */
  message(): ProtoReader {
    return new ProtoReader(this.bytes(), this.#file, this.#depth + 1);
  }

  /** Appends the values of a repeated int64, packed or one at a time. */
  integers(target: number[]): void {
    this.#repeated(VARINT, (part) => target.push(part.#safe(BigInt.asIntN(64, part.#varint()))));
  }

  /** Appends the values of a repeated int64 with all their bits. */
  bigints(target: bigint[]): void {
    this.#repeated(VARINT, (part) => target.push(BigInt.asIntN(64, part.#varint())));
  }

  /** Appends the values of a repeated float. */
  floats(target: number[]): void {
    this.#repeated(FIXED32, (part) => target.push(part.#view.getFloat32(part.#advance(4), true)));
  }

  /** Appends the values of a repeated double. */
  doubles(target: number[]): void {
    this.#repeated(FIXED64, (part) => target.push(part.#view.getFloat64(part.#advance(8), true)));
  }

  #repeated(wire: WireType, take: (part: ProtoReader) => void): void {
    if (this.wire !== BYTES) {
      this.#expect(wire, "a repeated number");
      take(this);
      return;
    }
    const part = this.message();
    while (part.#at < part.#bytes.length) take(part);
  }

  #expect(wire: WireType, what: string): void {
    if (this.#isTaken) throw new Error("the field's value has been taken already");
    if (this.wire !== wire) this.fail(`field ${this.field} is no ${what.replace(/^an? /, "")}`);
    this.#isTaken = true;
  }

  #skip(): void {
    this.#isTaken = true;
    if (this.wire === VARINT) this.#varint();
    else if (this.wire === FIXED64) this.#advance(8);
    else if (this.wire === FIXED32) this.#advance(4);
    else this.#advance(this.#smallVarint("a length"));
  }

  /** Where the next bytes start; the reader goes past them. */
  #advance(length: number): number {
    if (length > this.#bytes.length - this.#at) {
      this.fail(`field ${this.field} needs ${length} bytes, and ${this.#bytes.length - this.#at} are left`);
    }
    this.#at += length;
    return this.#at - length;
  }

  #safe(value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) this.fail(`field ${this.field} has the impossible value ${value}`);
    return number;
  }

  /** A varint that a JavaScript number holds exactly. */
  #smallVarint(what: string): number {
    // Nearly all have at most four bytes.
    let value = 0;
    for (let shift = 0; shift < 28 && this.#at + shift / 7 < this.#bytes.length; shift += 7) {
      const byte = this.#bytes[this.#at + shift / 7]!;
      value |= (byte & 127) << shift;
      if (byte < 128) {
        this.#at += shift / 7 + 1;
        return value;
      }
    }
    const large = this.#varint();
    if (large > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`${what} has the impossible value ${large}`);
    return Number(large);
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) this.fail("a number ends too early");
      this.#at++;
      // Of the tenth byte only one bit is within 64.
      if (shift === 63n && byte > 1) this.fail("a number has more than 64 bits");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    return this.fail("a number has more than 64 bits");
  }
}
