import { checkConfig } from "./config-checks.js";
import { CONVBERT_CONFIG_FIELDS, type ConvBertConfigFields, FIELD_NAMES } from "./config-fields.js";
import { checkFile } from "./config-file.js";
import { inverted, labelTables } from "./config-labels.js";

/** Fields to set; `num_labels` makes default label names, as in the reference. */
export type ConvBertConfigInit = Partial<ConvBertConfigFields> & {
  readonly num_labels?: number;
  readonly [field: string]: unknown;
};

/** Has every field; the constructor of {@link ConvBertConfig} sets them. */
const Fields = class {} as new () => ConvBertConfigFields;

/**
 * A ConvBERT's configuration: whole, checked and readonly (the reference's `ConvBertConfig`). Fields that this class
 * does not know are kept and written again.
 */
export class ConvBertConfig extends Fields {
  /** Fields of the file that shape nothing here, as they were. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Fields that were set, even to their default; the file keeps them. */
  readonly #given: ReadonlySet<string>;

  constructor(init: ConvBertConfigInit = {}) {
    super();
    const { num_labels, model_type: _modelType, ...given } = init;
    const known: Record<string, unknown> = Object.fromEntries(
      FIELD_NAMES.map((name) => [name, CONVBERT_CONFIG_FIELDS[name].fallback]),
    );
    const extra = new Map<string, unknown>();
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) {
        continue;
      }
      if (Object.hasOwn(CONVBERT_CONFIG_FIELDS, name)) {
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
    checkConfig(this);
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
    for (const name of FIELD_NAMES) {
      if (this.#given.has(name) || CONVBERT_CONFIG_FIELDS[name].isOwn) {
        current[name] = this[name];
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
    for (const name of FIELD_NAMES) {
      const { fallback, isOwn } = CONVBERT_CONFIG_FIELDS[name];
      if (isOwn || JSON.stringify(this[name]) !== JSON.stringify(fallback)) {
        json[name] = this[name];
      }
    }
    return Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
