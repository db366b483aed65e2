import type { WireDType } from "../../../dtypes.js";
import { elementCount } from "../../../dtypes.js";
import { type Cursor, textOf } from "./cursor.js";

/** Numbers of the header messages that matter. */
export const MESSAGES = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  fillValue: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  groupInfo: 0x0a,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** What the elements of a dataset or an attribute are. */
export type Datatype =
  | { readonly kind: "number"; readonly dtype: WireDType; readonly size: number }
  | { readonly kind: "text"; readonly size: number }
  | { readonly kind: "variable text"; readonly size: number }
  | { readonly kind: "other"; readonly what: string; readonly size: number };

const CLASSES = ["integer", "float", "time", "string", "bit field", "opaque", "compound", "reference", "enumeration"];

/** Message 0x03: the type of an element. */
export function readDatatype(cursor: Cursor): Datatype {
  const kind = cursor.u8() & 15;
  const [low, high] = [cursor.u8(), cursor.u8()];
  cursor.u8();
  const size = cursor.u32();
  const other = (what: string): Datatype => ({ kind: "other", what, size });
  const isBig = (low & 1) !== 0;
  if (kind === 0) {
    const isSigned = (low & 8) !== 0;
    const [offset, precision] = [cursor.u16(), cursor.u16()];
    if (![1, 2, 4, 8].includes(size) || offset !== 0 || precision !== size * 8) return other("an odd integer type");
    if (isBig && size > 1) return other(`big-endian ${size * 8}-bit integers`);
    return { kind: "number", dtype: `${isSigned ? "I" : "U"}${size * 8}` as WireDType, size };
  }
  if (kind === 1) {
    const fields = cursor.take(12);
    const [precision, exponent, mantissa] = [fields[2]!, fields[5]!, fields[7]!];
    if (isBig || (low & 0x40) !== 0) return other(`big-endian ${size * 8}-bit floats`);
    const layout = [size, precision, exponent, mantissa, high].join(" ");
    const known: Readonly<Record<string, WireDType>> = {
      "2 16 5 10 15": "F16",
      "2 16 8 7 15": "BF16",
      "4 32 8 23 31": "F32",
      "8 64 11 52 63": "F64",
    };
    const dtype = known[layout];
    return dtype === undefined ? other(`a ${size * 8}-bit float of another layout`) : { kind: "number", dtype, size };
  }
  if (kind === 3) return { kind: "text", size };
  if (kind === 9 && (low & 15) === 1) return { kind: "variable text", size };
  return other(`the type ${kind === 9 ? "variable-length list" : (CLASSES[kind] ?? (kind === 10 ? "array" : kind))}`);
}

/** Message 0x01: the shape; null for a dataspace without elements. */
export function readDataspace(cursor: Cursor): readonly number[] | null {
  const version = cursor.u8();
  const rank = cursor.u8();
  cursor.u8();
  if (version !== 1 && version !== 2) cursor.refuse(`a dataspace of version ${version}`);
  if (rank > 32) cursor.fail(`a tensor has ${rank} axes`);
  const kind = cursor.u8();
  if (version === 1) cursor.take(4);
  else if (kind === 2) return null;
  const shape = Array.from({ length: rank }, () => cursor.length());
  if (elementCount(shape) === undefined) cursor.fail(`the shape [${shape}] is impossible`);
  return shape;
}

/** Where the elements of a dataset are. */
export type Hdf5Layout =
  /** `size` in bytes, where the version of the message has it. */
  | { readonly kind: "contiguous"; readonly address: number | undefined; readonly size?: number }
  | { readonly kind: "compact"; readonly bytes: Uint8Array };

/** Message 0x08. Keras writes contiguous data; what is chunked or elsewhere is refused by name. */
export function readLayout(cursor: Cursor): Hdf5Layout {
  const version = cursor.u8();
  if (version > 4 || version === 0) cursor.refuse(`a data layout of version ${version}`);
  const older = version < 3;
  if (older) cursor.u8();
  const kind = cursor.u8();
  if (older) cursor.take(5);
  if (kind === 1) {
    const address = cursor.address();
    return { kind: "contiguous", address, ...(!older && { size: cursor.length() }) };
  }
  if (kind !== 0) cursor.refuse(kind === 2 ? "chunked storage" : "storage in other files");
  if (older) cursor.refuse("compact storage of an old kind");
  return { kind: "compact", bytes: cursor.take(cursor.u16()) };
}

/** An attribute with its value as it stands in the header. */
export interface Attribute {
  readonly name: string;
  readonly type: Datatype;
  readonly shape: readonly number[] | null;
  readonly value: Cursor;
}

/** Message 0x0C. */
export function readAttribute(cursor: Cursor): Attribute {
  const version = cursor.u8();
  const flags = cursor.u8();
  if (version < 1 || version > 3) cursor.refuse(`an attribute of version ${version}`);
  if (version > 1 && flags !== 0) cursor.refuse("an attribute of a shared type");
  const lengths = [cursor.u16(), cursor.u16(), cursor.u16()];
  if (version === 3) cursor.u8();
  const [name, type, space] = lengths.map((length) => {
    const part = cursor.part(length);
    if (version === 1) cursor.align();
    return part;
  });
  return {
    name: textOf(name!.bytes),
    type: readDatatype(type!),
    shape: readDataspace(space!),
    value: cursor.part(cursor.left),
  };
}

/** A name in a group and the address of what it stands for. */
export interface Link {
  readonly name: string;
  readonly address: number;
}

/** Message 0x06: a link that stands in the group's own header. Links to elsewhere are no weights and count as none. */
export function readLink(cursor: Cursor): Link | undefined {
  if (cursor.u8() !== 1) cursor.refuse("a link of an unknown version");
  const flags = cursor.u8();
  const type = flags & 8 ? cursor.u8() : 0;
  if (flags & 4) cursor.take(8);
  if (flags & 16) cursor.u8();
  const name = new TextDecoder().decode(cursor.take(cursor.uint(2 ** (flags & 3))));
  if (type !== 0) return undefined;
  const address = cursor.address();
  return address === undefined ? undefined : { name, address };
}
