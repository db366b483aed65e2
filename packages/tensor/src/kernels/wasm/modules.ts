import { INT8_TILES, RELAXED, SIMD128 } from "../generated/kernels.js";
import { decodeModule } from "./decode-module.js";
import type { KernelModules, Variant } from "./instance.js";
import { chooseInt8Format, type Int8Format } from "./int8-formats.js";

/** The variants, best first. Relaxed multiply-add rounds once where the CPU can, so they differ in the last bits. */
export const VARIANTS: readonly Variant[] = ["relaxed-simd", "simd128"];

/** What is chosen among kernels besides the best. */
export interface KernelChoice {
  /** Variants to choose from. */
  readonly variants?: readonly Variant[];
  /** Bits that activations of int8 products keep; by default as many as the CPU's fastest product has. */
  readonly activationBits?: 7 | 8;
  /** A format whatever the CPU is, and tiles that have its arithmetic, for a memory that is not shared. */
  readonly int8?: { readonly format: Int8Format; readonly tiles?: Uint8Array<ArrayBuffer> };
  /** Compiles anew what was compiled before. */
  readonly isFresh?: boolean;
}

/**
 * Compiles the best variant that the engine validates, for a memory that is shared between threads or not. Returns null
 * where WebAssembly or its SIMD is missing or forbidden.
 */
export async function compileKernels(
  sharedMemory: boolean,
  wideTiles: boolean,
  { variants = VARIANTS, activationBits, int8, isFresh = false }: KernelChoice = {},
): Promise<KernelModules | null> {
  for (const variant of variants) {
    const encoded = variant === "relaxed-simd" ? RELAXED : SIMD128;
    const bytes = (text: string) => decodeModule(text, sharedMemory, isFresh);
    const [elements, tiles] = [bytes(encoded.elements), bytes(encoded.tiles)];
    if (!WebAssembly.validate(elements) || !WebAssembly.validate(tiles)) {
      continue;
    }
    try {
      const hasRelaxed = variant === "relaxed-simd";
      const int8Format = int8?.format ?? chooseInt8Format(hasRelaxed, activationBits);
      return {
        variant,
        wide: wideTiles && hasRelaxed,
        int8Format,
        elements: await WebAssembly.compile(elements),
        tiles: await WebAssembly.compile(tiles),
        int8Tiles: await WebAssembly.compile(int8?.tiles ?? bytes(INT8_TILES[int8Format.tiles])),
      };
    } catch (error) {
      // A content security policy without 'wasm-unsafe-eval' forbids compiling.
      if (error instanceof WebAssembly.CompileError) {
        return null;
      }
      throw error;
    }
  }
  return null;
}
