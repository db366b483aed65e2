import { effect } from "@preact/signals";
import { isTask } from "../tasks/registry.js";
import type { ModelRef } from "../worker/protocol.js";
import {
  chooseModel,
  choosePanel,
  chooseTask,
  input,
  model,
  type PanelName,
  panel,
  replaceInput,
  task,
} from "./store.js";

// The part of the address after "#" holds what is on the screen, so that a link shows it again. It is never sent to a server.

const PANELS: readonly string[] = ["inside", "own-model", "train", "convert", "runtimes", "take-home"];
const OWN = new Set(["task", "model", "panel"]);

/** The address's part for the present state. */
export function hashOfState(): string {
  const parts = new URLSearchParams({ task: task.value });
  const name = model.value === null ? null : addressOf(model.value);
  if (name !== null) parts.set("model", name);
  if (panel.value !== null) parts.set("panel", panel.value);
  for (const [field, value] of Object.entries(input.value)) {
    if (value !== "") parts.set(field, value);
  }
  return `#${parts}`;
}

/** Follows the address, and lets it follow the state. */
export function keepAddress(): void {
  readAddress();
  addEventListener("hashchange", readAddress);
  effect(() => {
    const hash = hashOfState();
    if (location.hash !== hash) history.replaceState(null, "", hash);
  });
}

function readAddress(): void {
  const parts = new URLSearchParams(location.hash.slice(1));
  const name = parts.get("task");
  if (name === null || !isTask(name)) return;
  chooseTask(name);
  const source = parts.get("model");
  if (source !== null && source !== addressOf(model.value)) chooseModel(modelOf(source));
  const shown = parts.get("panel");
  choosePanel(shown !== null && PANELS.includes(shown) ? (shown as PanelName) : null);
  replaceInput(Object.fromEntries([...parts].filter(([field]) => !OWN.has(field))));
}

/** Files have no address. */
function addressOf(named: ModelRef | null): string | null {
  if (named === null || named.kind === "files") return null;
  return named.kind === "shipped" ? named.name : named.address;
}

function modelOf(source: string): ModelRef {
  return source.includes("/") || source.includes(":")
    ? { kind: "address", address: source }
    : { kind: "shipped", name: source };
}
