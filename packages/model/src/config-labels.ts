import { quoted } from "@convbert/files/internal";
import { ConfigError } from "@convbert/nn";
import type { ConvBertConfigFields } from "./config-fields.js";
import { integer } from "./config-rules.js";

/** Default label names that a count alone may ask for: a program knows what it does. */
const MOST_NAMED_LABELS = 2 ** 20;

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
