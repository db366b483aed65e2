import { byteLengthOf, type WireDType } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import { ProtoReader } from "../../protobuf/reader.js";
import { ProtoWriter } from "../../protobuf/writer.js";

/** Numbers of TensorFlow's `DataType` whose values are plain numbers. */
const TYPES: Readonly<Record<number, WireDType>> = {
  1: "F32",
  2: "F64",
  3: "I32",
  4: "U8",
  5: "I16",
  6: "I8",
  8: "C64",
  9: "I64",
  10: "BOOL",
  14: "BF16",
  17: "U16",
  19: "F16",
  22: "U32",
  23: "U64",
};
/** Others that people meet. */
const OTHER_TYPES: Readonly<Record<number, string>> = { 7: "text", 18: "128-bit complex numbers", 20: "a resource" };
const NUMBERS = new Map(Object.entries(TYPES).map(([number, dtype]) => [dtype, Number(number)]));

/** More axes than any tensor has. */
const MOST_AXES = 254;

/** `BundleHeaderProto`: what the entry without a name says of the whole checkpoint. */
export interface BundleHeader {
  readonly shards: number;
}

/** `BundleEntryProto`: where a tensor is. */
export interface BundleEntry {
  /** Undefined for values that are no numbers; `what` names them. */
  readonly dtype: WireDType | undefined;
  readonly what: string;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  /** Masked CRC-32C of the values. */
  readonly crc: number;
  /** Whether the values are in other entries, a part each. */
  readonly isPartitioned: boolean;
}

/** Reads the header. @throws WeightsError "unsupported" for big-endian checkpoints. */
export function readHeader(bytes: Uint8Array, file: string): BundleHeader {
  const message = new ProtoReader(bytes, file);
  let shards = 0;
  while (message.next()) {
    if (message.field === 1) shards = message.integer();
    if (message.field === 2 && message.integer() !== 0) {
      throw new WeightsError("unsupported", "big-endian checkpoints are not read; write it again on another machine", {
        file,
      });
    }
  }
  return { shards };
}

export function writeHeader({ shards }: BundleHeader): Uint8Array {
  return new ProtoWriter().integer(1, shards).message(3, new ProtoWriter().integer(1, 1)).finish();
}

/** Reads an entry. */
export function readEntry(bytes: Uint8Array, file: string): BundleEntry {
  const message = new ProtoReader(bytes, file);
  let type = 0;
  let isPartitioned = false;
  let [shard, offset, size, crc] = [0, 0, 0, 0];
  const shape: number[] = [];
  while (message.next()) {
    if (message.field === 1) type = message.integer();
    else if (message.field === 2) readShape(message.message(), shape);
    else if (message.field === 3) shard = message.unsigned();
    else if (message.field === 4) offset = message.unsigned();
    else if (message.field === 5) size = message.unsigned();
    else if (message.field === 6) crc = message.fixed32();
    else if (message.field === 7) isPartitioned = true;
  }
  const what = OTHER_TYPES[type] ?? `type ${type} of TensorFlow`;
  return { dtype: TYPES[type], what, shape, shard, offset, size, crc, isPartitioned };
}

function readShape(message: ProtoReader, shape: number[]): void {
  while (message.next()) {
    if (message.field === 3 && message.boolean()) message.fail("a tensor has a shape that is not known");
    if (message.field !== 2) continue;
    const axis = message.message();
    let extent = 0;
    while (axis.next()) if (axis.field === 1) extent = axis.integer();
    if (extent < 0) message.fail(`an axis has ${extent} elements`);
    if (shape.push(extent) > MOST_AXES) message.fail(`a tensor has more than ${MOST_AXES} axes`);
  }
}

/** @throws WeightsError "unsupported" for a type that TensorFlow's checkpoints have not. */
export function writeEntry(
  tensor: { readonly name: string; readonly dtype: WireDType; readonly shape: readonly number[] },
  location: Pick<BundleEntry, "shard" | "offset" | "size" | "crc">,
): Uint8Array {
  const shape = new ProtoWriter();
  for (const extent of tensor.shape) {
    const axis = new ProtoWriter();
    // What is 0 is left out, here and below, as proto3 has it.
    shape.message(2, extent === 0 ? axis : axis.integer(1, extent));
  }
  const entry = new ProtoWriter().integer(1, typeNumber(tensor)).message(2, shape);
  for (const [field, value] of [location.shard, location.offset, location.size].entries()) {
    if (value !== 0) entry.integer(3 + field, value);
  }
  if (location.crc !== 0) entry.fixed32(6, location.crc);
  return entry.finish();
}

export function typeNumber({ name, dtype }: { readonly name: string; readonly dtype: WireDType }): number {
  const number = NUMBERS.get(dtype);
  if (number === undefined) {
    const message = `${name}: TensorFlow's checkpoints have no ${dtype} values; convert with another dtype`;
    throw new WeightsError("unsupported", message, { tensor: name });
  }
  return number;
}

/** Bytes that an entry's values take by its type and shape. */
export function entryBytes({ dtype, shape }: BundleEntry): number | undefined {
  return dtype === undefined ? undefined : byteLengthOf(dtype, shape);
}

/** `model.ckpt.data-00000-of-00001`. */
export function shardName(prefix: string, shard: number, shards: number): string {
  const digits = (value: number) => String(value).padStart(5, "0");
  return `${prefix}.data-${digits(shard)}-of-${digits(shards)}`;
}
