export { ACTIVATION_NAMES, type ActivationKind, type ActivationName } from "./activations.js";
export type { AttentionArguments } from "./attention-arguments.js";
export { type Recorded, Tape } from "./autograd/tape.js";
export type { Backend, BinaryKind, MemoryReport, Transfer } from "./backend.js";
export {
  type BackendFactory,
  type BackendName,
  type BackendOptions,
  createBackend,
  registerBackend,
  sharedBackend,
} from "./create.js";
export type { Dropout } from "./dropout.js";
export { DropoutGenerator } from "./dropout.js";
export type { DataArray, DType, DTypeArrays } from "./dtype.js";
export { BackendError, DisposedError, DTypeError, IndexError, ShapeError, TensorError } from "./errors.js";
export type { AdamArguments, GradientKernels } from "./gradient-kernels.js";
export { reductionGradientsOf, reductionsOf } from "./kernels/reference/reductions/index.js";
export { ndarrayOf } from "./ndarray.js";
export type { GradientMatrix, Int8Rows, Matrix, PackedWeights, Sequences, Storage, WeightDType } from "./operands.js";
export { activate } from "./operations/activate.js";
export { type AttentionOptions, attention } from "./operations/attention.js";
export { add, multiply, subtract } from "./operations/binary.js";
export { binaryCrossEntropy } from "./operations/binary-cross-entropy.js";
export { concatenate } from "./operations/concatenate.js";
export { type CrossEntropyOptions, crossEntropy } from "./operations/cross-entropy.js";
export { depthwiseConvolution } from "./operations/depthwise-convolution.js";
export { dropout } from "./operations/dropout.js";
export { dynamicConvolution } from "./operations/dynamic-convolution.js";
export { type EmbeddingOptions, embedding } from "./operations/embedding.js";
export { groupedLinear } from "./operations/grouped-linear.js";
export { layerNorm } from "./operations/layer-norm.js";
export { type LinearOptions, linear } from "./operations/linear.js";
export { mean } from "./operations/mean.js";
export { meanSquaredError } from "./operations/mean-squared-error.js";
export { normalizeRows } from "./operations/normalize-rows.js";
export { rowDots } from "./operations/row-dots.js";
export { rowProducts } from "./operations/row-products.js";
export { scale } from "./operations/scale.js";
export { sequenceMax } from "./operations/sequence-max.js";
export { sequenceMean } from "./operations/sequence-mean.js";
export { uniformSequences } from "./operations/sequences.js";
export { softCrossEntropy } from "./operations/soft-cross-entropy.js";
export { softmax } from "./operations/softmax.js";
export type {
  CrossEntropyArguments,
  ReductionGradients,
  ReductionKernels,
  SoftCrossEntropyArguments,
} from "./reduction-kernels.js";
export { keep, tidy } from "./scope.js";
export { Tensor } from "./tensor.js";
export { enableWideVectors, type WideVectorsOptions } from "./wide-vectors.js";
