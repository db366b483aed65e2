/** Small models, trained by `tooling/recipes`, that come with this package; their cards are in `models/<name>/README.md`. */
export const EMBEDDED_MODELS = [
  "question-classification",
  "sentiment",
  "chunking",
  "entities",
  "plausible-alternatives",
  "masked-words",
  "extractive-answers",
  "sentence-encoder",
] as const;

export type EmbeddedModel = (typeof EMBEDDED_MODELS)[number];

/** The models that answer when none is named; the others have to be asked for by name. */
const DEFAULTS = {
  "text-classification": "question-classification",
  "token-classification": "chunking",
  "fill-mask": "masked-words",
  "feature-extraction": "sentence-encoder",
  "sentence-similarity": "sentence-encoder",
} as const;

/** A task that has a model in this package. */
export type EmbeddedTask = keyof typeof DEFAULTS;

/**
 * Where a model of this package is, by its name, or by the task that it answers when none is named; undefined for anything
 * else. A file URL in Node, Bun and Deno; for a browser's bundle import the files of `convbert/models/...` as assets instead.
 */
export function embeddedModel(name: EmbeddedTask | EmbeddedModel): URL;
export function embeddedModel(name: string): URL | undefined;
export function embeddedModel(name: string): URL | undefined {
  const model = Object.hasOwn(DEFAULTS, name) ? DEFAULTS[name as EmbeddedTask] : name;
  if (!(EMBEDDED_MODELS as readonly string[]).includes(model)) return undefined;
  // In two steps: bundlers would take `new URL("...", import.meta.url)` for an asset and look for a folder to copy.
  const here = import.meta.url;
  return new URL(`../models/${model}/`, here);
}
