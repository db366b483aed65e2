import type { WireDType } from "../../../dtypes.js";
import { lookup3 } from "./lookup3.js";
import { MESSAGES } from "./messages.js";

/** Bytes of a structure, appended little-endian. The room is made before the buffer is looked at: it may be another one then. */
export class Builder {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  #reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(...values: number[]): this {
    for (const value of values) {
      const at = this.#reserve(1);
      this.#bytes[at] = value;
    }
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** A length or an address; all bits set where there is none. */
  u64(value: number | undefined): this {
    const at = this.#reserve(8);
    this.#view.setBigUint64(at, value === undefined ? 0xffff_ffff_ffff_ffffn : BigInt(value), true);
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/** A message of an object header. */
export interface OutMessage {
  readonly type: number;
  readonly body: Uint8Array;
}

/** An object header of version 2, with its checksum. */
export function objectHeader(messages: readonly OutMessage[]): Uint8Array {
  const header = new Builder().raw(ascii("OHDR")).u8(2, 2);
  header.u32(messages.reduce((sum, { body }) => sum + 4 + body.length, 0));
  for (const { type, body } of messages) header.u8(type).u16(body.length).u8(0).raw(body);
  return header.u32(lookup3(header.bytes())).bytes();
}

/** A superblock of version 2. */
export function superblock(root: number, end: number): Uint8Array {
  const block = new Builder().u8(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a).u8(2, 8, 8, 0);
  block.u64(0).u64(undefined).u64(end).u64(root);
  return block.u32(lookup3(block.bytes())).bytes();
}

export const SUPERBLOCK_BYTES = 48;

/** The messages of a group whose links stand in its header. */
export function groupMessages(links: ReadonlyMap<string, number>): OutMessage[] {
  const linkInfo = new Builder().u8(0, 0).u64(undefined).u64(undefined);
  const messages: OutMessage[] = [
    { type: MESSAGES.linkInfo, body: linkInfo.bytes() },
    { type: MESSAGES.groupInfo, body: Uint8Array.of(0, 0) },
  ];
  for (const [name, address] of links) {
    const encoded = new TextEncoder().encode(name);
    const link = new Builder().u8(1, 0x11, 1).u16(encoded.length).raw(encoded).u64(address);
    messages.push({ type: MESSAGES.link, body: link.bytes() });
  }
  return messages;
}

/** An attribute of texts of one length: a list, or one text. */
export function textAttribute(name: string, texts: readonly string[] | string): OutMessage {
  const encoded = (typeof texts === "string" ? [texts] : texts).map((text) => new TextEncoder().encode(text));
  const width = Math.max(1, ...encoded.map(({ length }) => length));
  const type = new Builder().u8(0x13, 1, 0, 0).u32(width).bytes();
  const space = typeof texts === "string" ? Uint8Array.of(2, 0, 0, 0) : dataspace([texts.length]);
  const label = new TextEncoder().encode(`${name}\0`);
  const body = new Builder().u8(3, 0).u16(label.length).u16(type.length).u16(space.length).u8(1);
  body.raw(label).raw(type).raw(space);
  for (const text of encoded) body.raw(text).raw(new Uint8Array(width - text.length));
  return { type: MESSAGES.attribute, body: body.bytes() };
}

/** The messages of a dataset whose values stand in one piece at `address`; undefined where it has none. */
export function datasetMessages(
  type: Uint8Array,
  shape: readonly number[],
  byteLength: number,
  address: number | undefined,
): OutMessage[] {
  return [
    { type: MESSAGES.dataspace, body: dataspace(shape) },
    { type: MESSAGES.datatype, body: type },
    { type: MESSAGES.fillValue, body: Uint8Array.of(3, 0x0a) },
    { type: MESSAGES.layout, body: new Builder().u8(3, 1).u64(address).u64(byteLength).bytes() },
  ];
}

function dataspace(shape: readonly number[]): Uint8Array {
  const space = new Builder().u8(2, shape.length, 0, shape.length === 0 ? 0 : 1);
  for (const extent of shape) space.u64(extent);
  return space.bytes();
}

const FLOATS: Partial<Record<WireDType, readonly [size: number, exponent: number, mantissa: number, bias: number]>> = {
  F16: [2, 5, 10, 15],
  F32: [4, 8, 23, 127],
  F64: [8, 11, 52, 1023],
};

/** The type message of an element; undefined where HDF5 has no such number. */
export function datatype(dtype: WireDType): Uint8Array | undefined {
  const float = FLOATS[dtype];
  if (float !== undefined) {
    const [size, exponent, mantissa, bias] = float;
    const type = new Builder().u8(0x11, 0x20, size * 8 - 1, 0).u32(size);
    return type
      .u16(0)
      .u16(size * 8)
      .u8(mantissa, exponent, 0, mantissa)
      .u32(bias)
      .bytes();
  }
  const integer = /^([IU])(8|16|32|64)$/.exec(dtype);
  if (integer === null) return undefined;
  const bits = Number(integer[2]);
  return new Builder()
    .u8(0x10, integer[1] === "I" ? 8 : 0, 0, 0)
    .u32(bits / 8)
    .u16(0)
    .u16(bits)
    .bytes();
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
