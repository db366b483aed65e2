// Made by src/kernels/build.ts from assembly/; do not edit.
import type { Rows } from "../wasm/rows.js";

/** What each kernel takes besides the range of its units. */
export interface KernelArguments {
  /** assembly/activations.ts */
  readonly activate: {
    readonly kind: number;
    readonly input: Rows;
    readonly output: Rows;
    readonly columns: number;
  };
  /** assembly/attention.ts */
  readonly attention: {
    readonly query: Rows;
    readonly key: Rows;
    readonly value: Rows;
    readonly offsets: number;
    readonly firstSequence: number;
    readonly heads: number;
    readonly size: number;
    readonly scale: number;
    readonly mask: Rows;
    readonly maskPerToken: number;
    readonly headMask: number;
    readonly probabilities: Rows;
    readonly output: Rows;
    readonly dropout: number;
    readonly longest: number;
    readonly tokens: number;
    readonly scratch: number;
    readonly scratchStep: number;
  };
  /** assembly/attention-gradients.ts */
  readonly attentionGradient: {
    readonly query: Rows;
    readonly key: Rows;
    readonly value: Rows;
    readonly outputGradient: Rows;
    readonly queryGradient: Rows;
    readonly keyGradient: Rows;
    readonly valueGradient: Rows;
    readonly offsets: number;
    readonly firstSequence: number;
    readonly heads: number;
    readonly size: number;
    readonly scale: number;
    readonly mask: Rows;
    readonly maskPerToken: number;
    readonly headMask: number;
    readonly dropout: number;
    readonly longest: number;
    readonly tokens: number;
    readonly scratch: number;
    readonly scratchStep: number;
  };
  /** assembly/convolution.ts */
  readonly depthwiseConvolution: {
    readonly input: Rows;
    readonly kernel: Rows;
    readonly taps: number;
    readonly output: Rows;
    readonly columns: number;
    readonly bounds: number;
  };
  /** assembly/convolution.ts */
  readonly dynamicConvolution: {
    readonly values: Rows;
    readonly kernels: Rows;
    readonly heads: number;
    readonly size: number;
    readonly taps: number;
    readonly output: Rows;
    readonly bounds: number;
  };
  /** assembly/product.ts */
  readonly multiplyInt8Panels: {
    readonly input: Rows;
    readonly rows: number;
    readonly rowScales: number;
    readonly packed: number;
    readonly panelBytes: number;
    readonly groups: number;
    readonly starts: number;
    readonly scales: number;
    readonly bias: number;
    readonly zeros: number;
    readonly edgeBias: number;
    readonly output: Rows;
    readonly edge: number;
    readonly columns: number;
    readonly activation: number;
  };
  /** assembly/product.ts */
  readonly multiplyPanels: {
    readonly input: Rows;
    readonly rows: number;
    readonly packed: number;
    readonly depth: number;
    readonly step: number;
    readonly length: number;
    readonly bias: number;
    readonly zeros: number;
    readonly edgeBias: number;
    readonly output: Rows;
    readonly edge: number;
    readonly columns: number;
    readonly activation: number;
  };
  /** assembly/quantize.ts */
  readonly quantizeRows: {
    readonly input: Rows;
    readonly output: Rows;
    readonly scales: number;
    readonly columns: number;
    readonly limit: number;
    readonly offset: number;
    readonly wide: number;
  };
  /** assembly/rows.ts */
  readonly binary: {
    readonly kind: number;
    readonly left: Rows;
    readonly right: Rows;
    readonly output: Rows;
    readonly columns: number;
  };
  /** assembly/rows.ts */
  readonly copyRows: {
    readonly input: Rows;
    readonly output: Rows;
    readonly columns: number;
  };
  /** assembly/rows.ts */
  readonly gatherRows: {
    readonly table: Rows;
    readonly indices: number;
    readonly output: Rows;
    readonly columns: number;
  };
  /** assembly/rows.ts */
  readonly layerNorm: {
    readonly input: Rows;
    readonly residual: Rows;
    readonly weight: number;
    readonly bias: number;
    readonly epsilon: number;
    readonly output: Rows;
    readonly columns: number;
  };
  /** assembly/rows.ts */
  readonly softmax: {
    readonly input: Rows;
    readonly output: Rows;
    readonly columns: number;
    readonly size: number;
  };
  /** assembly/rows.ts */
  readonly sumExponentials: {
    readonly input: Rows;
    readonly pairs: number;
    readonly columns: number;
  };
  /** assembly/product-gradients.ts */
  readonly accumulatePanels: {
    readonly input: Rows;
    readonly rows: number;
    readonly packed: number;
    readonly panelStride: number;
    readonly length: number;
    readonly zeros: number;
    readonly output: Rows;
    readonly outputStep: number;
    readonly edge: number;
    readonly columns: number;
    readonly accumulate: number;
  };
  /** assembly/product-gradients.ts */
  readonly packPanels: {
    readonly input: Rows;
    readonly rows: number;
    readonly columns: number;
    readonly packed: number;
  };
  /** assembly/product-gradients.ts */
  readonly transposePanels: {
    readonly packed: number;
    readonly columns: number;
    readonly count: number;
    readonly target: number;
  };
  /** assembly/product-gradients.ts */
  readonly transposeRows: {
    readonly input: Rows;
    readonly rows: number;
    readonly columns: number;
    readonly output: Rows;
  };
  /** assembly/dropout.ts */
  readonly dropout: {
    readonly input: Rows;
    readonly output: Rows;
    readonly columns: number;
    readonly seed0: number;
    readonly seed1: number;
    readonly threshold: number;
    readonly scale: number;
    readonly add: number;
  };
  /** assembly/element-gradients.ts */
  readonly accumulate: {
    readonly input: Rows;
    readonly factor: number;
    readonly gradient: Rows;
    readonly add: number;
    readonly columns: number;
  };
  /** assembly/element-gradients.ts */
  readonly accumulateProduct: {
    readonly left: Rows;
    readonly right: Rows;
    readonly gradient: Rows;
    readonly columns: number;
  };
  /** assembly/element-gradients.ts */
  readonly activateGradient: {
    readonly kind: number;
    readonly input: Rows;
    readonly outputGradient: Rows;
    readonly gradient: Rows;
    readonly add: number;
    readonly columns: number;
  };
  /** assembly/element-gradients.ts */
  readonly adam: {
    readonly parameter: Rows;
    readonly gradient: Rows;
    readonly mean: Rows;
    readonly variance: Rows;
    readonly columns: number;
    readonly gradientScale: number;
    readonly newMean: number;
    readonly beta2: number;
    readonly newVariance: number;
    readonly epsilon: number;
    readonly stepSize: number;
    readonly inverseCorrection: number;
    readonly decay: number;
    readonly l2: number;
  };
  /** assembly/element-gradients.ts */
  readonly fill: {
    readonly output: Rows;
    readonly columns: number;
    readonly value: number;
  };
  /** assembly/element-gradients.ts */
  readonly squares: {
    readonly input: Rows;
    readonly columns: number;
    readonly sums: number;
  };
  /** assembly/column-gradients.ts */
  readonly scatterPackedRows: {
    readonly outputGradient: Rows;
    readonly rows: number;
    readonly columns: number;
    readonly indices: number;
    readonly skip: number;
    readonly gradient: number;
  };
  /** assembly/column-gradients.ts */
  readonly scatterRows: {
    readonly outputGradient: Rows;
    readonly rows: number;
    readonly columns: number;
    readonly indices: number;
    readonly skip: number;
    readonly gradient: Rows;
  };
  /** assembly/column-gradients.ts */
  readonly sumRows: {
    readonly input: Rows;
    readonly rows: number;
    readonly columns: number;
    readonly gradient: number;
  };
  /** assembly/row-gradients.ts */
  readonly accumulateSoftmax: {
    readonly input: Rows;
    readonly logSums: Rows;
    readonly factors: Rows;
    readonly gradient: Rows;
    readonly add: number;
    readonly columns: number;
  };
  /** assembly/row-gradients.ts */
  readonly layerNormGradient: {
    readonly input: Rows;
    readonly residual: Rows;
    readonly weight: number;
    readonly epsilon: number;
    readonly outputGradient: Rows;
    readonly inputGradient: Rows;
    readonly residualGradient: Rows;
    readonly addInput: number;
    readonly addResidual: number;
    readonly sums: number;
    readonly normal: number;
    readonly columns: number;
    readonly rows: number;
    readonly blockRows: number;
  };
  /** assembly/row-gradients.ts */
  readonly softmaxGradient: {
    readonly output: Rows;
    readonly outputGradient: Rows;
    readonly gradient: Rows;
    readonly columns: number;
    readonly size: number;
  };
  /** assembly/convolution-gradients.ts */
  readonly depthwiseInputGradient: {
    readonly outputGradient: Rows;
    readonly kernel: Rows;
    readonly taps: number;
    readonly gradient: Rows;
    readonly columns: number;
    readonly bounds: number;
  };
  /** assembly/convolution-gradients.ts */
  readonly depthwiseKernelGradient: {
    readonly input: Rows;
    readonly outputGradient: Rows;
    readonly taps: number;
    readonly gradient: Rows;
    readonly columns: number;
    readonly tokens: number;
    readonly bounds: number;
  };
  /** assembly/convolution-gradients.ts */
  readonly dynamicKernelsGradient: {
    readonly values: Rows;
    readonly outputGradient: Rows;
    readonly heads: number;
    readonly size: number;
    readonly taps: number;
    readonly gradient: Rows;
    readonly bounds: number;
  };
  /** assembly/convolution-gradients.ts */
  readonly dynamicValuesGradient: {
    readonly outputGradient: Rows;
    readonly kernels: Rows;
    readonly heads: number;
    readonly size: number;
    readonly taps: number;
    readonly gradient: Rows;
    readonly bounds: number;
  };
}

