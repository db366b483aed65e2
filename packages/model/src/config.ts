import { printable, quoted } from "@convbert/files/internal";
import { ConfigError } from "@convbert/nn";
import type { ActivationName } from "@convbert/tensor";
import { checkFields, checkFile, inverted, labelTables } from "./config-fields.js";

export type ProblemType = "regression" | "single_label_classification" | "multi_label_classification";
export type SummaryType = "last" | "first" | "mean" | "cls_index";

/** The fields of `config.json` that shape a ConvBERT, under the reference's names and with its defaults. */
export interface ConvBertConfigFields {
  /** Rows of the word embedding; 30522. */
  readonly vocab_size: number;
  /** Channels between the layers; 768. */
  readonly hidden_size: number;
  /** 12. */
  readonly num_hidden_layers: number;
  /** Heads before the reduction by `head_ratio`; 12. */
  readonly num_attention_heads: number;
  /** Channels inside the feed-forward blocks; 3072. */
  readonly intermediate_size: number;
  /** "gelu". */
  readonly hidden_act: ActivationName;
  /** 0.1; training only. */
  readonly hidden_dropout_prob: number;
  /** 0.1; training only. */
  readonly attention_probs_dropout_prob: number;
  /** Longest sequence; 512. */
  readonly max_position_embeddings: number;
  /** 2. */
  readonly type_vocab_size: number;
  /** Standard deviation of new weights; 0.02. */
  readonly initializer_range: number;
  /** 1e-12. */
  readonly layer_norm_eps: number;
  /** 1, although published checkpoints and tokenizers pad with 0. */
  readonly pad_token_id: number | null;
  /** 0. */
  readonly bos_token_id: number | null;
  /** 2. */
  readonly eos_token_id: number | null;
  /** Channels of the embeddings; projected to `hidden_size` where they differ; 768. */
  readonly embedding_size: number;
  /** Gamma of the paper (section 3.3): attention keeps `num_attention_heads / head_ratio` heads; 2. */
  readonly head_ratio: number;
  /** Taps of the convolutions, odd; 9. */
  readonly conv_kernel_size: number;
  /** Groups of the feed-forward's linear maps; 1. */
  readonly num_groups: number;
  /** Dropout of classification heads; null takes `hidden_dropout_prob`. */
  readonly classifier_dropout: number | null;
  /** Label names by class; two by default. */
  readonly id2label: Readonly<Record<number, string>>;
  readonly label2id: Readonly<Record<string, number>>;
  /** Which loss sequence classification has; inferred from the labels when null. */
  readonly problem_type: ProblemType | null;
  readonly output_attentions: boolean;
  readonly output_hidden_states: boolean;
  /** Kept for the file; feed-forward results do not depend on it. */
  readonly chunk_size_feed_forward: number;
  /** A 2-D attention mask becomes causal. */
  readonly is_decoder: boolean;
  /**
   * Only with `is_decoder`: every layer has a second attention, whose weights load and save. No model runs it, because
   * the reference's take no `encoder_hidden_states`.
   */
  readonly add_cross_attention: boolean;
  readonly tie_word_embeddings: boolean;
  /** Heads removed from each layer. */
  readonly pruned_heads: Readonly<Record<number, readonly number[]>>;
  /** How multiple choice pools a sequence; "last". */
  readonly summary_type: SummaryType;
  readonly summary_use_proj: boolean;
  /** Whether that projection has `num_labels` channels instead of `hidden_size`; false, as where a file lacks it. */
  readonly summary_proj_to_labels: boolean;
  readonly summary_activation: ActivationName | null;
  /** Dropout before the projection, while training. */
  readonly summary_first_dropout: number;
  /** Dropout after the activation, while training. */
  readonly summary_last_dropout: number;
  /** Class names that the checkpoint was saved from. */
  readonly architectures: readonly string[] | null;
}

/** Fields to set; `num_labels` makes default label names, as in the reference. */
export type ConvBertConfigInit = Partial<ConvBertConfigFields> & {
  readonly num_labels?: number;
  readonly [field: string]: unknown;
};

const DEFAULTS: ConvBertConfigFields = {
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: 1,
  bos_token_id: 0,
  eos_token_id: 2,
  embedding_size: 768,
  head_ratio: 2,
  conv_kernel_size: 9,
  num_groups: 1,
  classifier_dropout: null,
  id2label: { 0: "LABEL_0", 1: "LABEL_1" },
  label2id: { LABEL_0: 0, LABEL_1: 1 },
  problem_type: null,
  output_attentions: false,
  output_hidden_states: false,
  chunk_size_feed_forward: 0,
  is_decoder: false,
  add_cross_attention: false,
  tie_word_embeddings: true,
  pruned_heads: {},
  summary_type: "last",
  summary_use_proj: false,
  summary_proj_to_labels: false,
  summary_activation: null,
  summary_first_dropout: 0,
  summary_last_dropout: 0,
  architectures: null,
};

