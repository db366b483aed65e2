import { computed, signal } from "@preact/signals";
import { isShipped } from "../shipped.js";
import { FIRST_TASK, TASKS } from "../tasks/registry.js";
import type { Answered, Failure, LoadProgress, ModelRef, TaskInput, TaskName } from "../worker/protocol.js";

// All that the page knows, in one place. Components read signals; the functions below and those of answering.ts change them.

export type PanelName = "inside" | "own-model" | "train" | "convert" | "runtimes" | "take-home";

/** Where the answer to what is on the screen stands. */
export type Status =
  | { readonly kind: "empty" }
  | { readonly kind: "loading"; readonly progress: LoadProgress | null }
  | { readonly kind: "working" }
  | { readonly kind: "answered" }
  | { readonly kind: "failed"; readonly failure: Failure };

export const task = signal<TaskName>(FIRST_TASK);
export const panel = signal<PanelName | null>(null);
export const status = signal<Status>({ kind: "empty" });
/** The newest answer, with the input that it is for. */
export const answered = signal<(Answered & { readonly input: TaskInput }) | null>(null);

const inputs = signal<Partial<Record<TaskName, TaskInput>>>({});
const models = signal<Partial<Record<TaskName, ModelRef>>>({});
/** A person's own models: opened, or trained here. */
export const ownModels = signal<readonly { readonly model: ModelRef; readonly tasks: readonly TaskName[] }[]>([]);

const NONE: TaskInput = {};

export const input = computed(() => inputs.value[task.value] ?? NONE);

/** The model of the task on the screen; null where none can do it. */
export const model = computed<ModelRef | null>(() => {
  const chosen = models.value[task.value];
  if (chosen !== undefined) return chosen;
  const [first] = shippedModels.value;
  return first === undefined ? null : { kind: "shipped", name: first };
});

/** Those of the task on the screen that come with the page. */
export const shippedModels = computed(() => TASKS[task.value].models.filter(isShipped));

/** Fields of the form: some are for models of one's own alone, or for who has filled them in. */
export const fields = computed(() =>
  TASKS[task.value].fields.filter(
    ({ name, onlyOwn }) => !onlyOwn || model.value?.kind !== "shipped" || (input.value[name] ?? "") !== "",
  ),
);

/** Whether everything that the task needs has been typed. */
export const isComplete = computed(() =>
  TASKS[task.value].fields.every(({ name, optional }) => optional || (input.value[name] ?? "").trim() !== ""),
);

/** The text, or two, that the tokenizer gets of the form. */
export const texts = computed(() =>
  TASKS[task.value].texts(input.value, model.value === null ? "" : titleOf(model.value)),
);

export function chooseTask(name: TaskName): void {
  task.value = name;
}

export function choosePanel(name: PanelName | null): void {
  panel.value = name;
}

export function setInput(changes: TaskInput): void {
  inputs.value = { ...inputs.value, [task.value]: { ...input.value, ...changes } };
}

export function replaceInput(whole: TaskInput): void {
  inputs.value = { ...inputs.value, [task.value]: whole };
}

export function chooseModel(chosen: ModelRef): void {
  models.value = { ...models.value, [task.value]: chosen };
}

/** Makes a model one of those to choose from, and goes to the first task that it can do. */
export function addOwnModel(added: ModelRef, tasks: readonly TaskName[], go: TaskName | undefined = tasks[0]): void {
  ownModels.value = [
    ...ownModels.value.filter(({ model: other }) => titleOf(other) !== titleOf(added)),
    { model: added, tasks },
  ];
  if (go === undefined) return;
  models.value = { ...models.value, [go]: added };
  task.value = go;
}

/** What a model is called on the screen. */
export function titleOf(named: ModelRef): string {
  switch (named.kind) {
    case "shipped":
      return named.name;
    case "address":
      return named.address;
    default:
      return named.title;
  }
}
