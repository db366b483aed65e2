import type { KernelName } from "../generated/calls.js";
import type { Int8Format } from "./int8-formats.js";

/** Addresses, strides and counts are numbers; the last two are the range of a kernel's units of work. */
export type ElementKernels = Readonly<Record<KernelName | "useWideTiles", (...args: number[]) => void>>;

export type Variant = "relaxed-simd" | "simd128";

/** Compiled code, which can be sent to workers. */
export interface KernelModules {
  readonly variant: Variant;
  /** Whether products run in tiles that fill 256-bit registers. */
  readonly wide: boolean;
  readonly int8Format: Int8Format;
  readonly elements: WebAssembly.Module;
  /** `tile1` ... `tile6` (emitter/product.ts), with relaxed SIMD also `wideTile1` and so on. */
  readonly tiles: WebAssembly.Module;
  /** `int8Tile1` and so on (emitter/int8.ts), of the format's kind. */
  readonly int8Tiles: WebAssembly.Module;
}

export interface Kernels extends Pick<KernelModules, "variant" | "wide" | "int8Format"> {
  readonly elements: ElementKernels;
}

/** Kernels over a memory. */
export async function instantiateKernels(modules: KernelModules, memory: WebAssembly.Memory): Promise<Kernels> {
  const env = { memory };
  const { exports } = await WebAssembly.instantiate(modules.tiles, { env });
  const int8Tiles = (await WebAssembly.instantiate(modules.int8Tiles, { env })).exports;
  const tiles = { ...exports, ...int8Tiles } as WebAssembly.ModuleImports;
  const instance = await WebAssembly.instantiate(modules.elements, { env, tiles });
  const elements = instance.exports as unknown as ElementKernels;
  elements.useWideTiles(modules.wide ? 1 : 0);
  return { variant: modules.variant, wide: modules.wide, int8Format: modules.int8Format, elements };
}
