import type { Backend } from "../../backend.js";
import { WasmBackend } from "./backend.js";
import { instantiateKernels } from "./instance.js";
import { multipliesExactly } from "./int8-check.js";
import { chooseInt8Format } from "./int8-formats.js";
import { canShareMemory, LinearMemory } from "./memory.js";
import { compileKernels, type KernelChoice } from "./modules.js";
import { controlBytes } from "./threads/control.js";
import { ThreadPool } from "./threads/pool.js";

/** How a backend is made besides the number of its threads. */
interface WasmOptions extends KernelChoice {
  /** Whether products run in tiles for 256-bit registers. */
  readonly wideVectors?: boolean;
  /** What the description ends with. */
  readonly remark?: string;
  /** Whether threads that cannot be started are an error; else one thread computes alone. */
  readonly required?: boolean;
}

/**
 * The fastest backend that this engine can run; null where WebAssembly or its SIMD is missing or forbidden. More than
 * one thread needs memory that can be shared; without it there is one.
 */
export async function createWasmBackend(
  threads = 1,
  { wideVectors = false, required = true, remark = "", ...choice }: WasmOptions = {},
): Promise<Backend | null> {
  if (typeof WebAssembly !== "object") {
    return null;
  }
  const shared = threads > 1 && canShareMemory();
  let modules = await compileKernels(shared, wideVectors, choice);
  if (modules === null) {
    return null;
  }
  const memory = new LinearMemory(shared);
  let kernels = await instantiateKernels(modules, memory.memory);
  if (!multipliesExactly(kernels, memory)) {
    const format = chooseInt8Format(false, choice.activationBits);
    modules = (await compileKernels(shared, wideVectors, { ...choice, int8: { format } }))!;
    kernels = await instantiateKernels(modules, memory.memory);
  }
  if (!shared) {
    return new WasmBackend(
      memory,
      kernels,
      null,
      threads > 1 ? `${remark} (this page is not cross-origin isolated)` : remark,
    );
  }
  const control = memory.allocate(controlBytes(threads));
  control.bytes().fill(0);
  try {
    const pool = await ThreadPool.start(threads, modules, kernels, memory.memory, control.address);
    return new WasmBackend(memory, kernels, { pool, control }, remark);
  } catch (error) {
    if (required) {
      throw error;
    }
    memory.release(control);
    return new WasmBackend(memory, kernels, null, `${remark} (others could not be started)`);
  }
}
