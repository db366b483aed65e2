import type { RandomAccessFile } from "@convbert/files";
import { byteLengthOf, type WireDType } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { ProtoReader } from "../../protobuf/reader.js";
import { type FileField, ProtoFile } from "../../protobuf/scan.js";

// What a graph's weights are found by; the rest of onnx.proto is passed over.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

/** Under which of a model's `metadata_props` graphs of `@convbert/onnx` have their table of weights. */
export const WEIGHTS_KEY = "convbert.weights";

/** Where a constant's values lie: in the graph's file, or in one beside it. */
export interface ConstantLocation {
  /** Name of the other file; null for the graph's own. */
  readonly beside: string | null;
  readonly offset: number;
}

/** A constant of the graph. */
export interface Constant {
  readonly name: string;
  readonly dtype: WireDType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  readonly data: ConstantLocation;
}

/** An operation, without its attributes but for whole numbers. */
export interface GraphNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers: ReadonlyMap<string, number>;
}

export interface OnnxGraph {
  readonly constants: ReadonlyMap<string, Constant>;
  readonly nodes: readonly GraphNode[];
  readonly producer: string;
  /** The table of weights that graphs of `@convbert/onnx` have. */
  readonly table: string | undefined;
}

/** `TensorProto.DataType`, those that constants of a model can have. */
const DTYPES: ReadonlyMap<number, WireDType> = new Map([
  [1, "F32"],
  [2, "U8"],
  [3, "I8"],
  [4, "U16"],
  [5, "I16"],
  [6, "I32"],
  [7, "I64"],
  [9, "BOOL"],
  [10, "F16"],
  [11, "F64"],
  [16, "BF16"],
]);

/** A node has names and a few numbers; one with a tensor among its attributes is larger, and holds no weight. */
const LARGEST_NODE = 1 << 20;
/** Axes that a constant may have, and names of its external file's entries. */
const MOST_AXES = 64;
const MOST_TEXT = 4096;
/** A table of weights takes about a hundred bytes a weight. */
const LARGEST_TABLE = 1 << 23;

/**
 * Reads what a graph consists of, but no weights.
 * @throws WeightsError "format" when the file is damaged, "unsupported" for constants of other types.
 */
export async function readGraph(file: RandomAccessFile): Promise<OnnxGraph> {
  const proto = new ProtoFile(file);
  const constants = new Map<string, Constant>();
  const nodes: GraphNode[] = [];
  let producer = "";
  let table: string | undefined;
  let hasGraph = false;
  for await (const field of proto.fields()) {
    if (field.field === 2 && field.length <= MOST_TEXT) {
      producer = new TextDecoder().decode(await proto.read(field));
    }
    if (field.field === 14) {
      const own = await readTable(proto, field);
      if (own !== undefined && table !== undefined) fail(file, `two entries are called ${WEIGHTS_KEY}`);
      table ??= own;
    }
    if (field.field !== 7) continue;
    hasGraph = true;
    for await (const part of proto.fields(field)) {
      if (part.field === 1 && part.length <= LARGEST_NODE) nodes.push(readNode(await proto.message(part)));
      if (part.field !== 5) continue;
      const constant = await readConstant(proto, part);
      if (constants.has(constant.name)) fail(file, `two constants are called ${constant.name}`);
      constants.set(constant.name, constant);
    }
  }
  if (!hasGraph) fail(file, "no ONNX model: there is no graph in it");
  return { constants, nodes, producer, table };
}

/** The value of an entry of the model's metadata, if it is the table of weights. */
async function readTable(proto: ProtoFile, part: FileField): Promise<string | undefined> {
  let key = "";
  let value: FileField | undefined;
  for await (const field of proto.fields(part)) {
    if (field.field === 1 && field.length <= MOST_TEXT) key = new TextDecoder().decode(await proto.read(field));
    else if (field.field === 2) value = field;
  }
  if (key !== WEIGHTS_KEY || value === undefined) return undefined;
  if (value.length > LARGEST_TABLE) fail(proto.file, `its table of weights (${WEIGHTS_KEY}) has ${value.length} bytes`);
  return new TextDecoder().decode(await proto.read(value));
}

