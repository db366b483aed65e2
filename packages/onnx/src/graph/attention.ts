import type { ConvBertConfig } from "@convbert/model";
import type { GraphBuilder, HeldWeight, Value } from "./builder.js";
import type { DynamicConvolution } from "./dynamic-convolution.js";
import type { Module } from "./module.js";
import { product } from "./product.js";
import type { Rows } from "./rows.js";

/** What the layers share. */
export interface LayerInputs {
  readonly rows: Rows;
  readonly convolution: DynamicConvolution;
  /** Added to the scores, `[batch, 1, from or 1, to]`; null where everything is attended to. */
  readonly bias: Value | null;
  /** Whether the bias is 0 everywhere, a truth value; null where that is not known. */
  readonly unmasked: Value | null;
  /** `[layers, heads]`, multiplies the probabilities. */
  readonly headMask: Value | null;
  /** 1 for tokens and 0 for padding, `[rows, 1]`, where the convolutions are to see none of it. */
  readonly tokens: Value | null;
  /** Whether each layer's probabilities are wanted. */
  readonly probabilities: boolean;
}

export interface Mixed {
  /** Rows of `2 * heads * size` channels. */
  readonly context: Value;
  /** `[batch, heads, length, length]`. */
  readonly probabilities: Value | null;
  /** The convolution's kernels, `[batch, length, heads, taps]`. */
  readonly kernels: Value;
}

/**
 * Mixed attention (`ConvBertSelfAttention`): half of the channels by self-attention, half by span-based dynamic
 * convolution. Query, key, value and the convolution's values come from one product; the convolution is a sum of shifted
 * products, a tap each, and unfolds nothing.
 */
export function mixedAttention(
  g: GraphBuilder,
  self: Module,
  config: ConvBertConfig,
  layer: number,
  hidden: Value,
  inputs: LayerInputs,
): Mixed {
  const size = config.attentionHeadSize;
  const { rows } = inputs;
  const { attentionHeads, conv_kernel_size: taps } = config;
  const gone = new Set(config.pruned_heads[layer] ?? []);
  const heads = Array.from({ length: attentionHeads }, (_, head) => head).filter((head) => !gone.has(head));
  const all = attentionHeads * size;
  const kept = heads.length * size;
  // Every head's convolution kernel is made from all queries, those of pruned heads too.
  const ownQueries = gone.size === 0 ? [] : [{ name: "query", heads }];
  const parts = [{ name: "query" }, ...ownQueries, { name: "key" }, { name: "value" }, { name: "conv_out_layer" }];
  const mixed = joined(g, self, parts, size, hidden);
  const extents = [all, ...ownQueries.map(() => kept), kept, kept, kept];
  const split = g.ops("Split", [mixed, g.ints(...extents)], { axis: -1 }, extents.length);
  const queries = split[0]!;
  const [query, key, value, convolved] = split.slice(-4) as [Value, Value, Value, Value];

  const kernels = g.within("kernels", () => {
    const seen = inputs.tokens === null ? hidden : g.op("Mul", [hidden, inputs.tokens]);
    const local = depthwise(g, self.module("key_conv_attn_layer.depthwise"), config.hidden_size, taps, seen, rows);
    const separable = self.module("key_conv_attn_layer");
    const bias = separable.vector(g, "bias");
    const spanKey = product(g, local, separable.module("pointwise").linear(), bias);
    const kernel = self.module("conv_kernel_layer");
    const logits = product(g, g.op("Mul", [spanKey, queries]), kernel.linear(), kernel.vector(g, "bias"));
    return g.op("Softmax", [rows.apart(logits, heads.length, taps)], { axis: -1 });
  });
  const convolution = g.within("convolution", () => {
    const seen = inputs.tokens === null ? convolved : g.op("Mul", [convolved, inputs.tokens]);
    return inputs.convolution.apply(seen, kernels, heads.length, size);
  });
  const attended = g.within("attention", () => {
    const scale = 1 / Math.sqrt(size);
    const weights = inputs.headMask === null ? null : headWeights(g, inputs.headMask, layer, heads);
    return attention(g, { query, key, value, heads: heads.length, size, scale, weights, ...inputs });
  });
  return {
    context: rows.together(g.op("Concat", [attended.context, convolution], { axis: -1 }), 2 * kept),
    probabilities: attended.probabilities,
    kernels,
  };
}

