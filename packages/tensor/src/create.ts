import type { Backend } from "./backend.js";
import { BackendError } from "./errors.js";
import { ReferenceBackend } from "./reference/backend.js";

/** Which backend, and how it runs. */
export interface BackendOptions {
  /** `wasm` (the default) falls back to `reference` where WebAssembly is forbidden or lacks SIMD. */
  readonly backend?: "wasm" | "reference";
}

const shared = new Map<string, Promise<Backend>>();

/** A new backend of its own; most callers want {@link sharedBackend}. */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const name = options.backend ?? "wasm";
  switch (name) {
    case "reference":
      return new ReferenceBackend();
    case "wasm": {
      const { createWasmBackend } = await import("./wasm/backend.js");
      return (await createWasmBackend()) ?? new ReferenceBackend();
    }
    default:
      throw new BackendError("createBackend", `there is no backend "${String(name)}"; use "wasm" or "reference"`);
  }
}

/** The backend that all models with the same options share, made at first use. */
export function sharedBackend(options: BackendOptions = {}): Promise<Backend> {
  const key = options.backend ?? "wasm";
  let backend = shared.get(key);
  if (backend === undefined) {
    backend = createBackend(options);
    shared.set(key, backend);
    backend.catch(() => shared.delete(key));
  }
  return backend;
}