function fail(file: RandomAccessFile, message: string): never {
  throw new WeightsError("format", message, { file: file.name });
}

function readNode(message: ProtoReader): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const integers = new Map<string, number>();
  let type = "";
  while (message.next()) {
    if (message.field === 1) inputs.push(message.text());
    else if (message.field === 2) outputs.push(message.text());
    else if (message.field === 4) type = message.text();
    else if (message.field === 5) readInteger(message.message(), integers);
  }
  return { type, inputs, outputs, integers };
}

/** Keeps an attribute that is one whole number, as `transB`. */
function readInteger(attribute: ProtoReader, integers: Map<string, number>): void {
  let name = "";
  let value: bigint | undefined;
  while (attribute.next()) {
    if (attribute.field === 1) name = attribute.text();
    else if (attribute.field === 3) value = attribute.bigint();
  }
  if (value !== undefined) integers.set(name, Number(value));
}

async function readConstant(proto: ProtoFile, part: FileField): Promise<Constant> {
  const { file } = proto;
  const shape: number[] = [];
  const external = new Map<string, string>();
  let name = "";
  let type = 0;
  let values: { offset: number; length: number } | undefined;
  for await (const field of proto.fields(part)) {
    const read = async (most: number): Promise<Uint8Array> => {
      if (field.length > most) fail(file, `field ${field.field} of a constant has ${field.length} bytes`);
      return await proto.read(field);
    };
    // Raw values, or floats in a row, which are the same bytes.
    if (field.field === 9 || (field.field === 4 && field.wire === 2)) values = field;
    else if (field.field === 1) shape.push(...numbers(field, await read(10 * MOST_AXES)));
    else if (field.field === 2) type = numbers(field, await read(10))[0] ?? 0;
    else if (field.field === 8) name = new TextDecoder().decode(await read(MOST_TEXT));
    else if (field.field === 13) {
      const [key, value] = entry(await proto.message({ ...field, length: Math.min(field.length, 4 * MOST_TEXT) }));
      external.set(key, value);
    }
  }
  const dtype = DTYPES.get(type);
  if (dtype === undefined) {
    throw new WeightsError("unsupported", `${name} has elements of ONNX type ${type}`, {
      file: file.name,
      tensor: name,
    });
  }
  if (shape.length > MOST_AXES) fail(file, `${name} has ${shape.length} axes`);
  const byteLength = byteLengthOf(dtype, shape);
  if (byteLength === undefined) fail(file, `${name} has the impossible shape [${shape.slice(0, 8).join(", ")}]`);
  const location = external.get("location");
  if (location !== undefined) {
    const offset = Number(external.get("offset") ?? 0);
    const length = Number(external.get("length") ?? byteLength);
    if (!Number.isSafeInteger(offset) || offset < 0 || length !== byteLength) {
      fail(
        file,
        `${name} takes ${byteLength} bytes, and ${external.get("length")} at ${external.get("offset")} are named`,
      );
    }
    return { name, dtype, shape, byteLength, data: { beside: location, offset } };
  }
  // What is neither raw nor floats in a row are lists of a few whole numbers: no weights.
  if (values === undefined || values.length !== byteLength) {
    if (values !== undefined) fail(file, `${name} takes ${byteLength} bytes, and has ${values.length}`);
    return { name, dtype, shape: [0], byteLength: 0, data: { beside: null, offset: part.offset } };
  }
  return { name, dtype, shape, byteLength, data: { beside: null, offset: values.offset } };
}

/** A varint, or several in a row; `field` says which. */
function numbers({ wire }: FileField, bytes: Uint8Array): number[] {
  const found: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte >= 128 && shift < 70n) continue;
    found.push(Number(BigInt.asIntN(64, value)));
    [value, shift] = [0n, 0n];
    if (wire === 0) break;
  }
  return found;
}

function entry(message: ProtoReader): [string, string] {
  let key = "";
  let value = "";
  while (message.next()) {
    if (message.field === 1) key = message.text();
    else if (message.field === 2) value = message.text();
  }
  return [key, value];
}
