import { RELAXED, SIMD128 } from "./generated/kernels.js";

/** Exports of the element-wise module (assembly/index.ts); pointers, strides and counts are numbers. */
export type ElementKernels = Readonly<
  Record<
    | "activate"
    | "attention"
    | "binary"
    | "copyRows"
    | "depthwiseConvolution"
    | "dynamicConvolution"
    | "gatherRows"
    | "layerNorm"
    | "quantizeRows"
    | "softmax"
    | "sumExponentials",
    (...args: number[]) => void
  >
>;

/** `tile1` ... `tile6` (kernels/emit/product.ts) and `int8Tile1` ... `int8Tile6` (kernels/emit/int8.ts). */
export type TileKernels = Readonly<Record<string, (...args: number[]) => void>>;

export interface Kernels {
  /** "relaxed-simd" or "simd128". */
  readonly variant: string;
  readonly elements: ElementKernels;
  readonly tiles: TileKernels;
}

/**
 * Compiles the best variant that the engine validates. Relaxed multiply-add rounds once where the CPU can, so variants
 * differ in the last bits. Returns null where WebAssembly or its SIMD is missing or forbidden.
 */
export async function loadKernels(memory: WebAssembly.Memory): Promise<Kernels | null> {
  for (const [variant, encoded] of [
    ["relaxed-simd", RELAXED],
    ["simd128", SIMD128],
  ] as const) {
    const elements = decode(encoded.elements);
    const tiles = decode(encoded.tiles);
    if (!WebAssembly.validate(elements) || !WebAssembly.validate(tiles)) {
      continue;
    }
    const imports = { env: { memory } };
    try {
      const [first, second] = await Promise.all([
        WebAssembly.instantiate(elements, imports),
        WebAssembly.instantiate(tiles, imports),
      ]);
      return {
        variant,
        elements: first.instance.exports as unknown as ElementKernels,
        tiles: second.instance.exports as unknown as TileKernels,
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

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