/** ConvBERT's own fields, which the reference always writes; the others only where they differ from the default. */
const ALWAYS_SAVED: readonly (keyof ConvBertConfigFields)[] = [
  "vocab_size",
  "hidden_size",
  "num_hidden_layers",
  "num_attention_heads",
  "intermediate_size",
  "hidden_act",
  "hidden_dropout_prob",
  "attention_probs_dropout_prob",
  "max_position_embeddings",
  "type_vocab_size",
  "initializer_range",
  "layer_norm_eps",
  "pad_token_id",
  "bos_token_id",
  "eos_token_id",
  "embedding_size",
  "head_ratio",
  "conv_kernel_size",
  "num_groups",
  "classifier_dropout",
];

/**
 * A ConvBERT's configuration: whole, checked and readonly (the reference's `ConvBertConfig`). Fields that this class
 * does not know are kept and written again.
 */
export class ConvBertConfig implements ConvBertConfigFields {
  declare readonly vocab_size: number;
  declare readonly hidden_size: number;
  declare readonly num_hidden_layers: number;
  declare readonly num_attention_heads: number;
  declare readonly intermediate_size: number;
  declare readonly hidden_act: ActivationName;
  declare readonly hidden_dropout_prob: number;
  declare readonly attention_probs_dropout_prob: number;
  declare readonly max_position_embeddings: number;
  declare readonly type_vocab_size: number;
  declare readonly initializer_range: number;
  declare readonly layer_norm_eps: number;
  declare readonly pad_token_id: number | null;
  declare readonly bos_token_id: number | null;
  declare readonly eos_token_id: number | null;
  declare readonly embedding_size: number;
  declare readonly head_ratio: number;
  declare readonly conv_kernel_size: number;
  declare readonly num_groups: number;
  declare readonly classifier_dropout: number | null;
  declare readonly id2label: Readonly<Record<number, string>>;
  declare readonly label2id: Readonly<Record<string, number>>;
  declare readonly problem_type: ProblemType | null;
  declare readonly output_attentions: boolean;
  declare readonly output_hidden_states: boolean;
  declare readonly chunk_size_feed_forward: number;
  declare readonly is_decoder: boolean;
  declare readonly add_cross_attention: boolean;
  declare readonly tie_word_embeddings: boolean;
  declare readonly pruned_heads: Readonly<Record<number, readonly number[]>>;
  declare readonly summary_type: SummaryType;
  declare readonly summary_use_proj: boolean;
  declare readonly summary_proj_to_labels: boolean;
  declare readonly summary_activation: ActivationName | null;
  declare readonly summary_first_dropout: number;
  declare readonly summary_last_dropout: number;
  declare readonly architectures: readonly string[] | null;
  /** Fields of the file that shape nothing here, as they were. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Fields that were set, even to their default; the file keeps them. */
  readonly #given: ReadonlySet<string>;

