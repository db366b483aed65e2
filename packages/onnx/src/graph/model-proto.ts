import { ProtoWriter } from "@convbert/converter/formats/internal";

// The parts of onnx.proto3 that a graph of this package has, and how they are written.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3

/** Element types under their numbers in `TensorProto.DataType`. */
export const ELEMENT_TYPES = { float32: 1, uint8: 2, int8: 3, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

const BYTES_PER_ELEMENT: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int64: 8,
  bool: 1,
  float16: 2,
};

/** A constant of the graph: a weight, mostly. Its bytes are made when they are written. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** The elements in row-major order, little-endian. */
  bytes(): Uint8Array;
}

/** An attribute's value: a whole number where `int`, else a float; several of them; a text; a branch. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string }
  | { readonly graph: Subgraph };

/** A branch: nodes that may use whatever was computed before it, and its result. */
export interface Subgraph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly output: { readonly name: string; readonly type: ElementType };
}

export interface Node {
  readonly type: string;
  readonly name: string;
  /** "" for the standard's own operators. */
  readonly domain: string;
  /** "" for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** An input or an output of the graph; axes that can change have names. */
export interface GraphValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A whole model. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Version of each domain's operators. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Texts that runtimes keep and pass over. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Version of the file format that came with opset 18 (ONNX 1.13). */
const IR_VERSION = 8;

/** Initializers below this stay in the file when weights go beside it: shapes and axes have to be known with the graph. */
const SMALLEST_EXTERNAL = 1024;
/** Where external data start, so that they can be mapped into memory. */
const ALIGNMENT = 4096;

export function byteLengthOf({ type, shape }: Pick<Initializer, "type" | "shape">): number {
  return shape.reduce((product, extent) => product * extent, BYTES_PER_ELEMENT[type]);
}

/** A model as it is written: the bytes in pieces, each to be taken once, and how many there are. */
export interface OnnxFile {
  readonly byteLength: number;
  pieces(): Iterable<Uint8Array>;
}

/** A model's file, and the one with its weights where they are kept beside it. */
export interface OnnxModelFiles {
  readonly model: OnnxFile;
  readonly data: OnnxFile | null;
}

/**
 * Lays a model out.
 * @param dataFile name of a file beside the model's that holds the weights; by default they are within.
 */
export function layOut(graph: OnnxGraph, dataFile?: string): OnnxModelFiles {
  const body = new ProtoWriter();
  for (const node of graph.nodes) body.message(1, nodeProto(node));
  body.text(2, graph.name);

  const data: { readonly padding: number; readonly initializer: Initializer }[] = [];
  let dataLength = 0;
  const within = graph.initializers.map((initializer) => {
    const length = byteLengthOf(initializer);
    const head = new ProtoWriter();
    if (initializer.shape.length > 0) head.integers(1, initializer.shape);
    head.integer(2, ELEMENT_TYPES[initializer.type]).text(8, initializer.name);
    const isOutside = dataFile !== undefined && length >= SMALLEST_EXTERNAL;
    if (isOutside) {
      const padding = (ALIGNMENT - (dataLength % ALIGNMENT)) % ALIGNMENT;
      const location = { location: dataFile, offset: dataLength + padding, length };
      for (const [key, value] of Object.entries(location)) {
        head.message(13, new ProtoWriter().text(1, key).text(2, String(value)));
      }
      head.integer(14, 1);
      data.push({ padding, initializer });
      dataLength += padding + length;
    }
    const inside = isOutside ? 0 : length;
    const raw = isOutside ? new ProtoWriter() : new ProtoWriter().prefix(9, length);
    const start = new ProtoWriter()
      .prefix(5, head.length + raw.length + inside)
      .raw(head.finish())
      .raw(raw.finish());
    return { initializer: isOutside ? null : initializer, start: start.finish(), length: start.length + inside };
  });

  const ends = new ProtoWriter();
  for (const input of graph.inputs) ends.message(11, valueProto(input));
  for (const output of graph.outputs) ends.message(12, valueProto(output));
  const graphLength = body.length + within.reduce((sum, { length }) => sum + length, 0) + ends.length;
  const head = new ProtoWriter().integer(1, IR_VERSION).text(2, "convbert").prefix(7, graphLength).raw(body.finish());
  const tail = new ProtoWriter().raw(ends.finish());
  for (const [domain, version] of Object.entries(graph.opsets)) {
    const opset = new ProtoWriter();
    if (domain !== "") opset.text(1, domain);
    tail.message(8, opset.integer(2, version));
  }
  for (const [key, value] of Object.entries(graph.metadata ?? {})) {
    tail.message(14, new ProtoWriter().text(1, key).text(2, value));
  }
  const byteLength = head.length + within.reduce((sum, { length }) => sum + length, 0) + tail.length;
  return {
    model: {
      byteLength,
      *pieces() {
        yield head.finish();
        for (const { initializer, start } of within) {
          yield start;
          if (initializer !== null) yield checkedBytes(initializer);
        }
        yield tail.finish();
      },
    },
    data:
      dataFile === undefined
        ? null
        : {
            byteLength: dataLength,
            *pieces() {
              for (const { padding, initializer } of data) {
                if (padding > 0) yield new Uint8Array(padding);
                yield checkedBytes(initializer);
              }
            },
          },
  };
}

/** A file in one piece of memory. */
export function wholeFile({ byteLength, pieces }: OnnxFile): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let at = 0;
  for (const piece of pieces()) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function checkedBytes(initializer: Initializer): Uint8Array {
  const bytes = initializer.bytes();
  if (bytes.length !== byteLengthOf(initializer)) {
    throw new RangeError(`${initializer.name} has ${bytes.length} bytes and not ${byteLengthOf(initializer)}`);
  }
  return bytes;
}

function nodeProto({ type, name, domain, inputs, outputs, attributes }: Node): ProtoWriter {
  const node = new ProtoWriter();
  for (const input of inputs) node.text(1, input);
  for (const output of outputs) node.text(2, output);
  node.text(3, name).text(4, type);
  for (const [key, value] of Object.entries(attributes)) node.message(5, attributeProto(key, value));
  if (domain !== "") node.text(7, domain);
  return node;
}

function attributeProto(name: string, value: AttributeValue): ProtoWriter {
  const attribute = new ProtoWriter().text(1, name);
  if ("float" in value) return attribute.float(2, value.float).integer(20, 1);
  if ("int" in value) return attribute.integer(3, value.int).integer(20, 2);
  if ("text" in value) return attribute.text(4, value.text).integer(20, 3);
  if ("graph" in value) return attribute.message(6, subgraphProto(value.graph)).integer(20, 5);
  // Not packed: the oldest readers of ONNX files take repeated numbers of attributes one at a time.
  for (const item of value.ints) attribute.integer(8, item);
  return attribute.integer(20, 7);
}

function subgraphProto({ name, nodes, output }: Subgraph): ProtoWriter {
  const graph = new ProtoWriter();
  for (const node of nodes) graph.message(1, nodeProto(node));
  return graph.text(2, name).message(12, valueProto(output));
}

function valueProto({ name, type, shape }: Omit<GraphValue, "shape"> & Partial<GraphValue>): ProtoWriter {
  const tensor = new ProtoWriter().integer(1, ELEMENT_TYPES[type]);
  if (shape !== undefined) {
    const axes = new ProtoWriter();
    for (const axis of shape) {
      axes.message(1, typeof axis === "number" ? new ProtoWriter().integer(1, axis) : new ProtoWriter().text(2, axis));
    }
    tensor.message(2, axes);
  }
  return new ProtoWriter().text(1, name).message(2, new ProtoWriter().message(1, tensor));
}
