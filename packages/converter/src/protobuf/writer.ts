import { BYTES, FIXED32, FIXED64, VARINT, type WireType } from "./reader.js";

const encoder = new TextEncoder();

/** Bytes that an unsigned varint takes. */
export function varintLength(value: number | bigint): number {
  let length = 1;
  for (let rest = BigInt.asUintN(64, BigInt(value)) >> 7n; rest > 0n; rest >>= 7n) length++;
  return length;
}

/**
 * Writes one message, field by field, in the order of the calls; the wire format of protocol buffers, without schemas.
 * Fields of the value 0 are written too: leave them out where proto3's default is meant.
 */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** int64, int32, uint64 and enums; negative numbers take ten bytes, as they do everywhere. */
  integer(field: number, value: number | bigint): this {
    return this.#tag(field, VARINT).#varint(value);
  }

  boolean(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0);
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#tag(field, FIXED32).raw(bytes);
  }

  fixed32(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.#tag(field, FIXED32).raw(bytes);
  }

  double(field: number, value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#tag(field, FIXED64).raw(bytes);
  }

  /** The bytes are kept, not copied. */
  bytes(field: number, value: Uint8Array): this {
    return this.prefix(field, value.length).raw(value);
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  message(field: number, value: ProtoWriter): this {
    this.prefix(field, value.length);
    this.#parts.push(...value.#parts);
    this.#length += value.#length;
    return this;
  }

  /** A repeated int64, packed; nothing where it is empty. */
  integers(field: number, values: Iterable<number | bigint>): this {
    const packed = new ProtoWriter();
    for (const value of values) packed.#varint(value);
    return packed.length === 0 ? this : this.message(field, packed);
  }

  /** A repeated float, packed; nothing where it is empty. */
  floats(field: number, values: ArrayLike<number>): this {
    if (values.length === 0) return this;
    const bytes = new Uint8Array(4 * values.length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
    return this.bytes(field, bytes);
  }

  /**
   * Tag and length of bytes that are written after it by somebody else: tensors that do not go through memory. They
   * count neither in `length` nor in `finish`.
   */
  prefix(field: number, length: number): this {
    return this.#tag(field, BYTES).#varint(length);
  }

  /** Bytes that are encoded already. */
  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  /** The message, in one piece. */
  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #tag(field: number, wire: WireType): this {
    return this.#varint(field * 8 + wire);
  }

  #varint(value: number | bigint): this {
    const bytes = new Uint8Array(varintLength(value));
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < bytes.length; i++, rest >>= 7n) {
      bytes[i] = Number(rest & 127n) | (i + 1 < bytes.length ? 128 : 0);
    }
    return this.raw(bytes);
  }
}
