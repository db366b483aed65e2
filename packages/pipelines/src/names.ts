import { distance } from "fastest-levenshtein";
import { PipelineError, type PipelineErrorCode } from "./errors.js";

/** Names that the reference had, or that other libraries have, and what says the same here. */
const INSTEAD: Readonly<Record<string, string>> = {
  return_all_scores: "use top_k: null",
  grouped_entities: 'use aggregation_strategy: "simple"',
  ignore_subwords: 'use aggregation_strategy: "first"',
  multi_class: "did you mean multi_label?",
  batch_size: "did you mean batchTokens?",
  truncate: "did you mean truncation?",
  padding: "leave it out: texts run at their own lengths, never padded",
  device: "did you mean backend, where the pipeline is made?",
};

/** A name as people vary it: `topK`, `top-k`, `TOP_K` and `topk` are one. */
function bare(name: string): string {
  return name.replace(/[_\-\s]/g, "").toLowerCase();
}

/** The name that was most likely meant; undefined where none is near. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const same = names.find((known) => bare(known) === bare(name));
  if (same !== undefined) return same;
  const near = names
    .map((known) => ({ known, edits: distance(bare(name), bare(known)) }))
    .filter(({ known, edits }) => edits <= Math.max(1, Math.floor(Math.min(known.length, name.length) / 3)))
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.known;
}

/** Foreign text for a message: on one line, without control characters, at most 60 characters of it. */
export function shortened(text: string): string {
  const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  return shown.replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Refuses a name that is none of those that there are: taken in silence, a misspelt option would be no option at all.
 * @param owner what has names, "text-classification" or "a question".
 * @param kind what the names are of.
 * @throws PipelineError with the name that was most likely meant.
 */
export function checkName(owner: string, kind: "option" | "field", name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const code: PipelineErrorCode = kind === "option" ? "invalid-option" : "invalid-input";
  const instead = kind === "option" && Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : undefined;
  const suggestion = nearest(name, names);
  const hint = instead ?? (suggestion === undefined ? `it has ${names.join(", ")}` : `did you mean ${suggestion}?`);
  throw new PipelineError(code, `${owner} has no ${kind} ${shortened(name)}; ${hint}`, {
    [kind]: name,
    ...(suggestion !== undefined && { suggestion }),
    [`${kind}s`]: names,
  });
}