  constructor(init: ConvBertConfigInit = {}) {
    const { num_labels, model_type: _modelType, ...given } = init;
    const known: Record<string, unknown> = { ...DEFAULTS };
    const extra = new Map<string, unknown>();
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) {
        continue;
      }
      if (Object.hasOwn(DEFAULTS, name)) {
        // A file may say null where the reference's default is none of null: only nullable fields take it.
        known[name] = value;
      } else {
        extra.set(name, value);
      }
    }
    Object.assign(known, labelTables(given["id2label"], given["label2id"], num_labels));
    Object.assign(this, known);
    this.extra = Object.fromEntries(extra);
    this.#given = new Set(Object.keys(given));
    check(this);
    Object.freeze(this);
  }

  /**
   * Reads a parsed `config.json`. `model_type` may be "convbert" or, in old files, "conv_bert"; files without one are
   * taken at their word. Throws ConfigError for another architecture or impossible values.
   */
  static fromJSON(json: unknown): ConvBertConfig {
    checkFile(json);
    return new ConvBertConfig(json as ConvBertConfigInit);
  }

  /** Number of classes: the entries of `id2label`. */
  get num_labels(): number {
    return Object.keys(this.id2label).length;
  }

  /** Attention heads after the reduction: `num_attention_heads / head_ratio`, rounded down, at least 1. */
  get attentionHeads(): number {
    return Math.max(1, Math.floor(this.num_attention_heads / this.head_ratio));
  }

  /** Channels of one head, in attention and convolution alike. */
  get attentionHeadSize(): number {
    return Math.floor(this.hidden_size / this.attentionHeads / 2);
  }

  /**
   * The same configuration with other values in some fields. Of `num_labels`, `id2label` and `label2id`, what is not
   * given follows what is.
   */
  with(changes: ConvBertConfigInit): ConvBertConfig {
    const current: Record<string, unknown> = { ...this.extra };
    for (const name of Object.keys(DEFAULTS)) {
      if (this.#given.has(name) || ALWAYS_SAVED.includes(name as keyof ConvBertConfigFields)) {
        current[name] = this[name as keyof ConvBertConfigFields];
      }
    }
    const { num_labels: count, id2label, label2id } = changes;
    if (id2label != null || label2id != null || (count !== undefined && count !== this.num_labels)) {
      delete current["id2label"];
      delete current["label2id"];
    } else {
      current["id2label"] = this.id2label;
      current["label2id"] = this.label2id;
    }
    const names = id2label == null && label2id != null ? { id2label: inverted(label2id) } : {};
    return new ConvBertConfig({ ...current, ...changes, ...names });
  }

  /** What the reference's `save_pretrained` writes into `config.json`, sorted by name as it does. */
  toJSON(): Record<string, unknown> {
    const json: Record<string, unknown> = { ...this.extra, model_type: "convbert" };
    for (const [name, value] of Object.entries(DEFAULTS)) {
      const own = this[name as keyof ConvBertConfigFields];
      const changed = JSON.stringify(own) !== JSON.stringify(value);
      if (changed || ALWAYS_SAVED.includes(name as keyof ConvBertConfigFields)) {
        json[name] = own;
      }
    }
    return Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function check(config: ConvBertConfig): void {
  checkFields(config);
  if (config.add_cross_attention && !config.is_decoder) {
    throw new ConfigError("add_cross_attention", "only a decoder has cross-attention; set is_decoder as well");
  }
  if (config.conv_kernel_size % 2 === 0) {
    throw new ConfigError(
      "conv_kernel_size",
      `${config.conv_kernel_size} is even; the convolution needs an odd number of taps to keep the sequence's length`,
    );
  }
  const { hidden_size: hidden, attentionHeads: heads } = config;
  if (hidden % (2 * heads) !== 0) {
    throw new ConfigError(
      "hidden_size",
      `${hidden} does not divide into ${heads} attention and ${heads} convolution heads ` +
        "(num_attention_heads / head_ratio, rounded down, at least 1); it must be a multiple of their sum",
    );
  }
  for (const field of ["hidden_size", "intermediate_size"] as const) {
    if (config[field] % config.num_groups !== 0) {
      throw new ConfigError("num_groups", `${config.num_groups} groups do not divide ${field} ${config[field]}`);
    }
  }
  const pad = config.pad_token_id;
  if (pad !== null && !(pad < config.vocab_size && pad >= -config.vocab_size)) {
    throw new ConfigError("pad_token_id", `${pad} is outside the vocabulary of ${config.vocab_size}`);
  }
  checkPrunedHeads(config.pruned_heads, config.num_hidden_layers, heads);
}

/** Throws ConfigError unless `pruned` maps layers below `layers` to some, not all, of their heads. */
export function checkPrunedHeads(pruned: unknown, layers: number, heads: number): void {
  if (typeof pruned !== "object" || pruned === null || Array.isArray(pruned)) {
    throw new ConfigError("pruned_heads", `expected an object from layer to a list of heads, got ${quoted(pruned)}`);
  }
  for (const [layer, removed] of Object.entries(pruned as Record<string, unknown>)) {
    const valid =
      /^(0|[1-9]\d*)$/.test(layer) &&
      Number(layer) < layers &&
      Array.isArray(removed) &&
      removed.every((head) => Number.isInteger(head) && head >= 0 && head < heads) &&
      new Set(removed).size < heads;
    if (!valid) {
      throw new ConfigError(
        "pruned_heads",
        `layer ${printable(layer)}: ${shown(removed)}; give layers below ${layers} and some, not all, ` +
          `of the heads 0 to ${heads - 1}`,
      );
    }
  }
}

/** Some heads of a layer. */
function shown(removed: unknown): string {
  return Array.isArray(removed) ? `[${removed.slice(0, 20).map(quoted).join(", ")}]` : quoted(removed);
}
