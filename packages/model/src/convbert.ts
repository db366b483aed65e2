import { Embedding, LayerNorm, type Layout, Linear, type Scope } from "@convbert/nn";
import { columnBlocks, reorderedSlot, rowBlocks, tensorSlot, transposed } from "@convbert/nn/internal";
import {
  add,
  attention,
  concatenate,
  type DropoutGenerator,
  depthwiseConvolution,
  dropout,
  dynamicConvolution,
  linear,
  multiply,
  type PackedWeights,
  type Sequences,
  softmax,
  type Tensor,
} from "@convbert/tensor";
import type { ConvBertConfig } from "./config.js";
import { feedForwardLinear, hiddenActivation } from "./feed-forward.js";

// The architecture of "ConvBERT: Improving BERT with Span-based Dynamic Convolution" (Jiang et al. 2020), block by block
// as in the reference's modeling_convbert.py. Every block declares its weights in its constructor: the path of scopes is
// the weight's name. Hidden states are [tokens, channels], the sequences of a batch one after the other, so that padded
// and ragged batches run through the same code.

/** Words, positions and token types, summed and normalised (`ConvBertEmbeddings`). */
export class ConvBertEmbeddings {
  words: Embedding;
  readonly positions: Embedding;
  readonly types: Embedding;
  readonly norm: LayerNorm;
  readonly #dropout: number;

  constructor(scope: Scope, config: ConvBertConfig, packedWords: boolean) {
    this.#dropout = config.hidden_dropout_prob;
    const size = config.embedding_size;
    this.words = new Embedding(scope.scope("word_embeddings").owning(), config.vocab_size, size, {
      padding: config.pad_token_id,
      packed: packedWords,
      quantized: true,
    });
    this.positions = new Embedding(scope.scope("position_embeddings"), config.max_position_embeddings, size);
    this.types = new Embedding(scope.scope("token_type_embeddings"), config.type_vocab_size, size);
    this.norm = new LayerNorm(scope.scope("LayerNorm"), size, config.layer_norm_eps);
  }

  /** `words` is `[tokens]` int32, or `[tokens, embedding_size]` to stand for the looked-up rows. */
  forward(words: Tensor, positions: Tensor, types: Tensor, random: DropoutGenerator | null): Tensor<"float32"> {
    const looked = words.dtype === "int32" ? this.words.forward(words, "input_ids") : words; // [tokens, embedding_size]
    const placed = add(looked, this.positions.forward(positions, "position_ids")); //           [tokens, embedding_size]
    const normalized = this.norm.forward(placed, this.types.forward(types, "token_type_ids")); //   [tokens, embedding_size]
    return drop(normalized, this.#dropout, random);
  }
}

/** What a layer's attention needs besides the hidden states. */
export interface LayerContext {
  readonly sequences: Sequences;
  /** Additive attention mask, `[sequences, length]` or `[sequences, length, length]`. */
  readonly mask: Tensor | null;
  /** `[heads]` of this layer. */
  readonly headMask: Tensor | null;
  readonly probabilities: boolean;
  /** Whether the convolution's kernels are given out. */
  readonly kernels: boolean;
  /** Of training; null drops nothing. */
  readonly random: DropoutGenerator | null;
}

/** Dropout while training, nothing otherwise. */
export function drop(input: Tensor<"float32">, rate: number, random: DropoutGenerator | null): Tensor<"float32"> {
  const options = random?.next(rate) ?? null;
  return options === null ? input : dropout(input, options);
}

/**
 * Mixed attention (paper, section 3.3; `ConvBertSelfAttention`): half of the channels by self-attention, half by span-based
 * dynamic convolution, `Cat(Self-Attn(Q, K, V), SDConv(Q, K_s, V; W_f))`.
 *
 * Pruned heads keep their query and span-aware key, because every head's convolution kernel is made from all of them;
 * to stay views without gaps, the kept heads' channels come first in the kernels' order. In the shapes below `all` are the
 * channels of all heads together, `kept` those of the heads that are left; without pruning they are the same.
 */
export class ConvBertSelfAttention {
  /** Heads that are left, under their original numbers. */
  readonly heads: readonly number[];
  /** Neighbours that a kernel weighs, the token itself among them: k of the paper. */
  readonly taps: number;
  /** Channels of one head: d of the paper. */
  readonly #size: number;
  /** Channels of all heads, and of those that are left. */
  readonly #all: number;
  readonly #kept: number;
  readonly #dropout: number;
  /** Query, key, value and the convolution's value in one product: `[all + 3 kept, hidden]`, `[all + 3 kept]`. */
  readonly #projections: PackedWeights;
  readonly #projectionsBias: Tensor<"float32">;
  /** The span-aware key's depthwise convolution, `[taps, hidden]`. */
  readonly #depthwise: Tensor<"float32">;
  /** And its pointwise one, `[all, hidden]`, `[all]`. */
  readonly #pointwise: PackedWeights;
  readonly #pointwiseBias: Tensor<"float32">;
  /** W_f of the paper, which makes the kernels: `[heads * taps, all]`, `[heads * taps]`. */
  readonly #kernel: PackedWeights;
  readonly #kernelBias: Tensor<"float32">;

