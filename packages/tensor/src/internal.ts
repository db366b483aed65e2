// For the packages of this repository alone: not for users, and it changes without notice.
export { activationKind } from "./activations.js";
export { BufferStore, elementsOf, isTensor, type Trainable } from "./autograd/buffers.js";
export { gradientsOf } from "./backend.js";
export { sizeOf } from "./dtype.js";
export { PanelProducts } from "./kernels/wasm/panel-products.js";
export { packedEmbedding } from "./operations/embedding.js";
export { dequantizeRows } from "./quantize.js";
export { seededBits, seededRandom } from "./seeded-random.js";
