import type { ConvBertConfig } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { dropout } from "../ops/dropout.js";
import { embedding } from "../ops/embedding.js";
import { ConvBertLayer, type LayerScope } from "./layer.js";
import { ConvBertLayerNorm } from "./layer-norm.js";

/** What a sequence is made of, each `[batch, length]` int32. */
export interface EmbeddingInputs {
  /** Ids, or in their scope `[batch, length, embedding_size]`. */
  readonly words: tf.Tensor;
  /** Zeros where it is null. */
  readonly types: tf.Tensor | null;
  /** 0, 1, 2 ... where it is null. */
  readonly positions: tf.Tensor | null;
}

/** Words, positions and segments, added up and normalised. */
export class TFConvBertEmbeddings extends ConvBertLayer {
  static readonly className: string = "TFConvBertEmbeddings";
  readonly #config: ConvBertConfig;
  readonly #norm: ConvBertLayerNorm;
  #words!: LayerVariable;
  #types!: LayerVariable;
  #positions!: LayerVariable;

  constructor(config: ConvBertConfig, scope: LayerScope) {
    super("embeddings", scope);
    this.#config = config;
    this.#norm = this.part(
      new ConvBertLayerNorm(this.inside("LayerNorm"), config.embedding_size, config.layer_norm_eps),
    );
  }

  protected override declare(): void {
    const { vocab_size, type_vocab_size, max_position_embeddings, embedding_size, initializer_range } = this.#config;
    const table = (name: string, rows: number) =>
      this.weight(name, [rows, embedding_size], this.scope.weights.normal(initializer_range));
    this.#words = table("word_embeddings/weight", vocab_size);
    this.#types = table("token_type_embeddings/embeddings", type_vocab_size);
    this.#positions = table("position_embeddings/embeddings", max_position_embeddings);
  }

  /** The table of words, `[vocab_size, embedding_size]`; the head for masked words shares it. */
  get words(): LayerVariable {
    return this.#words;
  }

  /** Another table takes the place of the words'. */
  replaceWords(table: tf.Tensor): void {
    this.#words = this.replace(this.#words, table);
  }

  /** @returns `[batch, length, embedding_size]`. */
  run({ words, types, positions }: EmbeddingInputs, training: boolean): tf.Tensor {
    const looked = words.rank === 2 ? embedding(this.#words.read(), words) : words;
    const length = looked.shape[1]!;
    const size = this.#config.embedding_size;
    const placed =
      positions === null
        ? tf.slice(this.#positions.read(), [0, 0], [length, size])
        : embedding(this.#positions.read(), positions);
    const typed =
      types === null ? tf.slice(this.#types.read(), [0, 0], [1, size]) : embedding(this.#types.read(), types);
    const sum = tf.add(tf.add(looked, placed), typed);
    return dropout(this.#norm.run(sum), this.#config.hidden_dropout_prob, training);
  }
}