export type KernelName = keyof KernelArguments;

/** Numbers that a kernel takes at most. */
export const MOST_NUMBERS = 28;

/** A kernel's arguments as the numbers that it takes, in its order. The order of the kernels numbers them for workers. */
export const NUMBERS: { readonly [Name in KernelName]: (args: KernelArguments[Name]) => number[] } = {
  activate: (a) => [
    a.kind,
    a.input.address,
    a.input.stride,
    a.output.address,
    a.output.stride,
    a.columns,
  ],
  attention: (a) => [
    a.query.address,
    a.query.stride,
    a.key.address,
    a.key.stride,
    a.value.address,
    a.value.stride,
    a.offsets,
    a.firstSequence,
    a.heads,
    a.size,
    a.scale,
    a.mask.address,
    a.mask.stride,
    a.maskPerToken,
    a.headMask,
    a.probabilities.address,
    a.probabilities.stride,
    a.output.address,
    a.output.stride,
    a.dropout,
    a.longest,
    a.tokens,
    a.scratch,
    a.scratchStep,
  ],
  attentionGradient: (a) => [
    a.query.address,
    a.query.stride,
    a.key.address,
    a.key.stride,
    a.value.address,
    a.value.stride,
    a.outputGradient.address,
    a.outputGradient.stride,
    a.queryGradient.address,
    a.queryGradient.stride,
    a.keyGradient.address,
    a.keyGradient.stride,
    a.valueGradient.address,
    a.valueGradient.stride,
    a.offsets,
    a.firstSequence,
    a.heads,
    a.size,
    a.scale,
    a.mask.address,
    a.mask.stride,
    a.maskPerToken,
    a.headMask,
    a.dropout,
    a.longest,
    a.tokens,
    a.scratch,
    a.scratchStep,
  ],
  depthwiseConvolution: (a) => [
    a.input.address,
    a.input.stride,
    a.kernel.address,
    a.kernel.stride,
    a.taps,
    a.output.address,
    a.output.stride,
    a.columns,
    a.bounds,
  ],
  dynamicConvolution: (a) => [
    a.values.address,
    a.values.stride,
    a.kernels.address,
    a.kernels.stride,
    a.heads,
    a.size,
    a.taps,
    a.output.address,
    a.output.stride,
    a.bounds,
  ],
  multiplyInt8Panels: (a) => [
    a.input.address,
    a.input.stride,
    a.rows,
    a.rowScales,
    a.packed,
    a.panelBytes,
    a.groups,
    a.starts,
    a.scales,
    a.bias,
    a.zeros,
    a.edgeBias,
    a.output.address,
    a.output.stride,
    a.edge,
    a.columns,
    a.activation,
  ],
  multiplyPanels: (a) => [
    a.input.address,
    a.input.stride,
    a.rows,
    a.packed,
    a.depth,
    a.step,
    a.length,
    a.bias,
    a.zeros,
    a.edgeBias,
    a.output.address,
    a.output.stride,
    a.edge,
    a.columns,
    a.activation,
  ],
  quantizeRows: (a) => [
    a.input.address,
    a.input.stride,
    a.output.address,
    a.output.stride,
    a.scales,
    a.columns,
    a.limit,
    a.offset,
    a.wide,
  ],
  binary: (a) => [
    a.kind,
    a.left.address,
    a.left.stride,
    a.right.address,
    a.right.stride,
    a.output.address,
    a.output.stride,
    a.columns,
  ],
  copyRows: (a) => [
    a.input.address,
    a.input.stride,
    a.output.address,
    a.output.stride,
    a.columns,
  ],
  gatherRows: (a) => [
    a.table.address,
    a.table.stride,
    a.indices,
    a.output.address,
    a.output.stride,
    a.columns,
  ],
  layerNorm: (a) => [
    a.input.address,
    a.input.stride,
    a.residual.address,
    a.residual.stride,
    a.weight,
    a.bias,
    a.epsilon,
    a.output.address,
    a.output.stride,
    a.columns,
  ],
  softmax: (a) => [
    a.input.address,
    a.input.stride,
    a.output.address,
    a.output.stride,
    a.columns,
    a.size,
  ],
  sumExponentials: (a) => [
    a.input.address,
    a.input.stride,
    a.pairs,
    a.columns,
  ],
  accumulatePanels: (a) => [
    a.input.address,
    a.input.stride,
    a.rows,
    a.packed,
    a.panelStride,
    a.length,
    a.zeros,
    a.output.address,
    a.output.stride,
    a.outputStep,
    a.edge,
    a.columns,
    a.accumulate,
  ],
  packPanels: (a) => [
    a.input.address,
    a.input.stride,
    a.rows,
    a.columns,
    a.packed,
  ],
  transposePanels: (a) => [
    a.packed,
    a.columns,
    a.count,
    a.target,
  ],
  transposeRows: (a) => [
    a.input.address,
    a.input.stride,
    a.rows,
    a.columns,
    a.output.address,
    a.output.stride,
  ],
  dropout: (a) => [
    a.input.address,
    a.input.stride,
    a.output.address,
    a.output.stride,
    a.columns,
    a.seed0,
    a.seed1,
    a.threshold,
    a.scale,
    a.add,
  ],
  accumulate: (a) => [
    a.input.address,
    a.input.stride,
    a.factor,
    a.gradient.address,
    a.gradient.stride,
    a.add,
    a.columns,
  ],
  accumulateProduct: (a) => [
    a.left.address,
    a.left.stride,
    a.right.address,
    a.right.stride,
    a.gradient.address,
    a.gradient.stride,
    a.columns,
  ],
  activateGradient: (a) => [
    a.kind,
    a.input.address,
    a.input.stride,
    a.outputGradient.address,
    a.outputGradient.stride,
    a.gradient.address,
    a.gradient.stride,
    a.add,
    a.columns,
  ],
  adam: (a) => [
    a.parameter.address,
    a.parameter.stride,
    a.gradient.address,
    a.gradient.stride,
    a.mean.address,
    a.mean.stride,
    a.variance.address,
    a.variance.stride,
    a.columns,
    a.gradientScale,
    a.newMean,
    a.beta2,
    a.newVariance,
    a.epsilon,
    a.stepSize,
    a.inverseCorrection,
    a.decay,
    a.l2,
  ],
  fill: (a) => [
    a.output.address,
    a.output.stride,
    a.columns,
    a.value,
  ],
  squares: (a) => [
    a.input.address,
    a.input.stride,
    a.columns,
    a.sums,
  ],
  scatterPackedRows: (a) => [
    a.outputGradient.address,
    a.outputGradient.stride,
    a.rows,
    a.columns,
    a.indices,
    a.skip,
    a.gradient,
  ],
  scatterRows: (a) => [
    a.outputGradient.address,
    a.outputGradient.stride,
    a.rows,
    a.columns,
    a.indices,
    a.skip,
    a.gradient.address,
    a.gradient.stride,
  ],
  sumRows: (a) => [
    a.input.address,
    a.input.stride,
    a.rows,
    a.columns,
    a.gradient,
  ],
  accumulateSoftmax: (a) => [
    a.input.address,
    a.input.stride,
    a.logSums.address,
    a.logSums.stride,
    a.factors.address,
    a.factors.stride,
    a.gradient.address,
    a.gradient.stride,
    a.add,
    a.columns,
  ],
  layerNormGradient: (a) => [
    a.input.address,
    a.input.stride,
    a.residual.address,
    a.residual.stride,
    a.weight,
    a.epsilon,
    a.outputGradient.address,
    a.outputGradient.stride,
    a.inputGradient.address,
    a.inputGradient.stride,
    a.residualGradient.address,
    a.residualGradient.stride,
    a.addInput,
    a.addResidual,
    a.sums,
    a.normal,
    a.columns,
    a.rows,
    a.blockRows,
  ],
  softmaxGradient: (a) => [
    a.output.address,
    a.output.stride,
    a.outputGradient.address,
    a.outputGradient.stride,
    a.gradient.address,
    a.gradient.stride,
    a.columns,
    a.size,
  ],
  depthwiseInputGradient: (a) => [
    a.outputGradient.address,
    a.outputGradient.stride,
    a.kernel.address,
    a.kernel.stride,
    a.taps,
    a.gradient.address,
    a.gradient.stride,
    a.columns,
    a.bounds,
  ],
  depthwiseKernelGradient: (a) => [
    a.input.address,
    a.input.stride,
    a.outputGradient.address,
    a.outputGradient.stride,
    a.taps,
    a.gradient.address,
    a.gradient.stride,
    a.columns,
    a.tokens,
    a.bounds,
  ],
  dynamicKernelsGradient: (a) => [
    a.values.address,
    a.values.stride,
    a.outputGradient.address,
    a.outputGradient.stride,
    a.heads,
    a.size,
    a.taps,
    a.gradient.address,
    a.gradient.stride,
    a.bounds,
  ],
  dynamicValuesGradient: (a) => [
    a.outputGradient.address,
    a.outputGradient.stride,
    a.kernels.address,
    a.kernels.stride,
    a.heads,
    a.size,
    a.taps,
    a.gradient.address,
    a.gradient.stride,
    a.bounds,
  ],
};