/** One product for several linear maps of the same inputs; of `heads` only those rows, where they are given. */
function joined(
  g: GraphBuilder,
  self: Module,
  parts: readonly { readonly name: string; readonly heads?: readonly number[] }[],
  size: number,
  hidden: Value,
): Value {
  const names = parts.map(({ name, heads }) => (heads === undefined ? name : `${name}.kept`)).join("+");
  const rows = (field: "weight" | "bias") => {
    const read = parts.map(({ name, heads }) => {
      const { shape, read } = self.module(name).parameter(field);
      const step = size * (shape[1] ?? 1);
      return () =>
        heads === undefined
          ? read()
          : concatenated(heads.map((head) => read().subarray(head * step, (head + 1) * step)));
    });
    return () => concatenated(read.map((part) => part()));
  };
  const outputs = parts.reduce(
    (sum, { name, heads }) =>
      sum + (heads === undefined ? self.module(name).parameter("bias").shape[0]! : heads.length * size),
    0,
  );
  const name = self.path(names);
  const inputs = self.module("query").parameter("weight").shape[1]!;
  const bias = g.floats(`${name}.bias`, [outputs], rows("bias"));
  const held = (field: "weight" | "bias"): HeldWeight[] => {
    let end = 0;
    return parts.flatMap(({ name, heads }) => {
      const { name: path, shape } = self.module(name).parameter(field);
      const start = end;
      end += heads === undefined ? shape[0]! : heads.length * size;
      // What is left of a weight's rows is there a second time.
      return heads === undefined ? [{ name: path, shape, columns: [start, end] }] : [];
    });
  };
  g.hold(bias, held("bias"));
  const holds = held("weight").map((weight) => ({ ...weight, transposed: true as const }));
  return product(g, hidden, { name: `${name}.weight`, outputs, inputs, read: rows("weight"), holds }, bias);
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Taps slide over the tokens of each channel by itself, zeros beyond the ends: a two-dimensional convolution of height 1,
 * which ONNX Runtime computes faster than a one-dimensional one, and than a sum of shifted products.
 */
function depthwise(g: GraphBuilder, module: Module, channels: number, taps: number, hidden: Value, rows: Rows): Value {
  return g.within("depthwise", () => {
    const { name, shape, read } = module.parameter("weight");
    const kernel = g.floats(`${name}.flat`, [channels, 1, 1, taps], read);
    g.hold(kernel, [{ name, shape }]);
    // Where the runtime's convolutions have a layout of their own, these transpositions become a part of it.
    const image = g.op("Transpose", [g.op("Unsqueeze", [rows.apart(hidden, channels), g.ints(1)])], {
      perm: [0, 3, 1, 2],
    });
    const side = (taps - 1) / 2;
    const slid = g.op("Conv", [image, kernel], { group: channels, kernel_shape: [1, taps], pads: [0, side, 0, side] });
    return rows.together(g.op("Transpose", [slid], { perm: [0, 2, 3, 1] }), channels);
  });
}

/** A layer's row of the head mask, `[1, heads, 1, 1]`; of pruned heads nothing. */
function headWeights(g: GraphBuilder, headMask: Value, layer: number, heads: readonly number[]): Value {
  const row = g.op("Gather", [g.op("Gather", [headMask, g.int(layer)], { axis: 0 }), g.ints(...heads)], { axis: 0 });
  return g.op("Reshape", [row, g.ints(1, heads.length, 1, 1)]);
}

interface AttentionInputs {
  readonly rows: Rows;
  /** Rows of `heads * size` channels, as key and value. */
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly heads: number;
  readonly size: number;
  readonly scale: number;
  readonly bias: Value | null;
  readonly unmasked: Value | null;
  readonly weights: Value | null;
  readonly probabilities: boolean;
}

/** The context is `[batch, length, heads * size]`. */
function attention(g: GraphBuilder, inputs: AttentionInputs): Omit<Mixed, "kernels"> {
  const { rows, query, key, value, heads, size, scale, bias, weights } = inputs;
  if (g.isFused && !inputs.probabilities && weights === null) {
    const [q, k, v] = [query, key, value].map((x) => rows.apart(x, heads * size)) as [Value, Value, Value];
    const attended = (added: Value | null) =>
      g.contrib("MultiHeadAttention", [q, k, v, null, null, added], { num_heads: heads, scale: { float: scale } });
    // Without a bias ONNX Runtime never has all scores in memory, which takes two thirds of the time.
    const { unmasked } = inputs;
    const context =
      bias === null || unmasked === null
        ? attended(bias)
        : g.either(
            unmasked,
            () => attended(null),
            () => attended(bias),
          );
    return { context, probabilities: null };
  }
  const apart = (x: Value, perm: readonly number[]) => g.op("Transpose", [rows.apart(x, heads, size)], { perm });
  const scaled = g.op("Mul", [apart(query, [0, 2, 1, 3]), g.number(scale)]);
  const scores = g.op("MatMul", [scaled, apart(key, [0, 2, 3, 1])]);
  const softmax = g.op("Softmax", [bias === null ? scores : g.op("Add", [scores, bias])], { axis: -1 });
  const probabilities = weights === null ? softmax : g.op("Mul", [softmax, weights]);
  const context = g.op("MatMul", [probabilities, apart(value, [0, 2, 1, 3])]);
  const joinedHeads = g.op("Transpose", [context], { perm: [0, 2, 1, 3] });
  return {
    context: g.op("Reshape", [joinedHeads, g.ints(0, 0, heads * size)]),
    probabilities: inputs.probabilities ? probabilities : null,
  };
}
