import { InputError } from "@convbert/nn";
import type { ConvBertInputs } from "./inputs.js";

/** The arguments that all six models take. */
const SHARED: Readonly<Record<keyof ConvBertInputs, true>> = {
  input_ids: true,
  attention_mask: true,
  token_type_ids: true,
  position_ids: true,
  head_mask: true,
  inputs_embeds: true,
  output_attentions: true,
  output_hidden_states: true,
  output_kernels: true,
};

/**
 * What a tokenizer's batch carries beside the model's arguments. The reference refuses these; here a batch is taken as it
 * is, and they are left alone.
 */
const TOKENIZER_FIELDS: ReadonlySet<string> = new Set([
  "special_tokens_mask",
  "offset_mapping",
  "overflow_to_sample_mapping",
  "length",
  "overflowing_tokens",
  "num_truncated_tokens",
]);

/**
 * Refuses arguments that a model does not have, which would otherwise be ignored: a misspelt mask masks nothing.
 * `own` are those that the model has besides the shared ones. Throws InputError with the name and the nearest known one.
 */
export function checkArguments(inputs: unknown, model: string, own: readonly string[] = []): void {
  if (typeof inputs !== "object" || inputs === null || Array.isArray(inputs)) {
    throw new InputError("inputs", "expected an object of arguments, as { input_ids: [[101, 102]] }");
  }
  checkNames(inputs, model, [...Object.keys(SHARED), ...own], TOKENIZER_FIELDS);
}

/** The same for any set of names. */
export function checkNames(
  values: object,
  where: string,
  known: readonly string[],
  ignored: ReadonlySet<string> = new Set(),
): void {
  for (const [name, value] of Object.entries(values)) {
    if (value == null || known.includes(name) || ignored.has(name)) {
      continue;
    }
    const near = nearest(name, known);
    const hint = near === undefined ? `its arguments are ${known.join(", ")}` : `did you mean ${near}?`;
    throw new InputError(name, `${where} has no argument of this name; ${hint}`);
  }
}

/** The known name with the fewest changed letters, where they are few; `inputIds` counts as `input_ids`. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  let best: string | undefined;
  let least = Math.max(2, Math.floor(name.length / 4)) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain(name).slice(0, 64), plain(candidate));
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Letters to insert, delete or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
