import { printable } from "@convbert/files/internal";
import { WeightsError } from "../errors.js";
import type { TensorInfo, WeightsReader } from "../types.js";

/** The tensors of one module's update, by their names in the adapter's file. */
export interface Update {
  /** Path of the module in the model. */
  readonly module: string;
  readonly isEmbedding: boolean;
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  /** Lengths of the rows, of a weight-decomposed adapter (DoRA). */
  readonly magnitude?: TensorInfo;
}

/** What an adapter's file has: updates by module, and weights that stand in place of the model's. */
export interface AdapterTensors {
  readonly updates: ReadonlyMap<string, Update>;
  /** By the model's name: whole modules that were trained, biases. */
  readonly replaced: ReadonlyMap<string, TensorInfo>;
}

const PART = /^(.+)\.lora_(?:embedding_)?([AB])(?:\.\w+?)??(?:\.weight)?$/;
const MAGNITUDE = /^(.+)\.lora_magnitude_vector(?:\.\w+?)??(?:\.weight)?$/;

/**
 * Sorts the tensors of an adapter, under the names that PEFT has given them in any of its versions.
 * @throws WeightsError "unsupported" for tensors of a kind that is not known, "format" for half an update.
 */
export function adapterTensors(reader: WeightsReader, file: string): AdapterTensors {
  const parts = new Map<string, { a?: TensorInfo; b?: TensorInfo; magnitude?: TensorInfo; isEmbedding: boolean }>();
  const replaced = new Map<string, TensorInfo>();
  const partsOf = (module: string, isEmbedding: boolean) => {
    const found = parts.get(module) ?? { isEmbedding };
    parts.set(module, found);
    return found;
  };
  for (const info of reader.tensors.values()) {
    const name = info.name
      .replace(/^(base_model\.model\.)+/, "")
      .replaceAll(".base_layer.", ".")
      .replace(/\.modules_to_save(\.default)?(?=\.)/, "");
    if (name.includes(".original_module.")) continue;
    const magnitude = MAGNITUDE.exec(name);
    const part = PART.exec(name);
    if (magnitude) partsOf(magnitude[1]!, false).magnitude = info;
    else if (part) partsOf(part[1]!, name.includes(".lora_embedding_"))[part[2] === "A" ? "a" : "b"] = info;
    else if (/\.(lora_|trainable_tokens)/.test(name)) {
      const message = `${printable(info.name)} is of a kind of adapter that is not merged; do it where it was made`;
      throw new WeightsError("unsupported", message, { file, tensor: info.name });
    } else replaced.set(name, info);
  }
  const updates = new Map<string, Update>();
  for (const [module, { a, b, magnitude, isEmbedding }] of parts) {
    if (!a || !b) {
      throw new WeightsError("format", `${printable(module)} has only a part of its update, lora_A or lora_B`, {
        file,
      });
    }
    updates.set(module, { module, isEmbedding, a, b, ...(magnitude && { magnitude }) });
  }
  if (updates.size === 0 && replaced.size === 0)
    throw new WeightsError("format", "the adapter has no weights", { file });
  return { updates, replaced };
}

/**
 * How the names of a base model's checkpoint and of an adapter for it come together: one of them may be of the encoder
 * alone, whose names lack the prefix that they have in a model with a head.
 * @param targets the adapter's names of weights of the model.
 * @returns what to put in front of each.
 */
export function commonNames(
  base: ReadonlySet<string>,
  targets: readonly string[],
): { readonly base: string; readonly adapter: string } {
  const plain = { base: "", adapter: "" };
  if (targets.some((name) => base.has(name))) return plain;
  for (const name of targets) {
    const [first] = name.split(".", 1);
    if (first !== undefined && base.has(name.slice(first.length + 1))) return { base: `${first}.`, adapter: "" };
  }
  const firsts = new Set([...base].map((name) => name.split(".", 1)[0]!));
  const prefix = [...firsts].find((first) => targets.some((name) => base.has(`${first}.${name}`)));
  return prefix === undefined ? plain : { base: "", adapter: `${prefix}.` };
}
