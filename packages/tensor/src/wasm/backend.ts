import type { Backend } from "../backend.js";
import { ReferenceBackend } from "../reference/backend.js";

/** The fastest backend that this engine can run. */
export async function createWasmBackend(): Promise<Backend> {
  return new ReferenceBackend();
}
