import type { RandomAccessFile } from "@convbert/files";
import { quoted } from "@convbert/files/internal";
import { bitsOf } from "../../dtypes.js";
import { toTypedArray } from "../../elements.js";
import { WeightsError } from "../../errors.js";
import { findTensor, streamFloats } from "../../reader.js";
import { asFile, readPieces, readRange, type WeightsSource } from "../../source.js";
import type { TensorInfo, WeightsReader } from "../../types.js";
import { renamedReader } from "../names.js";
import { type Constant, readGraph } from "./graph.js";
import { type FoundWeight, quantisedBy, weightsOf } from "./names.js";

/** Opens a file beside the graph's. */
type OpenBeside = (name: string) => Promise<RandomAccessFile>;

/**
 * Opens the weights of an ONNX graph that PyTorch's exporters or optimum have made, under the names and in the shapes that
 * they had in the checkpoint. Values are read when asked for.
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
    const joined = [...graph.constants.keys()].find((name) => /\+\w+\.(weight|bias)/.test(name));
    if (joined !== undefined) {
      const message = `${joined} joins several weights; open the checkpoint that the graph was made from`;
      throw new WeightsError("unsupported", message, { file: file.name, tensor: joined });
    }
    const weights = weightsOf(graph);
    if (weights.length === 0) {
      throw new WeightsError("unsupported", "its constants have no names of weights", { file: file.name });
    }
    const used = new Set(weights.map(({ constant }) => constant.name));
    const unused = [...graph.constants.values()].filter(
      ({ name, shape, dtype }) => !used.has(name) && shape.length > 1 && /^(F|BF)\d/.test(dtype),
    );
    for (const { constant } of weights) await openPlace(file, constant, others, openBeside);
    return readerOf(file, graph.producer, weights, unused, others);
  } catch (error) {
    for (const other of others.values()) await other.close();
    await file.close();
    throw error;
  }
}

/** Opens the file beside the graph that holds a constant, once; it has to have all of it. */
async function openPlace(
  file: RandomAccessFile,
  { name, byteLength, place: { beside, offset } }: Constant,
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
  const fileOf = ({ place: { beside } }: Constant) => (beside === null ? file : others.get(beside)!);
  const tensors = new Map<string, TensorInfo & { readonly constant: Constant }>(
    weights.map(({ name, constant }) => {
      const { dtype, shape, byteLength } = constant;
      return [name, { name, dtype, shape, byteLength, constant }];
    }),
  );
  const reader: WeightsReader = {
    format: "onnx",
    metadata: producer === "" ? {} : { producer },
    tensors,
    unused: unused.map(({ name }) => name),
    async read(name, options) {
      const { constant } = findTensor(tensors, name, file.name);
      options?.signal?.throwIfAborted();
      return toTypedArray(
        await readRange(fileOf(constant), constant.place.offset, constant.byteLength),
        constant.dtype,
      );
    },
    async stream(name, sink, options) {
      await streamFloats(reader, findTensor(tensors, name, file.name), sink, options);
    },
    async *bytes(name, options) {
      const { constant } = findTensor(tensors, name, file.name);
      const { dtype, byteLength, place } = constant;
      yield* readPieces(fileOf(constant), place.offset, byteLength, bitsOf(dtype), options);
    },
    async close() {
      for (const other of others.values()) await other.close();
      await file.close();
    },
  };
  const axesOf = new Map(weights.map(({ name, axes }) => [name, axes]));
  const renamed = renamedReader(
    reader,
    {
      canonical({ name, shape }) {
        const axes = axesOf.get(name);
        return axes === undefined ? { name, shape } : { name, shape: axes.map((axis) => shape[axis]!), axes };
      },
      stored: () => null,
    },
    "onnx",
  );
  return { ...renamed, unused: reader.unused! };
}
