import { printable, quoted } from "@convbert/files/internal";
import { ConfigError } from "@convbert/nn";
import { ACTIVATION_NAMES } from "@convbert/tensor";
import type { ConvBertConfigFields } from "./config.js";

/** What a field of config.json may be. */
interface Rule {
  /** For the message, as "an integer from 1 to 16777216". */
  readonly expected: string;
  holds(value: unknown): boolean;
}

/** Bounds that keep a hostile file from asking for absurd amounts of memory or time. */
const LARGEST = 2 ** 24;
const MOST_BLOCKS = 4096;
/** Default label names that a count alone may ask for: of a file, and of a program, which knows what it does. */
const MOST_NAMED_LABELS = 2 ** 20;
const MOST_FILE_LABELS = 2 ** 17;
/** Levels of lists and objects in a file. */
const MOST_LEVELS = 64;

const integer = (least: number, most = LARGEST): Rule => ({
  expected: `an integer from ${least} to ${most}`,
  holds: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});

const number = (expected: string, least: number, most: number): Rule => ({
  expected,
  holds: (value) => typeof value === "number" && value >= least && value <= most,
});

const oneOf = (values: readonly string[]): Rule => ({
  expected: `one of ${values.join(", ")}`,
  holds: (value) => typeof value === "string" && values.includes(value),
});

const orNull = ({ expected, holds }: Rule): Rule => ({
  expected: `${expected}, or null`,
  holds: (value) => value === null || holds(value),
});

const count = integer(1);
const probability = number("a probability", 0, 1);
const size = number("a number of at least 0", 0, Number.MAX_VALUE);
const tokenId = orNull(integer(-LARGEST));
const flag: Rule = { expected: "true or false", holds: (value) => typeof value === "boolean" };
const object: Rule = {
  expected: "an object",
  holds: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};
const names: Rule = {
  expected: "a list of class names",
  holds: (value) => Array.isArray(value) && value.every((name) => typeof name === "string"),
};

/** Every field that this library knows. */
const RULES: { readonly [Field in keyof ConvBertConfigFields]: Rule } = {
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: integer(0, MOST_BLOCKS),
  num_attention_heads: count,
  intermediate_size: count,
  hidden_act: oneOf(ACTIVATION_NAMES),
  hidden_dropout_prob: probability,
  attention_probs_dropout_prob: probability,
  max_position_embeddings: count,
  type_vocab_size: count,
  initializer_range: size,
  layer_norm_eps: size,
  pad_token_id: tokenId,
  bos_token_id: tokenId,
  eos_token_id: tokenId,
  embedding_size: count,
  head_ratio: count,
  conv_kernel_size: count,
  num_groups: integer(1, MOST_BLOCKS),
  classifier_dropout: orNull(probability),
  id2label: object,
  label2id: object,
  problem_type: orNull(oneOf(["regression", "single_label_classification", "multi_label_classification"])),
  output_attentions: flag,
  output_hidden_states: flag,
  chunk_size_feed_forward: integer(0),
  is_decoder: flag,
  add_cross_attention: flag,
  tie_word_embeddings: flag,
  pruned_heads: object,
  summary_type: oneOf(["last", "first", "mean", "cls_index"]),
  summary_use_proj: flag,
  summary_proj_to_labels: flag,
  summary_activation: orNull(oneOf(ACTIVATION_NAMES)),
  summary_first_dropout: probability,
  summary_last_dropout: probability,
  architectures: orNull(names),
};

/** Throws ConfigError for the first field whose value is not of its kind. */
export function checkFields(fields: ConvBertConfigFields): void {
  for (const [field, { expected, holds }] of Object.entries(RULES)) {
    const value = fields[field as keyof ConvBertConfigFields];
    if (!holds(value)) {
      throw new ConfigError(field, `expected ${expected}, got ${quoted(value)}`);
    }
  }
}

