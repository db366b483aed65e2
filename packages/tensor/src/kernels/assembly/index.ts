export { activate } from "./activations";
export { attention } from "./attention";
export { attentionGradient } from "./attention-gradients";
export { depthwiseConvolution, dynamicConvolution } from "./convolution";
export { multiplyInt8Panels, multiplyPanels, useWideTiles } from "./product";
export { quantizeRows } from "./quantize";
export { binary, copyRows, gatherRows, layerNorm, softmax, sumExponentials } from "./rows";
export { accumulatePanels, packPanels, transposePanels, transposeRows } from "./product-gradients";
export { dropout } from "./dropout";
export { accumulate, accumulateProduct, activateGradient, adam, fill, squares } from "./element-gradients";
export { scatterPackedRows, scatterRows, sumRows } from "./column-gradients";
export { accumulateSoftmax, layerNormGradient, softmaxGradient } from "./row-gradients";
export {
  depthwiseInputGradient,
  depthwiseKernelGradient,
  dynamicKernelsGradient,
  dynamicValuesGradient,
} from "./convolution-gradients";
