import { WeightsError } from "../../errors.js";
import type { TensorInfo } from "../../types.js";

/**
 * The sizes of a model by the shapes of its weights, as fields of `config.json`, for a checkpoint that has none. What
 * shapes do not tell (the activation, probabilities of dropout, the rest) is left to the defaults.
 * @param tensors under PyTorch's names.
 * @param prefix in front of the encoder's names, "convbert." in a model with a head.
 * @throws WeightsError "format" where the shapes contradict one another.
 */
export function configOfShapes(
  tensors: ReadonlyMap<string, TensorInfo>,
  prefix: string,
  file: string,
): Record<string, unknown> {
  const shapeOf = (name: string, rank: number): readonly number[] => {
    const shape = tensors.get(`${prefix}${name}`)?.shape;
    if (shape?.length !== rank) {
      const found = shape === undefined ? "it is not there" : `it has the shape [${shape}]`;
      throw new WeightsError("format", `no configuration can be derived from ${prefix}${name}: ${found}`, { file });
    }
    return shape;
  };
  const [vocabulary, embedding] = shapeOf("embeddings.word_embeddings.weight", 2);
  const [positions] = shapeOf("embeddings.position_embeddings.weight", 2);
  const [types] = shapeOf("embeddings.token_type_embeddings.weight", 2);
  const self = "encoder.layer.0.attention.self";
  const [width, hidden] = shapeOf(`${self}.query.weight`, 2);
  const [, , kernel] = shapeOf(`${self}.key_conv_attn_layer.depthwise.weight`, 3);
  const [kernels] = shapeOf(`${self}.conv_kernel_layer.weight`, 2);
  const [intermediate] = shapeOf("encoder.layer.0.intermediate.dense.bias", 1);
  const feedForward = tensors.get(`${prefix}encoder.layer.0.intermediate.dense.weight`)?.shape ?? [];
  // Heads that are left once the ratio has been taken off, each with a kernel of its own.
  const ownHeads = kernels! / kernel!;
  const heads = hidden! / (width! / ownHeads);
  const ratio = Math.floor(heads / ownHeads);
  if (
    ![ownHeads, heads, ratio].every((value) => Number.isInteger(value) && value > 0) ||
    Math.floor(heads / ratio) !== ownHeads
  ) {
    const message = `no configuration has ${kernels} kernel weights of ${kernel}, queries of ${width} and a width of ${hidden}`;
    throw new WeightsError("format", message, { file });
  }
  const layer = new RegExp(`^${prefix.replace(".", "\\.")}encoder\\.layer\\.(\\d+)\\.`);
  const layers = [...tensors.keys()].map((name) => Number(layer.exec(name)?.[1] ?? -1));
  return {
    architectures: [prefix === "" ? "ConvBertModel" : "ConvBertForMaskedLM"],
    conv_kernel_size: kernel,
    embedding_size: embedding,
    head_ratio: ratio,
    hidden_size: hidden,
    intermediate_size: intermediate,
    max_position_embeddings: positions,
    model_type: "convbert",
    num_attention_heads: heads,
    num_groups: feedForward.length === 3 ? feedForward[0] : 1,
    num_hidden_layers: layers.reduce((most, number) => Math.max(most, number), -1) + 1,
    type_vocab_size: types,
    vocab_size: vocabulary,
  };
}
