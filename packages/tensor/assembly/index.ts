export { activate } from "./activations";
export { attention } from "./attention";
export { depthwiseConvolution, dynamicConvolution } from "./convolution";
export { quantizeRows } from "./quantize";
export { binary, copyRows, gatherRows, layerNorm, softmax, sumExponentials } from "./rows";
