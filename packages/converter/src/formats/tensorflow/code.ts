import { WeightsError } from "../../errors.js";
import { openSharded, writeSharded } from "../../shards.js";
import type { NamedTensor } from "../../types.js";
import { checkTensors, type SizedTensor } from "../../wire.js";
import type { FormatCode } from "../format.js";
import { renamedReader, renamedTensors } from "../names.js";
import { textAttribute } from "./hdf5/build.js";
import { addDataset, nameAttributes, newGroup, type OutGroup, writeHdf5 } from "./hdf5/write.js";
import { isBaseModel, isCanonicalBase, tensorflowNames } from "./names.js";
import { OBJECT, readKerasWeights } from "./read.js";

export const code: FormatCode = {
  async open(files, name, options) {
    const reader = await openSharded(files, name, readKerasWeights, options);
    const object = reader.metadata[OBJECT];
    const isBase = object === undefined ? isBaseModel(reader.tensors.keys()) : object.startsWith(BASE_OBJECT);
    return renamedReader(reader, tensorflowNames(isBase), "tensorflow");
  },
  write(tensors, { maxShardSize, signal }) {
    const canonical = [...tensors];
    const stored = checkTensors(storedTensors(canonical));
    const isWhole = stored.reduce((sum, { byteLength }) => sum + byteLength, 0) <= maxShardSize;
    const object = isCanonicalBase(canonical) ? BASE_OBJECT : headObject(stored);
    const group = (own: readonly SizedTensor[]) => (isWhole ? kerasFile(own, object) : kerasShard(own));
    return writeSharded(stored, "tf_model.h5", maxShardSize, (shard) => writeHdf5(group(shard), signal));
  },
};

/** The tensors under TensorFlow's names. */
export function storedTensors(canonical: readonly NamedTensor[]): NamedTensor[] {
  const untied = canonical.find(({ name, tiedTo }) => name === "generator_lm_head.weight" && tiedTo === undefined);
  if (untied !== undefined && canonical.some(({ name }) => name.endsWith("embeddings.word_embeddings.weight"))) {
    throw new WeightsError(
      "unsupported",
      "TensorFlow's model of masked words always shares its word embeddings with the output, and here they are two " +
        "tensors: tie them before, or keep this model in another format",
      { tensor: untied.name },
    );
  }
  return renamedTensors(canonical, tensorflowNames(isCanonicalBase(canonical)), "TensorFlow");
}

/** What TensorFlow calls the Python object of a model, by a weight that only its head has. */
const OBJECTS: readonly (readonly [RegExp, string])[] = [
  [/^generator_/, "tf_conv_bert_for_masked_lm"],
  [/^qa_outputs\//, "tf_conv_bert_for_question_answering"],
  [/^classifier\/(dense|out_proj)\//, "tf_conv_bert_for_sequence_classification"],
  [/^classifier\//, "tf_conv_bert_for_token_classification"],
];
const BASE_OBJECT = "tf_conv_bert_model";
const MULTIPLE_CHOICE = "tf_conv_bert_for_multiple_choice";

function headObject(tensors: readonly SizedTensor[]): string {
  // Choices and tokens have weights of the same names; a choice has one score.
  const classifier = tensors.find(({ name }) => name === "classifier/kernel:0");
  if (classifier?.shape.at(-1) === 1) return MULTIPLE_CHOICE;
  const found = OBJECTS.find(([pattern]) => tensors.some(({ name }) => pattern.test(name)));
  return found?.[1] ?? MULTIPLE_CHOICE;
}

/** One file, as `TFPreTrainedModel.save_weights`: a group a layer, the whole names of its weights below. */
function kerasFile(tensors: readonly SizedTensor[], object: string): OutGroup {
  const layers = new Map<string, SizedTensor[]>();
  for (const tensor of tensors) {
    const layer = tensor.name.split("/")[0]!;
    layers.set(layer, [...(layers.get(layer) ?? []), tensor]);
  }
  // A layer without weights stands there, too: who loads the file looks for it by name.
  if (object === MULTIPLE_CHOICE) layers.set("sequence_summary", []);
  // The layer that multiplies by the embeddings has them as its own, too.
  layers.get("generator_lm_head")?.push(...tensors.filter(({ name }) => name.startsWith("convbert/embeddings/")));
  const root = newGroup();
  root.attributes.push(...nameAttributes("layer_names", [...layers.keys()]), ...VERSIONS);
  for (const [layer, own] of layers) {
    const group = newGroup();
    const names = own.map(({ name }) => `${object}/${name}`);
    group.attributes.push(...nameAttributes("weight_names", names));
    for (const [i, tensor] of own.entries()) addDataset(group, names[i]!, tensor);
    root.members.set(layer, group);
  }
  return root;
}

/** One of several files, as the reference's `save_pretrained` makes them: the weights by their names. */
function kerasShard(tensors: readonly SizedTensor[]): OutGroup {
  const root = newGroup();
  root.attributes.push(
    ...nameAttributes(
      "layer_names",
      tensors.map(({ name }) => name),
    ),
  );
  for (const tensor of tensors) addDataset(root, tensor.name, tensor);
  return root;
}

/** Without these Keras takes a file for one of its first version, whose kernels lay otherwise. */
const VERSIONS = [textAttribute("backend", "tensorflow"), textAttribute("keras_version", "2.14.0")];
