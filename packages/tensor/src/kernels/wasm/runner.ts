import type { KernelArguments, KernelName } from "../generated/calls.js";
import { NUMBERS } from "../generated/calls.js";
import type { Kernels } from "./instance.js";
import type { LinearMemory } from "./memory.js";

/** Runs a kernel over `units` units of work, `work` steps together, on one thread or several. */
export type RunKernel = <Name extends KernelName>(
  name: Name,
  args: KernelArguments[Name],
  units: number,
  work: number,
) => void;

/** What kernels run on. */
export interface KernelContext {
  readonly run: RunKernel;
  readonly memory: LinearMemory;
}

/** Runs kernels on the calling thread alone. */
export function runHere({ elements }: Pick<Kernels, "elements">): RunKernel {
  return (name, args, units) => elements[name](...NUMBERS[name](args), 0, units);
}
