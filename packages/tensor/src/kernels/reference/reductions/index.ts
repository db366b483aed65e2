import type { Backend } from "../../../backend.js";
import { gradientsOf } from "../../../backend.js";
import type { ReductionGradients, ReductionKernels } from "../../../reduction-kernels.js";
import { binaryCrossEntropy, binaryCrossEntropyGradient } from "./binary-cross-entropy.js";
import { crossEntropy, crossEntropyGradient } from "./cross-entropy.js";
import { mean, meanGradient } from "./mean.js";
import { normalizeRows, normalizeRowsGradient } from "./normalize-rows.js";
import { rowDots, rowDotsGradient, rowProducts, rowProductsGradient } from "./row-products.js";
import { sequenceMax, sequenceMaxGradient, sequenceMean } from "./sequences.js";
import { softCrossEntropy, softCrossEntropyGradient } from "./soft-cross-entropy.js";
import { squaredError, squaredErrorGradient } from "./squared-error.js";

/**
 * Reductions of a backend whose memory the processor sees: their definition, with products by the backend. They serve the
 * WebAssembly backend as well: what takes long in them (exponentials of all classes, products) are its kernels, and the
 * rest are some numbers a row.
 */
export function reductionsOf(backend: Backend): ReductionKernels {
  return {
    mean,
    squaredError,
    binaryCrossEntropy,
    crossEntropy,
    softCrossEntropy,
    rowDots,
    rowProducts: (...args) => rowProducts(backend, ...args),
    normalizeRows,
    sequenceMean,
    sequenceMax,
  };
}

/** The gradients of {@link reductionsOf}, with the backend's other gradient kernels. */
export function reductionGradientsOf(backend: Backend): ReductionGradients {
  const kernels = () => gradientsOf(backend);
  return {
    meanGradient: (...args) => meanGradient(backend, kernels(), ...args),
    squaredErrorGradient,
    binaryCrossEntropyGradient,
    crossEntropyGradient: (...args) => crossEntropyGradient(backend, kernels(), ...args),
    softCrossEntropyGradient: (...args) => softCrossEntropyGradient(backend, kernels(), ...args),
    rowDotsGradient: (...args) => rowDotsGradient(backend, kernels(), ...args),
    rowProductsGradient: (...args) => rowProductsGradient(backend, kernels(), ...args),
    normalizeRowsGradient,
    sequenceMaxGradient,
  };
}
