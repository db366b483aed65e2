import { bitsOf } from "../../dtypes.js";
import { toTypedArray } from "../../elements.js";
import { WeightsError } from "../../errors.js";
import { findTensor, streamFloats } from "../../reader.js";
import { asFile, readPieces, readRange, type WeightsSource } from "../../source.js";
import type { TensorInfo, WeightsReader } from "../../types.js";
import { type Hdf5Dataset, Hdf5File, type Hdf5Object } from "./hdf5/file.js";

/** Where a reader's metadata has the name of the Python object that was saved. */
export const OBJECT = "keras_object";

/** Keras splits lists of names that are too long for one attribute into as many as it takes. */
const MOST_CHUNKS = 10_000;

/**
 * Opens a Keras weights file (`tf_model.h5`) under the names that it has, without the first part, which is the name of
 * the Python object that was saved: `convbert/embeddings/word_embeddings/weight:0`. Values are read when asked for.
 * Follows `load_tf_weights_from_h5` and `load_tf_shard` of the reference (transformers 4.34, `modeling_tf_utils.py`).
 * @throws WeightsError "format" when it is damaged, "unsupported" for what Keras does not write.
 */
export async function readKerasWeights(source: WeightsSource): Promise<WeightsReader> {
  const file = asFile(source, "tf_model.h5");
  const hdf5 = await Hdf5File.open(file);
  const { address: root, object } = await weightsGroup(hdf5);
  const layers = await namesIn(hdf5, object, "layer_names");
  if (layers === undefined) {
    throw new WeightsError("format", "no weights of Keras: the attribute layer_names is missing", { file: file.name });
  }
  const metadata: Record<string, string> = Object.create(null);
  const tensors = new Map<string, TensorInfo & Hdf5Dataset>();
  const add = (name: string, dataset: Hdf5Dataset): void => {
    // Shared embeddings stand under several layers.
    if (!tensors.has(name)) tensors.set(name, { name, ...dataset });
  };
  // A group that is named twice has nothing new to say.
  const seen = new Set<number>();
  for (const layer of layers) {
    const address = (await hdf5.find(root, layer)) ?? missing(layer, file.name);
    const group = await hdf5.object(address);
    if (group.links === undefined) {
      // A shard's layers are the weights themselves.
      add(layer, group.dataset());
      continue;
    }
    if (seen.has(address)) continue;
    seen.add(address);
    for (const name of (await namesIn(hdf5, group, "weight_names")) ?? []) {
      const weight = await hdf5.object((await hdf5.find(address, name)) ?? missing(`${layer}/${name}`, file.name));
      const [object, ...rest] = name.split("/");
      if (rest.length > 0) metadata[OBJECT] ??= object!;
      add(rest.join("/") || name, weight.dataset());
    }
  }
  for (const key of ["backend", "keras_version"]) {
    const attribute = object.attributes.get(key);
    const [text] = attribute?.type.kind.endsWith("text") ? await hdf5.texts(attribute) : [];
    if (text !== undefined) metadata[key] = text;
  }
  const reader: WeightsReader = {
    format: "tensorflow",
    metadata,
    tensors,
    async read(name, options) {
      const { data, byteLength, dtype } = findTensor(tensors, name, file.name);
      options?.signal?.throwIfAborted();
      return toTypedArray(typeof data === "number" ? await readRange(file, data, byteLength) : data, dtype);
    },
    async stream(name, sink, options) {
      await streamFloats(reader, findTensor(tensors, name, file.name), sink, options);
    },
    bytes(name, options) {
      const { data, byteLength, dtype } = findTensor(tensors, name, file.name);
      return typeof data === "number"
        ? readPieces(file, data, byteLength, bitsOf(dtype), options)
        : readPieces(asFile(data, file.name), 0, byteLength, bitsOf(dtype), options);
    },
    close: () => file.close(),
  };
  return reader;
}

/** The root, or where a whole Keras model keeps its weights. */
async function weightsGroup(hdf5: Hdf5File): Promise<{ address: number; object: Hdf5Object }> {
  const root = await hdf5.object(hdf5.root);
  const inner = root.links?.get("model_weights");
  if (inner !== undefined && !root.attributes.has("layer_names") && !root.attributes.has("layer_names0")) {
    return { address: inner, object: await hdf5.object(inner) };
  }
  return { address: hdf5.root, object: root };
}

/** The names in an attribute, or in its numbered parts; undefined where there is none. */
async function namesIn(hdf5: Hdf5File, { attributes }: Hdf5Object, name: string): Promise<string[] | undefined> {
  const whole = attributes.get(name);
  if (whole !== undefined) return await hdf5.texts(whole);
  const names: string[] = [];
  for (let i = 0; i < MOST_CHUNKS; i++) {
    const part = attributes.get(`${name}${i}`);
    if (part === undefined) return i === 0 ? undefined : names;
    names.push(...(await hdf5.texts(part)));
  }
  return names;
}

function missing(path: string, file: string): never {
  throw new WeightsError("format", `damaged HDF5 file: ${path} is named and not there`, { file, tensor: path });
}
