import type { ConvBertConfig } from "@convbert/model";
import { activationKind } from "@convbert/tensor/internal";
import { activation } from "./activation.js";
import { type LayerInputs, mixedAttention } from "./attention.js";
import type { GraphBuilder, Value } from "./builder.js";
import type { Module } from "./module.js";
import { product, scalesOf, withBias } from "./product.js";
import type { Rows } from "./rows.js";
import { quantizedRows } from "./weights.js";

/** LayerNorm of the last axis. */
export function layerNorm(g: GraphBuilder, module: Module, config: ConvBertConfig, x: Value): Value {
  const inputs = [x, module.vector(g, "weight"), module.vector(g, "bias")];
  return g.op("LayerNormalization", inputs, { axis: -1, epsilon: { float: config.layer_norm_eps } });
}

/** What the embeddings are looked up with. */
export interface EmbeddingInputs {
  /** `[batch, length]` ids. */
  readonly words: Value | null;
  /** `[batch, length, embedding_size]`, in place of the rows that the ids would look up. */
  readonly embeds: Value | null;
  readonly types: Value;
  /** `[batch, length]`; 0, 1, 2 ... where null. */
  readonly positions: Value | null;
}

/** A table of word embeddings whose 8-bit rows a decoder may multiply by as well. */
export interface WordTable {
  readonly table: Value;
  /** Of each row; null for floats. */
  readonly scales: Value | null;
}

/** The word embeddings `[vocab_size, embedding_size]`, 8 bits by row where the graph has such weights. */
export function wordTable(g: GraphBuilder, embeddings: Module): WordTable {
  const words = embeddings.module("word_embeddings");
  const { integers: type } = g.style;
  if (type === null) return { table: words.table(g, "weight"), scales: null };
  const { name, shape, read } = words.parameter("weight");
  const rows = shape[0]!;
  return {
    table: g.constant({ name: `${name}.quantized`, type, shape, bytes: () => quantizedRows(read(), rows, type) }),
    scales: scalesOf(g, name, rows, read),
  };
}

function lookUp(g: GraphBuilder, { table, scales }: WordTable, ids: Value): Value {
  const rows = g.op("Gather", [table, ids]);
  if (scales === null) return rows;
  const floats = g.op("Cast", [rows], { to: 1 });
  const centred = g.style.integers === "uint8" ? g.op("Sub", [floats, g.number(128)]) : floats;
  return g.op("Mul", [centred, g.op("Unsqueeze", [g.op("Gather", [scales, ids]), g.ints(-1)])]);
}

/** Words, positions and token types, summed and normalised (`ConvBertEmbeddings`): rows of `hidden_size` channels. */
export function embeddings(
  g: GraphBuilder,
  model: Module,
  config: ConvBertConfig,
  rows: Rows,
  { words, embeds, types, positions }: EmbeddingInputs,
): Value {
  return g.within("embeddings", () => {
    const module = model.module("embeddings");
    const looked = embeds ?? lookUp(g, wordTable(g, module), words!);
    const table = (name: string) => module.module(name).table(g, "weight");
    const positionTable = table("position_embeddings");
    const positioned =
      positions === null
        ? g.op("Slice", [positionTable, g.ints(0), rows.length, g.ints(0)])
        : g.op("Gather", [positionTable, positions]);
    const typed = g.op("Add", [looked, g.op("Gather", [table("token_type_embeddings"), types])]);
    const sum = rows.together(g.op("Add", [typed, positioned]), config.embedding_size);
    const normal = layerNorm(g, module.module("LayerNorm"), config, sum);
    if (config.embedding_size === config.hidden_size) return normal;
    const projection = model.module("embeddings_project");
    return product(g, normal, projection.linear(), projection.vector(g, "bias"));
  });
}

/** A product of the feed-forward block; grouped where the configuration says so. */
function feedForwardProduct(g: GraphBuilder, module: Module, config: ConvBertConfig, x: Value): Value {
  const { num_groups: groups } = config;
  const bias = module.vector(g, "bias");
  if (groups === 1) return product(g, x, module.linear(), bias);
  // `[groups, inputs, outputs]`, already in the order of a product from the left.
  const { name, shape, read } = module.parameter("weight");
  const [, inputs, outputs] = shape as [number, number, number];
  const parts = g.ops("Split", [x], { axis: -1, num_outputs: groups }, groups);
  const products = parts.map((part, group) =>
    product(g, part, {
      name: `${name}.${group}`,
      inputs,
      outputs,
      holds: [{ name, shape }],
      read() {
        const values = read().subarray(group * inputs * outputs, (group + 1) * inputs * outputs);
        const rows = new Float32Array(values.length);
        for (let i = 0; i < values.length; i++) rows[(i % outputs) * inputs + Math.floor(i / outputs)] = values[i]!;
        return rows;
      },
    }),
  );
  return withBias(g, g.op("Concat", products, { axis: -1 }), bias);
}

/** One layer: mixed attention, then the feed-forward block (`ConvBertLayer`). */
function encoderLayer(
  g: GraphBuilder,
  module: Module,
  config: ConvBertConfig,
  index: number,
  hidden: Value,
  inputs: LayerInputs,
) {
  const attention = module.module("attention");
  const mixed = mixedAttention(g, attention.module("self"), config, index, hidden, inputs);
  const dense = attention.module("output.dense");
  /** LayerNorm of what a block gives and what came into it. */
  const normalised = (norm: Module, x: Value, skip: Value) => layerNorm(g, norm, config, g.op("Add", [x, skip]));
  const given = product(g, mixed.context, dense.linear(), dense.vector(g, "bias"));
  const attended = normalised(attention.module("output.LayerNorm"), given, hidden);
  return g.within("feed_forward", () => {
    const wide = feedForwardProduct(g, module.module("intermediate.dense"), config, attended);
    const inner = activation(g, activationKind(config.hidden_act), wide);
    const narrow = feedForwardProduct(g, module.module("output.dense"), config, inner);
    const hiddenState = normalised(module.module("output.LayerNorm"), narrow, attended);
    return { hiddenState, probabilities: mixed.probabilities, kernels: mixed.kernels };
  });
}

/** All layers. The states are the embeddings' and each layer's output. */
export function encoder(
  g: GraphBuilder,
  model: Module,
  config: ConvBertConfig,
  embedded: Value,
  inputs: LayerInputs,
): { readonly states: readonly Value[]; readonly probabilities: readonly Value[]; readonly kernels: readonly Value[] } {
  const states = [embedded];
  const probabilities: Value[] = [];
  const kernels: Value[] = [];
  for (let index = 0; index < config.num_hidden_layers; index++) {
    const layer = g.within(`layer.${index}`, () =>
      encoderLayer(g, model.module("encoder.layer").module(index), config, index, states.at(-1)!, inputs),
    );
    states.push(layer.hiddenState);
    kernels.push(layer.kernels);
    if (layer.probabilities !== null) probabilities.push(layer.probabilities);
  }
  return { states, probabilities, kernels };
}
