/** Small trained models that come with this package; their cards are in `models/<name>/README.md`. */
const EMBEDDED = {
  "text-classification": "question-classification",
  "token-classification": "chunking",
} as const;

/** A task that has a model in this package. */
export type EmbeddedTask = keyof typeof EMBEDDED;

/**
 * Where the model is that answers a task when none is named; undefined where there is none. A file URL in Node, Bun and
 * Deno; for a browser's bundle import the files of `convbert/models/...` as assets instead.
 */
export function embeddedModel(task: EmbeddedTask): URL;
export function embeddedModel(task: string): URL | undefined;
export function embeddedModel(task: string): URL | undefined {
  if (!Object.hasOwn(EMBEDDED, task)) return undefined;
  // In two steps: bundlers would take `new URL("...", import.meta.url)` for an asset and look for a folder to copy.
  const here = import.meta.url;
  return new URL(`../models/${EMBEDDED[task as EmbeddedTask]}/`, here);
}
