import { Embedding, LayerNorm, Linear, type Scope } from "@convbert/nn";
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
    const looked = words.dtype === "int32" ? this.words.forward(words, "input_ids") : words;
    const sum = add(looked, this.positions.forward(positions, "position_ids"));
    return drop(this.norm.forward(sum, this.types.forward(types, "token_type_ids")), this.#dropout, random);
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
 * Mixed attention (paper, section 3.3; `ConvBertSelfAttention`): half of the channels by self-attention, half by
 * span-based dynamic convolution. Query, key, value and the convolution's values come from one matrix product.
 *
 * Pruned heads keep their query and span-aware key, because every head's convolution kernel is made from all of them;
 * to stay views without gaps, the kept heads' channels come first in the kernel's order.
 */
export class ConvBertSelfAttention {
  /** Of the unpruned layer. */
  readonly #allSize: number;
  /** Heads that are left, under their original numbers. */
  readonly heads: readonly number[];
  readonly #headSize: number;
  /** Neighbours that a kernel weighs, the token itself among them. */
  readonly taps: number;
  readonly #dropout: number;
  readonly #mixed: PackedWeights;
  readonly #mixedBias: Tensor<"float32">;
  readonly #depthwise: Tensor<"float32">;
  readonly #pointwise: PackedWeights;
  readonly #pointwiseBias: Tensor<"float32">;
  readonly #kernel: PackedWeights;
  readonly #kernelBias: Tensor<"float32">;

  constructor(scope: Scope, config: ConvBertConfig, pruned: readonly number[]) {
    const all = Array.from({ length: config.attentionHeads }, (_, head) => head);
    const gone = new Set(pruned);
    this.heads = all.filter((head) => !gone.has(head));
    const order = [...this.heads, ...all.filter((head) => gone.has(head))];
    const size = config.attentionHeadSize;
    const hidden = config.hidden_size;
    this.#headSize = size;
    this.taps = config.conv_kernel_size;
    this.#dropout = config.attention_probs_dropout_prob;
    this.#allSize = all.length * size;
    const kept = this.heads.length * size;
    const isPruned = kept !== this.#allSize;

    this.#mixed = scope.packed(this.#allSize + 3 * kept, hidden);
    this.#mixedBias = scope.owned(this.#allSize + 3 * kept);
    const parts = [
      ["query", 0, this.#allSize],
      ["key", this.#allSize, kept],
      ["value", this.#allSize + kept, kept],
      ["conv_out_layer", this.#allSize + 2 * kept, kept],
    ] as const;
    for (const [name, start, rows] of parts) {
      const part = scope.scope(name);
      const moved = isPruned && name === "query";
      part.rows("weight", [rows, hidden], this.#mixed, start, rows, moved ? rowBlocks(order, size, hidden) : undefined);
      const bias = tensorSlot(this.#mixedBias, start, rows);
      part.slot(
        "bias",
        [rows],
        "zeros",
        moved ? reorderedSlot(bias, rows, rowBlocks(order, size, 1), scope.store.scratch) : bias,
      );
    }

    const separable = scope.scope("key_conv_attn_layer");
    this.#depthwise = separable.scope("depthwise").tensor("weight", [hidden, 1, this.taps], "normal", {
      shape: [this.taps, hidden],
      layout: transposed(hidden, this.taps),
    });
    this.#pointwise = separable.packed(this.#allSize, hidden);
    const spanKey = isPruned ? rowBlocks(order, size, hidden) : undefined;
    const pointwise = separable.scope("pointwise");
    pointwise.rows("weight", [this.#allSize, hidden, 1], this.#pointwise, 0, this.#allSize, spanKey);
    const spanBias = isPruned
      ? { shape: [this.#allSize], layout: rowBlocks(order, size, 1) }
      : { shape: [this.#allSize] };
    this.#pointwiseBias = separable.tensor("bias", [this.#allSize, 1], "zeros", spanBias);

    const kernel = scope.scope("conv_kernel_layer");
    const kernelRows = this.heads.length * this.taps;
    this.#kernel = kernel.packed(kernelRows, this.#allSize);
    const fromKept = isPruned ? columnBlocks(order, size) : undefined;
    kernel.rows("weight", [kernelRows, this.#allSize], this.#kernel, 0, kernelRows, fromKept);
    this.#kernelBias = kernel.tensor("bias", [kernelRows], "zeros");
  }

  forward(hidden: Tensor, { sequences, mask, headMask, probabilities, kernels: wanted, random }: LayerContext) {
    const kept = this.heads.length * this.#headSize;
    const mixed = linear(hidden, this.#mixed, { bias: this.#mixedBias });
    const part = (index: number) => mixed.slice(-1, this.#allSize + index * kept, this.#allSize + (index + 1) * kept);
    const query = mixed.slice(-1, 0, this.#allSize);

    const local = depthwiseConvolution(hidden, this.#depthwise, sequences);
    const spanKey = linear(local, this.#pointwise, { bias: this.#pointwiseBias });
    const logits = linear(multiply(spanKey, query), this.#kernel, { bias: this.#kernelBias });
    const kernels = softmax(logits, this.taps);
    const convolved = dynamicConvolution(part(2), kernels, this.heads.length, sequences);

    const attended = attention(mixed.slice(-1, 0, kept), part(0), part(1), sequences, {
      heads: this.heads.length,
      scale: 1 / Math.sqrt(this.#headSize),
      mask,
      headMask,
      dropout: random?.next(this.#dropout) ?? null,
      probabilities,
    });
    return {
      context: concatenate([attended.context, convolved]),
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
    const mixed = this.self.forward(hidden, context);
    return {
      output: this.#norm.forward(drop(this.#dense.forward(mixed.context), this.#dropout, context.random), hidden),
      probabilities: mixed.probabilities,
      kernels: mixed.kernels,
    };
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
    const attended = this.attention.forward(hidden, context);
    const inner = this.#intermediate.forward(attended.output, this.#activation);
    const outer = drop(this.#output.forward(inner), this.#dropout, context.random);
    const hiddenState = this.#norm.forward(outer, attended.output);
    return { hiddenState, probabilities: attended.probabilities, kernels: attended.kernels };
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
