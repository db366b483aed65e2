/** Small trained models that come with this package; their cards are in `models/<name>/README.md`. */
const EMBEDDED = {
  "text-classification": "question-classification",
  "token-classification": "chunking",
} as const;

/** A task that has a model in this package. */
export type EmbeddedTask = keyof typeof EMBEDDED;

/** Where the model is that answers a task when none is named; undefined where there is none. */
export function embeddedModel(task: EmbeddedTask): URL;
export function embeddedModel(task: string): URL | undefined;
export function embeddedModel(task: string): URL | undefined {
  return Object.hasOwn(EMBEDDED, task)
    ? new URL(`../models/${EMBEDDED[task as EmbeddedTask]}/`, import.meta.url)
    : undefined;
}