  constructor(scope: Scope, config: ConvBertConfig, pruned: readonly number[]) {
    const { attentionHeadSize: size, conv_kernel_size: taps, hidden_size: hidden } = config;
    const unpruned = Array.from({ length: config.attentionHeads }, (_, head) => head);
    const gone = new Set(pruned);
    const heads = unpruned.filter((head) => !gone.has(head));
    const all = unpruned.length * size;
    const kept = heads.length * size;
    this.heads = heads;
    this.taps = taps;
    this.#size = size;
    this.#all = all;
    this.#kept = kept;
    this.#dropout = config.attention_probs_dropout_prob;

    // Where heads are gone, what has a row or a column for each head has the kept ones first.
    const order = [...heads, ...unpruned.filter((head) => gone.has(head))];
    const keptFirst = gone.size === 0 ? undefined : rowBlocks(order, size, hidden);
    const keptFirstBias = gone.size === 0 ? undefined : rowBlocks(order, size, 1);
    const fromKeptFirst = gone.size === 0 ? undefined : columnBlocks(order, size);

    this.#projections = scope.packed(all + 3 * kept, hidden);
    this.#projectionsBias = scope.owned(all + 3 * kept);
    const project = (name: string, start: number, rows: number, layouts: { weight?: Layout; bias?: Layout } = {}) => {
      const part = scope.scope(name);
      part.rows("weight", [rows, hidden], this.#projections, start, rows, layouts.weight);
      const bias = tensorSlot(this.#projectionsBias, start, rows);
      const slot = layouts.bias ? reorderedSlot(bias, rows, layouts.bias, scope.store.scratch) : bias;
      part.slot("bias", [rows], "zeros", slot);
    };
    project("query", 0, all, keptFirst && keptFirstBias && { weight: keptFirst, bias: keptFirstBias });
    project("key", all, kept);
    project("value", all + kept, kept);
    project("conv_out_layer", all + 2 * kept, kept);

    const spanKey = scope.scope("key_conv_attn_layer");
    const byTap = { shape: [taps, hidden], layout: transposed(hidden, taps) };
    this.#depthwise = spanKey.scope("depthwise").tensor("weight", [hidden, 1, taps], "normal", byTap);
    this.#pointwise = spanKey.packed(all, hidden);
    spanKey.scope("pointwise").rows("weight", [all, hidden, 1], this.#pointwise, 0, all, keptFirst);
    const flat = { shape: [all], ...(keptFirstBias && { layout: keptFirstBias }) };
    this.#pointwiseBias = spanKey.tensor("bias", [all, 1], "zeros", flat);

    const kernel = scope.scope("conv_kernel_layer");
    const rows = heads.length * taps;
    this.#kernel = kernel.packed(rows, all);
    kernel.rows("weight", [rows, all], this.#kernel, 0, rows, fromKeptFirst);
    this.#kernelBias = kernel.tensor("bias", [rows], "zeros");
  }

  /** `hidden` is `[tokens, hidden]`; the result's `context` `[tokens, 2 * kept]`, attention first. */
  forward(hidden: Tensor, { sequences, mask, headMask, probabilities, kernels: wanted, random }: LayerContext) {
    const { length: heads } = this.heads;
    const [all, kept] = [this.#all, this.#kept];
    const projections = linear(hidden, this.#projections, { bias: this.#projectionsBias }); // [tokens, all + 3 kept]
    const query = projections.slice(-1, 0, all); //                               Q    [tokens, all]
    const key = projections.slice(-1, all, all + kept); //                        K    [tokens, kept]
    const value = projections.slice(-1, all + kept, all + 2 * kept); //           V    [tokens, kept]
    const spanValue = projections.slice(-1, all + 2 * kept, all + 3 * kept); //   V    [tokens, kept], of the convolution

    // SDConv (section 3.2): LConv(V, softmax(W_f (Q * K_s))), K_s being made from the span around each token.
    const span = depthwiseConvolution(hidden, this.#depthwise, sequences); //                     [tokens, hidden]
    const spanKey = linear(span, this.#pointwise, { bias: this.#pointwiseBias }); //         K_s  [tokens, all]
    const logits = linear(multiply(spanKey, query), this.#kernel, { bias: this.#kernelBias }); // [tokens, heads * taps]
    const kernels = softmax(logits, this.taps); //                                           W    [tokens, heads * taps]
    const convolved = dynamicConvolution(spanValue, kernels, heads, sequences); //                [tokens, kept]

    // Self-Attn: softmax(Q Kᵀ / sqrt(d)) V.
    const attended = attention(query.slice(-1, 0, kept), key, value, sequences, {
      heads,
      scale: 1 / Math.sqrt(this.#size),
      mask,
      headMask,
      dropout: random?.next(this.#dropout) ?? null,
      probabilities,
    }); //                                                                                        [tokens, kept]

    return {
      context: concatenate([attended.context, convolved]), //                                     [tokens, 2 * kept]
      probabilities: attended.probabilities,
      kernels: wanted ? kernels : null,
    };
  }
}

/** Mixed attention, its output map, and the residual (`ConvBertAttention` with `ConvBertSelfOutput`). */
export class ConvBertAttention {
  readonly self: ConvBertSelfAttention;
  readonly #dense: Linear;
  readonly #norm: LayerNorm;
  readonly #dropout: number;

  constructor(scope: Scope, config: ConvBertConfig, pruned: readonly number[]) {
    this.#dropout = config.hidden_dropout_prob;
    this.self = new ConvBertSelfAttention(scope.scope("self"), config, pruned);
    const output = scope.scope("output");
    this.#dense = new Linear(
      output.scope("dense"),
      2 * this.self.heads.length * config.attentionHeadSize,
      config.hidden_size,
    );
    this.#norm = new LayerNorm(output.scope("LayerNorm"), config.hidden_size, config.layer_norm_eps);
  }

  forward(hidden: Tensor, context: LayerContext) {
    const { context: mixed, probabilities, kernels } = this.self.forward(hidden, context); // [tokens, 2 * kept]
    const dense = drop(this.#dense.forward(mixed), this.#dropout, context.random); //         [tokens, hidden]
    return { output: this.#norm.forward(dense, hidden), probabilities, kernels }; //          [tokens, hidden]
  }
}

/** One encoder layer: attention, then the feed-forward block (`ConvBertLayer`). */
export class ConvBertLayer {
  attention: ConvBertAttention;
  /** Where the attention's weights are declared; replaced as a whole when heads are pruned. */
  attentionScope: Scope;
  /** A decoder's; its weights are kept for the file, since no model of the reference has an argument that runs it. */
  readonly crossAttention: ConvBertAttention | null;
  readonly #intermediate: ReturnType<typeof feedForwardLinear>;
  readonly #output: ReturnType<typeof feedForwardLinear>;
  readonly #norm: LayerNorm;
  readonly #activation: ReturnType<typeof hiddenActivation>;
  readonly #dropout: number;

  constructor(scope: Scope, config: ConvBertConfig, pruned: readonly number[]) {
    const { hidden_size: hidden, intermediate_size: inner } = config;
    this.attentionScope = scope.scope("attention").owning();
    this.attention = new ConvBertAttention(this.attentionScope, config, pruned);
    this.crossAttention = config.add_cross_attention
      ? new ConvBertAttention(scope.scope("crossattention"), config, [])
      : null;
    this.#intermediate = feedForwardLinear(scope.scope("intermediate").scope("dense"), config, hidden, inner);
    const output = scope.scope("output");
    this.#output = feedForwardLinear(output.scope("dense"), config, inner, hidden);
    this.#norm = new LayerNorm(output.scope("LayerNorm"), hidden, config.layer_norm_eps);
    this.#activation = hiddenActivation(config);
    this.#dropout = config.hidden_dropout_prob;
  }

  forward(hidden: Tensor, context: LayerContext) {
    const { output: attended, probabilities, kernels } = this.attention.forward(hidden, context); // [tokens, hidden]
    const inner = this.#intermediate.forward(attended, this.#activation); //         [tokens, intermediate]
    const outer = drop(this.#output.forward(inner), this.#dropout, context.random); // [tokens, hidden]
    const hiddenState = this.#norm.forward(outer, attended); //                        [tokens, hidden]
    return { hiddenState, probabilities, kernels };
  }
}

/** All blocks of the base model under the reference's names. */
export class ConvBertModules {
  readonly embeddings: ConvBertEmbeddings;
  /** Only where `embedding_size` differs from `hidden_size`. */
  readonly project: Linear | null;
  readonly layers: readonly ConvBertLayer[];

  /** `packedWords`: the word embeddings also serve a matrix product, a tied decoder's. */
  constructor(scope: Scope, config: ConvBertConfig, packedWords: boolean) {
    this.embeddings = new ConvBertEmbeddings(scope.scope("embeddings"), config, packedWords);
    const { embedding_size: from, hidden_size: to } = config;
    this.project = from === to ? null : new Linear(scope.scope("embeddings_project"), from, to);
    const encoder = scope.scope("encoder").scope("layer");
    this.layers = Array.from({ length: config.num_hidden_layers }, (_, index) => {
      return new ConvBertLayer(encoder.scope(index), config, config.pruned_heads[index] ?? []);
    });
  }

  embed(words: Tensor, positions: Tensor, types: Tensor, random: DropoutGenerator | null): Tensor<"float32"> {
    const embedded = this.embeddings.forward(words, positions, types, random);
    return this.project === null ? embedded : this.project.forward(embedded);
  }
}
