import { effect, signal, untracked } from "@preact/signals";
import { proxy } from "comlink";
import type { ModelRef, TaskInput, TaskName } from "../worker/protocol.js";
import { answered, input, isComplete, model, status, task } from "./store.js";
import { failureOf, settled, stop, worker } from "./worker.js";

/** Milliseconds without a key press before what was typed is sent to the worker. */
const TYPING_PAUSE = 150;

/** Counts the tries that a person asked for. */
const tries = signal(0);

/** The newest request; older ones' answers are not shown. */
let newest = 0;

export function tryAgain(): void {
  tries.value++;
}

/** Ends the loading of a model, or the answering. */
export function stopAnswering(): void {
  stop("load");
  stop("answer");
  // At once, whatever the worker is doing: it may not have begun what is to be stopped.
  newest++;
  answered.value = null;
  status.value = { kind: "failed", failure: { code: "aborted", message: "Stopped." } };
}

/** Answers whatever is on the screen, a moment after it has changed. */
export function keepAnswering(): void {
  effect(() => {
    const [name, source, typed, ready] = [task.value, model.value, input.value, isComplete.value];
    tries.value;
    newest++;
    const request = newest;
    untracked(() => {
      if (!ready || source === null) {
        status.value = { kind: "empty" };
        answered.value = null;
      } else if (status.value.kind === "empty") {
        // Nobody is asked to type who has typed.
        status.value = { kind: "working" };
      }
    });
    if (!ready || source === null) return;
    const timer = setTimeout(() => void answer(request, name, source, typed), TYPING_PAUSE);
    return () => clearTimeout(timer);
  });
}

async function answer(request: number, name: TaskName, source: ModelRef, typed: TaskInput): Promise<void> {
  const isNewest = () => request === newest;
  status.value = { kind: "working" };
  try {
    const onLoad = proxy((progress: { loaded: number; total: number }) => {
      if (isNewest() && status.value.kind !== "answered") status.value = { kind: "loading", progress };
    });
    const result = await settled(worker.answer(name, source, typed, onLoad));
    if (!isNewest()) return;
    answered.value = { ...result, input: typed };
    status.value = { kind: "answered" };
  } catch (error) {
    if (!isNewest()) return;
    answered.value = null;
    status.value = { kind: "failed", failure: failureOf(error) };
  }
}
