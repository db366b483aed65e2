import type { RandomAccessFile } from "@convbert/files";
import { quoted } from "@convbert/files/internal";
import { bitsOf, byteLengthOf } from "../../dtypes.js";
import { toTypedArray } from "../../elements.js";
import { WeightsError } from "../../errors.js";
import { findTensor, streamFloats } from "../../reader.js";
import { roomFor } from "../../room.js";
import { asFile, readPieces, readRange, type WeightsSource } from "../../source.js";
import { gather } from "../../strided.js";
import type { ReadOptions, TensorInfo, WeightsReader } from "../../types.js";
import { type Constant, type OnnxGraph, readGraph } from "./graph.js";
import { type FoundWeight, quantisedBy, type WeightPart, weightsOf } from "./names.js";
import { tabledWeights } from "./table.js";

/** Opens a file beside the graph's. */
type OpenBeside = (name: string) => Promise<RandomAccessFile>;

/**
 * Opens the weights of an ONNX graph that PyTorch's exporters, optimum or `@convbert/onnx` have made, under the names and in
 * the shapes that they had in the checkpoint. Values are read when asked for.
 * @throws WeightsError "format" when it is damaged; "unsupported" for 8-bit graphs, and for those that keep no names.
 */
export async function readOnnx(source: WeightsSource, openBeside?: OpenBeside): Promise<WeightsReader> {
  const file = asFile(source, "model.onnx");
  const others = new Map<string, RandomAccessFile>();
  try {
    const graph = await readGraph(file);
    const quantised = quantisedBy(graph);
    if (quantised !== undefined) {
      throw new WeightsError(
        "unsupported",
        `its weights have 8 bits (${quantised}), from which the checkpoint's cannot be told; open the graph of floats`,
        { file: file.name },
      );
    }
    const weights =
      graph.table === undefined ? namedWeights(graph, file.name) : tabledWeights(graph.table, graph, file.name);
    const used = new Set(weights.flatMap(({ parts }) => parts.map(({ constant }) => constant.name)));
    const unused = [...graph.constants.values()].filter(
      ({ name, shape, dtype }) => !used.has(name) && shape.length > 1 && /^(F|BF)\d/.test(dtype),
    );
    for (const { parts } of weights) {
      for (const { constant } of parts) await openPlace(file, constant, others, openBeside);
    }
    return readerOf(file, graph.producer, weights, unused, others);
  } catch (error) {
    for (const other of others.values()) await other.close();
    await file.close();
    throw error;
  }
}

/** The weights of a graph without a table, by the names that exporters keep. */
function namedWeights(graph: OnnxGraph, file: string): FoundWeight[] {
  const joined = [...graph.constants.keys()].find((name) => /\+\w+\.(weight|bias)/.test(name));
  if (joined !== undefined) {
    const message = `${joined} joins several weights, and no table says which; open the checkpoint that the graph was made from`;
    throw new WeightsError("unsupported", message, { file, tensor: joined });
  }
  const weights = weightsOf(graph);
  if (weights.length === 0) {
    throw new WeightsError("unsupported", "its constants have no names of weights", { file });
  }
  return weights;
}

/** Opens the file beside the graph that holds a constant, once; it has to have all of it. */
async function openPlace(
  file: RandomAccessFile,
  { name, byteLength, data: { beside, offset } }: Constant,
  others: Map<string, RandomAccessFile>,
  openBeside: OpenBeside | undefined,
): Promise<void> {
  if (beside === null) return;
  // The graph's own word: it may name a file of its folder, and nothing else.
  if (openBeside === undefined || !/^[^/\\:]+$/.test(beside) || beside.startsWith("..")) {
    const where = openBeside === undefined ? "beside the graph, which was given alone" : "outside the graph's folder";
    throw new WeightsError("unsupported", `its values are ${where}: ${quoted(beside)}`, {
      file: file.name,
      tensor: name,
    });
  }
  const other = others.get(beside) ?? (await openBeside(beside));
  others.set(beside, other);
  if (offset + byteLength > other.size) {
    const message = `${name} takes ${byteLength} bytes at ${offset}, and ${quoted(beside)} has ${other.size}`;
    throw new WeightsError("format", message, { file: file.name, tensor: name });
  }
}

function readerOf(
  file: RandomAccessFile,
  producer: string,
  weights: readonly FoundWeight[],
  unused: readonly Constant[],
  others: ReadonlyMap<string, RandomAccessFile>,
): WeightsReader {
  const fileOf = ({ data: { beside } }: Constant) => (beside === null ? file : others.get(beside)!);
  const tensors = new Map<string, TensorInfo & { readonly parts: readonly WeightPart[] }>(
    weights.map(({ name, shape, parts }) => {
      const { dtype } = parts[0]!.constant;
      return [name, { name, dtype, shape, byteLength: byteLengthOf(dtype, shape)!, parts }];
    }),
  );
  const reader: WeightsReader = {
    format: "onnx",
    metadata: producer === "" ? {} : { producer },
    tensors,
    unused: unused.map(({ name }) => name),
    async read(name, options) {
      const { dtype, byteLength, parts } = findTensor(tensors, name, file.name);
      options?.signal?.throwIfAborted();
      const [{ constant }] = parts as [WeightPart];
      if (parts.length === 1 && isWhole(parts[0]!)) {
        return toTypedArray(await readRange(fileOf(constant), constant.data.offset, byteLength), dtype);
      }
      const whole = roomFor(byteLength, (size) => new Uint8Array(size), file.name);
      let filled = 0;
      for await (const piece of reader.bytes(name, options)) {
        whole.set(piece, filled);
        filled += piece.length;
      }
      return toTypedArray(whole, dtype);
    },
    async stream(name, sink, options) {
      await streamFloats(reader, findTensor(tensors, name, file.name), sink, options);
    },
    async *bytes(name, options) {
      for (const part of findTensor(tensors, name, file.name).parts) {
        yield* partBytes(fileOf(part.constant), part, options);
      }
    },
    async close() {
      for (const other of others.values()) await other.close();
      await file.close();
    },
  };
  return reader;
}

/** Whether a part's elements are a constant's, in its order. */
function isWhole({ constant: { shape }, columns, transposed }: WeightPart): boolean {
  const width = shape.at(-1) ?? 1;
  return !transposed && (columns === undefined || columns[1] - columns[0] === width);
}

/** The elements of a part; takes the constant into memory where they are not all of it in its order. */
async function* partBytes(
  file: RandomAccessFile,
  part: WeightPart,
  options: ReadOptions | undefined,
): AsyncGenerator<Uint8Array> {
  const { dtype, shape, byteLength, data } = part.constant;
  const bits = bitsOf(dtype);
  if (isWhole(part)) {
    yield* readPieces(file, data.offset, byteLength, bits, options);
    return;
  }
  const width = shape.at(-1) ?? 1;
  const [start, end] = part.columns ?? [0, width];
  const rows = shape.slice(0, -1).reduce((product, extent) => product * extent, 1);
  const source = (await readRange(file, data.offset, byteLength)).subarray((start * bits) / 8);
  const extents = [rows, end - start];
  const strides = [width, 1];
  yield* part.transposed
    ? gather(source, extents.reverse(), strides.reverse(), bits / 8, options)
    : gather(source, extents, strides, bits / 8, options);
}
