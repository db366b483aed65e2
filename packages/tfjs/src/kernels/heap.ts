import * as tf from "@tensorflow/tfjs-core";

// Kernels of this package's own for TensorFlow.js's WebAssembly backend, registered as TensorFlow.js lets anyone register
// them. They work in the backend's memory, where its own slice copies its whole input out of it first. Elsewhere, and
// where the backend is of a version without these two methods, operations of TensorFlow.js do the same.

/** What of the backend is used; it declares both public. */
interface HeapBackend {
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  /** A view of the memory, valid until the next output is made. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

/** Numbers and where they go. */
export interface HeapRun {
  readonly inputs: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
}

/** Whether kernels registered here can run now. */
export function onHeap(): boolean {
  if (tf.getBackend() !== "wasm") {
    return false;
  }
  const backend = tf.backend() as unknown as Partial<HeapBackend>;
  return typeof backend.makeOutput === "function" && typeof backend.typedArrayFromHeap === "function";
}

/**
 * Registers a kernel.
 * @param name no other kernel's.
 * @param compute fills the outputs.
 * @returns runs it on float32 tensors; `shapes` are those of its outputs. Only where {@link onHeap}, and inside an
 * operation that has a gradient.
 */
export function heapKernel<Attributes>(
  name: string,
  compute: (run: HeapRun, attributes: Attributes) => void,
): (inputs: readonly tf.Tensor[], shapes: readonly number[][], attributes: Attributes) => tf.Tensor[] {
  // A second copy of this package finds the first one's.
  if (tf.getKernel(name, "wasm") == null) {
    tf.registerKernel({
      kernelName: name,
      backendName: "wasm",
      kernelFunc: ({ inputs, backend, attrs }) => {
        const heap = backend as unknown as HeapBackend;
        const { shapes, attributes } = attrs as unknown as { shapes: number[][]; attributes: Attributes };
        const made = shapes.map((shape) => heap.makeOutput(shape, "float32"));
        const views = (tensors: object) =>
          Object.values(tensors).map((tensor: tf.TensorInfo) => heap.typedArrayFromHeap(tensor));
        // A first look brings in what another backend has. That can grow the memory, and views of before are void then.
        views(inputs);
        compute({ inputs: views(inputs), outputs: views(made) }, attributes);
        return made;
      },
    });
  }
  return (inputs, shapes, attributes) =>
    tf.engine().runKernel(name, { ...inputs } as unknown as tf.NamedTensorMap, {
      shapes: [...shapes],
      attributes: attributes as unknown as tf.NamedAttrMap,
    }) as unknown as tf.Tensor[];
}
