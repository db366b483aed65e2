import {
  activation,
  type ConfigRule,
  count,
  flag,
  integer,
  MOST_BLOCKS,
  names,
  object,
  oneOf,
  orNull,
  probability,
  size,
  tokenId,
} from "./config-rules.js";

/** Which loss sequence classification has. */
export type ProblemType = "regression" | "single_label_classification" | "multi_label_classification";
/** How multiple choice makes one vector of a sequence. */
export type SummaryType = "last" | "first" | "mean" | "cls_index";

/** A field of config.json: its name and documentation are the table's, its type the rule's. */
export interface ConfigField<Value> {
  /** What it is where a file does not say, as in the reference. */
  readonly fallback: Value;
  readonly rule: ConfigRule<Value>;
  /** Whether the reference always writes it (ConvBERT's own), or only where it is not the fallback (every model's). */
  readonly isOwn: boolean;
}

const own = <Value>(fallback: NoInfer<Value>, rule: ConfigRule<Value>): ConfigField<Value> => ({
  fallback,
  rule,
  isOwn: true,
});
const shared = <Value>(fallback: NoInfer<Value>, rule: ConfigRule<Value>): ConfigField<Value> => ({
  fallback,
  rule,
  isOwn: false,
});

/** The fields of `config.json` that shape a ConvBERT, under the reference's names: all that is known of each. */
export const CONVBERT_CONFIG_FIELDS = {
  /** Rows of the word embedding; 30522. */
  vocab_size: own(30522, count),
  /** Channels between the layers; 768. */
  hidden_size: own(768, count),
  /** Layers of the encoder; 12. */
  num_hidden_layers: own(12, integer(0, MOST_BLOCKS)),
  /** Heads before the reduction by `head_ratio`; 12. */
  num_attention_heads: own(12, count),
  /** Channels inside the feed-forward blocks; 3072. */
  intermediate_size: own(3072, count),
  /** Activation of the feed-forward blocks; "gelu". */
  hidden_act: own("gelu", activation),
  /** Dropout of hidden states, training only; 0.1. */
  hidden_dropout_prob: own(0.1, probability),
  /** Dropout of attention probabilities, training only; 0.1. */
  attention_probs_dropout_prob: own(0.1, probability),
  /** Longest sequence; 512. */
  max_position_embeddings: own(512, count),
  /** Rows of the token-type embedding; 2. */
  type_vocab_size: own(2, count),
  /** Standard deviation of new weights; 0.02. */
  initializer_range: own(0.02, size),
  /** Added to a variance before its root is taken; 1e-12. */
  layer_norm_eps: own(1e-12, size),
  /** 1, although published checkpoints and tokenizers pad with 0. */
  pad_token_id: own(1, tokenId),
  /** Kept for the file; 0. */
  bos_token_id: own(0, tokenId),
  /** Kept for the file; 2. */
  eos_token_id: own(2, tokenId),
  /** Channels of the embeddings; projected to `hidden_size` where they differ; 768. */
  embedding_size: own(768, count),
  /** Gamma of the paper (section 3.3): attention keeps `num_attention_heads / head_ratio` heads; 2. */
  head_ratio: own(2, count),
  /** Taps of the convolutions, odd; 9. */
  conv_kernel_size: own(9, count),
  /** Groups of the feed-forward's linear maps; 1. */
  num_groups: own(1, integer(1, MOST_BLOCKS)),
  /** Dropout of classification heads; null takes `hidden_dropout_prob`. */
  classifier_dropout: own(null, orNull(probability)),
  /** Label names by class; two by default. */
  id2label: shared({ 0: "LABEL_0", 1: "LABEL_1" }, object<Readonly<Record<number, string>>>()),
  /** Classes by label name; those of `id2label` by default. */
  label2id: shared({ LABEL_0: 0, LABEL_1: 1 }, object<Readonly<Record<string, number>>>()),
  /** Which loss sequence classification has; inferred from the labels when null. */
  problem_type: shared(
    null,
    orNull(oneOf<ProblemType>(["regression", "single_label_classification", "multi_label_classification"])),
  ),
  /** Whether a call that does not say returns the attention probabilities; false. */
  output_attentions: shared(false, flag),
  /** Whether a call that does not say returns the hidden states; false. */
  output_hidden_states: shared(false, flag),
  /** Kept for the file; feed-forward results do not depend on it. */
  chunk_size_feed_forward: shared(0, integer(0)),
  /** A 2-D attention mask becomes causal. */
  is_decoder: shared(false, flag),
  /**
   * Only with `is_decoder`: every layer has a second attention, whose weights load and save. No model runs it, because
   * the reference's take no `encoder_hidden_states`.
   */
  add_cross_attention: shared(false, flag),
  /** Whether the masked language model's decoder is the word embeddings; true. */
  tie_word_embeddings: shared(true, flag),
  /** Heads removed from each layer. */
  pruned_heads: shared({}, object<Readonly<Record<number, readonly number[]>>>()),
  /** How multiple choice pools a sequence; "last". */
  summary_type: shared("last", oneOf<SummaryType>(["last", "first", "mean", "cls_index"])),
  /** Whether a linear map follows that; false, as where a file lacks it. */
  summary_use_proj: shared(false, flag),
  /** Whether that projection has `num_labels` channels instead of `hidden_size`; false, as where a file lacks it. */
  summary_proj_to_labels: shared(false, flag),
  /** Activation after it; none by default. */
  summary_activation: shared(null, orNull(activation)),
  /** Dropout before the projection, while training. */
  summary_first_dropout: shared(0, probability),
  /** Dropout after the activation, while training. */
  summary_last_dropout: shared(0, probability),
  /** Class names that the checkpoint was saved from. */
  architectures: shared(null, orNull(names)),
} as const;

/** What a field holds. */
type ValueOf<Field> = Field extends ConfigField<infer Value> ? Value : never;

/** The fields of `config.json` that shape a ConvBERT, under the reference's names and with its defaults. */
export type ConvBertConfigFields = {
  readonly [Name in keyof typeof CONVBERT_CONFIG_FIELDS]: ValueOf<(typeof CONVBERT_CONFIG_FIELDS)[Name]>;
};

/** Names of all fields. */
export const FIELD_NAMES = Object.keys(CONVBERT_CONFIG_FIELDS) as (keyof ConvBertConfigFields)[];
