import type { NamedTensor } from "@convbert/converter";
import { tensorflowNames } from "@convbert/converter/formats/internal";
import type { ConvBertConfig, LoadReport } from "@convbert/model";
import type { OpenCheckpoint } from "@convbert/nn/internal";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";

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
  checkpoint: OpenCheckpoint,
  signal: AbortSignal | undefined,
): Promise<LoadReport> {
  const wanted = translated(owner);
  const words = wanted.find(({ name }) => name.endsWith(WORDS))!;
  // TensorFlow's head for masked words has the embeddings' table, which PyTorch's files name twice.
  const isTied = owner.modelName === "ConvBertForMaskedLM";
  const decoder = { name: DECODER, shape: words.shape, tiedTo: words.name };
  const match = checkpoint.match(owner.config, isTied ? [...wanted, decoder] : wanted);
  for (const { name, shape, axes, variable } of wanted) {
    const stored = match.mapping.get(name);
    if (stored === undefined) {
      continue;
    }
    signal?.throwIfAborted();
    const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
    const write = (offset: number, part: Float32Array) => values.set(part, offset);
    await checkpoint.weights.load(stored, { shape, write, slot: { int8: null } }, { ...(signal && { signal }) });
    tf.tidy(() => {
      const stored = variable.shape as number[];
      // A bias that has been reshaped is refused by the WebAssembly backend's fused product: each gets its shape at once.
      variable.write(
        axes === undefined ? tf.tensor(values, stored) : tf.transpose(tf.tensor(values, [...shape]), inverse(axes)),
      );
    });
  }
  return checkpoint.report(owner.config, match);
}

function inverse(axes: readonly number[]): number[] {
  return axes.map((_, axis) => axes.indexOf(axis));
}

/** A model's weights for a file of any format, under PyTorch's names. */
export function namedWeights(owner: WeightOwner): NamedTensor[] {
  const wanted = translated(owner);
  const tensors = wanted.map(({ name, shape, axes, variable }): NamedTensor => {
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
