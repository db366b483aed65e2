import { PanelProducts } from "@convbert/tensor/internal";
import * as tf from "@tensorflow/tfjs-core";
import { heapKernel, onHeap } from "./heap.js";

/** What of the backend's module is used; Emscripten gives a module these. */
interface HeapModule {
  _malloc(bytes: number): number;
  _free(address: number): void;
  /** What the WebAssembly exports; with one thread, its memory too. */
  readonly asm: Readonly<Record<string, unknown>>;
}

/** Products in a backend's memory. */
interface Heap {
  readonly module: HeapModule;
  readonly products: PanelProducts;
}

/** One for each backend there was; null where none can be. */
const heaps = new WeakMap<object, Heap | null>();

/** The present backend's, where it has one thread and the engine has relaxed SIMD. */
function presentHeap(): Heap | null {
  if (!onHeap()) {
    return null;
  }
  const backend = tf.backend() as unknown as { readonly wasm?: HeapModule };
  let heap = heaps.get(backend);
  if (heap === undefined) {
    heap = startHeap(backend.wasm);
    heaps.set(backend, heap);
  }
  return heap;
}

function startHeap(module: Partial<HeapModule> | undefined): Heap | null {
  if (!isHeapModule(module)) {
    return null;
  }
  const memory = Object.values(module.asm).find((part) => part instanceof WebAssembly.Memory);
  const scratch = memory === undefined ? 0 : allocate(module, PanelProducts.scratchBytes);
  if (memory === undefined || scratch === 0) {
    return null;
  }
  // Without relaxed SIMD's multiply-add the backend's own product is a quarter faster.
  const products = PanelProducts.over(memory, scratch, "relaxed-simd");
  if (products === null) {
    module._free(scratch);
    return null;
  }
  return { module, products };
}

function isHeapModule(module: Partial<HeapModule> | undefined): module is HeapModule {
  return typeof module?._malloc === "function" && typeof module._free === "function" && typeof module.asm === "object";
}

/** An address is unsigned, and 0 where there is no room. */
function allocate(module: HeapModule, bytes: number): number {
  return module._malloc(bytes) >>> 0;
}

/** A weight's copy in the order of the products' tiles, made when it is needed and made anew when the weight has changed. */
export class PackedWeight {
  #heap: Heap | null = null;
  #address = 0;
  #bytes = 0;
  /** Of whose data it is a copy. */
  #dataId: object | null = null;

  /**
   * Gets room for the copy.
   * @returns whether there is any, and products can run.
   */
  prepare(weight: tf.Tensor): boolean {
    const heap = presentHeap();
    if (heap === null) {
      return false;
    }
    const [depth, columns] = weight.shape as [number, number];
    const bytes = PanelProducts.packedBytes(depth, columns);
    if (heap !== this.#heap || bytes !== this.#bytes) {
      this.release();
      this.#address = allocate(heap.module, bytes);
      if (this.#address === 0) {
        return false;
      }
      this.#heap = heap;
      this.#bytes = bytes;
    }
    return true;
  }

  /** `output = rows · weight + bias`, by what the last {@link prepare} has made room for. */
  multiply(
    dataId: object,
    [rows, weight, bias, output]: readonly [Float32Array, Float32Array, Float32Array, Float32Array],
  ) {
    const { products } = this.#heap!;
    const columns = bias.length;
    const depth = weight.length / columns;
    if (this.#dataId !== dataId) {
      products.pack(weight.byteOffset, depth, columns, this.#address);
      this.#dataId = dataId;
    }
    products.multiply({
      input: rows.byteOffset,
      rows: rows.length / depth,
      depth,
      packed: this.#address,
      bias: bias.byteOffset,
      columns,
      output: output.byteOffset,
    });
  }

  /** Frees the copy. */
  release(): void {
    if (this.#address !== 0) {
      this.#heap!.module._free(this.#address);
    }
    this.#heap = null;
    this.#address = 0;
    this.#bytes = 0;
    this.#dataId = null;
  }
}

/** `rows · weight + bias`: `[rows, depth]`, `[depth, columns]`, `[columns]`; `packed` was prepared for the weight. */
export const linear = heapKernel<{ readonly packed: PackedWeight; readonly dataId: object }>(
  "ConvBertLinear",
  ({ inputs: [rows, weight, bias], outputs: [output] }, { packed, dataId }) => {
    packed.multiply(dataId, [rows!, weight!, bias!, output!]);
  },
);
