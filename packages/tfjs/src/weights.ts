import {
  loadReport,
  matchNames,
  type NamedTensor,
  type OpenModelOptions,
  type WeightsReader,
} from "@convbert/converter";
import { tensorflowNames } from "@convbert/converter/formats/internal";
import { mismatchText } from "@convbert/converter/internal";
import { CheckpointError, type ConvBertConfig, type LoadReport } from "@convbert/model";
import { BASE_MODEL } from "@convbert/model/internal";
import type { NewWeightsOptions } from "@convbert/nn";
import { checkMissing, checkQuantised, checkTies, Int8Checkpoint } from "@convbert/nn/internal";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

export interface LoadOptions extends NewWeightsOptions {
  readonly signal?: OpenModelOptions["signal"];
  /** Keep new weights where the checkpoint's have another shape instead of failing (`ignore_mismatched_sizes`). */
  readonly ignoreMismatchedSizes?: boolean;
  /** Takes warnings about new, unused and mismatched weights; `console.warn` by default. */
  readonly onWarning?: (text: string) => void;
}

/** The model that weights are for. */
export interface WeightOwner {
  /** PyTorch's name of the class, as "ConvBertForMaskedLM". */
  readonly modelName: string;
  readonly config: ConvBertConfig;
  readonly weights: readonly LayerVariable[];
}

const WORDS = "embeddings.word_embeddings.weight";
const DECODER = "generator_lm_head.weight";

/** A weight beside its PyTorch name and shape, which every file format is read and written by. */
interface Translated {
  readonly name: string;
  readonly shape: readonly number[];
  /** For each axis of the PyTorch tensor the weight's; absent where the elements have one order. */
  readonly axes: readonly number[] | undefined;
  readonly variable: LayerVariable;
}

function translated({ modelName, weights }: WeightOwner): Translated[] {
  const table = tensorflowNames(modelName === "ConvBertModel");
  return weights.map((variable) => {
    const { originalName, shape } = variable;
    const { axes, ...canonical } = table.canonical({ name: `${originalName}:0`, shape: shape as number[] })!;
    return { ...canonical, axes, variable };
  });
}

/**
 * Reads a checkpoint's weights into a model.
 * @throws MissingWeightsError, CheckpointError or WeightsError for one that does not fit.
 */
export async function loadWeights(
  owner: WeightOwner,
  reader: WeightsReader,
  location: string,
  options: LoadOptions,
): Promise<LoadReport> {
  const { signal, ignoreMismatchedSizes = false, onWarning = console.warn } = options;
  const { modelName, config } = owner;
  checkQuantised([...reader.tensors.values()], config.extra["quantization_config"], location);
  const checkpoint = new Int8Checkpoint(reader, location);
  const places = translated(owner);
  const words = places.find(({ name }) => name.endsWith(WORDS))!;
  // TensorFlow's head for masked words has the embeddings' table, which PyTorch's files name twice.
  const tied = modelName === "ConvBertForMaskedLM" ? [[words.name, DECODER]] : [];
  const wanted = [...places, ...tied.map(() => ({ name: DECODER, shape: words.shape }))];
  const found = checkpoint.weights();
  const match = matchNames(found, wanted, { prefix: BASE_MODEL.prefix, tied });
  const { architectures } = config;
  checkMissing(
    match,
    { model: modelName, base: BASE_MODEL, location, architectures, found, wanted: wanted.map(({ name }) => name) },
    options,
  );
  if (match.mismatched.length > 0 && !ignoreMismatchedSizes) {
    throw new CheckpointError(location, mismatchText(match.mismatched, modelName));
  }
  checkTies(match, tied, reader, location);
  for (const { name, shape, axes, variable } of places) {
    const stored = match.mapping.get(name);
    if (stored === undefined) {
      continue;
    }
    signal?.throwIfAborted();
    const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    const write = (offset: number, part: Float32Array) => values.set(part, offset);
    await checkpoint.load(stored, { shape, write, place: { int8: null } }, { ...(signal && { signal }) });
    tf.tidy(() => {
      const stored = variable.shape as number[];
      // A bias that has been reshaped is refused by the WebAssembly backend's fused product: each gets its shape at once.
      variable.write(
        axes === undefined ? tf.tensor(values, stored) : tf.transpose(tf.tensor(values, [...shape]), inverse(axes)),
      );
    });
  }
  for (const { level, text } of loadReport(match, {
    model: modelName,
    location,
    ...(architectures && { architectures }),
  })) {
    if (level === "warning") {
      onWarning(text);
    }
  }
  return { missing: match.missing, unexpected: match.unexpected, mismatched: match.mismatched };
}

function inverse(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}

/** A model's weights for a file of any format, under PyTorch's names. */
export function namedWeights(owner: WeightOwner): NamedTensor[] {
  const places = translated(owner);
  const tensors = places.map(({ name, shape, axes, variable }): NamedTensor => {
    const data = async () => {
      const stored = tf.tidy(() =>
        axes === undefined ? variable.read().clone() : tf.transpose(variable.read(), [...axes]),
      );
      try {
        return await stored.data<"float32">();
      } finally {
        stored.dispose();
      }
    };
    return { name, dtype: "F32", shape, data };
  });
  const words = tensors.find(({ name }) => name.endsWith(WORDS))!;
  return owner.modelName === "ConvBertForMaskedLM"
    ? [...tensors, { ...words, name: DECODER, tiedTo: words.name }]
    : tensors;
}