/**
 * Checks a parsed `config.json` before anything is made of it: an object, of ConvBERT, not too deep, with a count of
 * labels that needs no names of its own.
 * @throws ConfigError
 */
export function checkFile(json: unknown): asserts json is Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ConfigError("(whole)", `expected a JSON object, got ${quoted(json)}`);
  }
  const { model_type: type, num_labels: labels } = json as { model_type?: unknown; num_labels?: unknown };
  if (type !== undefined && type !== "convbert" && type !== "conv_bert") {
    throw new ConfigError("model_type", `${quoted(type)} is not ConvBERT; this library runs only "convbert"`);
  }
  if (typeof labels === "number" && labels > MOST_FILE_LABELS) {
    throw new ConfigError(
      "num_labels",
      `${labels} labels without names; name more than ${MOST_FILE_LABELS} in id2label`,
    );
  }
  for (const [field, value] of Object.entries(json)) {
    if (!isShallow(value)) {
      throw new ConfigError(printable(field), `it is nested more than ${MOST_LEVELS} levels deep`);
    }
  }
}

function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) {
      return false;
    }
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === "object" && item !== null) {
        for (const inner of Object.values(item)) {
          if (typeof inner === "object" && inner !== null) next.push(inner);
        }
      }
    }
    level = next;
  }
  return true;
}

type Labels = Pick<ConvBertConfigFields, "id2label" | "label2id">;

/**
 * `id2label` and `label2id` from whichever of the three a file has (the reference's `num_labels` setter).
 * @throws ConfigError for keys that are no class indices, names that are no text, indices that are none.
 */
export function labelTables(id2label: unknown, label2id: unknown, numLabels: unknown): Labels {
  if (id2label !== undefined && id2label !== null) {
    const byId = new Map<number, string>();
    for (const [id, name] of entriesOf("id2label", id2label)) {
      if (!/^\d{1,15}$/.test(id)) {
        throw new ConfigError("id2label", `the key ${quoted(id)} is no class index`);
      }
      if (!["string", "number", "boolean"].includes(typeof name)) {
        throw new ConfigError("id2label", `the name of class ${id} is ${quoted(name)}, which is no text`);
      }
      byId.set(Number(id), String(name));
    }
    const ids =
      label2id === undefined || label2id === null
        ? new Map([...byId].map(([id, name]) => [name, id]))
        : new Map(entriesOf("label2id", label2id).map(([name, id]) => [name, classIndex(name, id)]));
    return { id2label: Object.fromEntries(byId), label2id: Object.fromEntries(ids) };
  }
  const total = numLabels ?? 2;
  if (!integer(0, MOST_NAMED_LABELS).holds(total)) {
    const expected = `a count up to ${MOST_NAMED_LABELS} (name more labels in id2label)`;
    throw new ConfigError("num_labels", `expected ${expected}, got ${quoted(numLabels)}`);
  }
  const labels = Array.from({ length: total as number }, (_, index) => `LABEL_${index}`);
  return {
    id2label: Object.fromEntries(labels.map((name, index) => [index, name])),
    label2id: Object.fromEntries(labels.map((name, index) => [name, index])),
  };
}

/** Names by class of classes by name. */
export function inverted(label2id: unknown): Record<string, string> {
  return Object.fromEntries(entriesOf("label2id", label2id).map(([name, id]) => [String(classIndex(name, id)), name]));
}

/** Some files have the indices as text. */
function classIndex(name: string, id: unknown): number {
  const index = typeof id === "string" && /^\d{1,15}$/.test(id) ? Number(id) : id;
  if (!Number.isSafeInteger(index)) {
    throw new ConfigError("label2id", `the index of ${quoted(name)} is ${quoted(id)}, which is none`);
  }
  return index as number;
}

function entriesOf(field: string, value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null) {
    const kinds = field === "id2label" ? "class index to name" : "name to class index";
    throw new ConfigError(field, `expected an object from ${kinds}, got ${quoted(value)}`);
  }
  return Object.entries(value);
}
