import type { Backend, Matrix, PackedWeights } from "../../../packages/tensor/src/index.ts";

/** A kernel with its arguments, and what one call does. */
export interface Case {
  readonly name: string;
  readonly run: () => void;
  /** Multiplications and additions. */
  readonly flops?: number;
  /** Read and written, each array once. */
  readonly bytes?: number;
}

/** Tokens of each sequence. */
const LENGTH = 128;
const TAPS = 9;
const DROPOUT = { rate: 0.1, seed: [1, 2] as const };

/** Every gradient kernel at the shapes of one ConvBERT layer. */
export function cases(backend: Backend, tokens: number, hidden: number, heads: number): Case[] {
  const { gradients } = backend;
  if (gradients === undefined) throw new Error(`${backend.description} has no gradients to measure`);
  const matrix = (rows: number, columns: number, scale = 1): Matrix => {
    const storage = backend.allocate(rows * columns * 4);
    storage.float32().forEach((_, index, all) => {
      all[index] = Math.sin(index * 1.7) * scale;
    });
    return { storage, offset: 0, rows, columns, stride: columns };
  };
  const packed = (rows: number, columns: number): PackedWeights => {
    const weights = backend.createPacked(rows, columns);
    backend.packRows(
      weights,
      0,
      matrix(rows, columns)
        .storage.float32()
        .slice(0, rows * columns),
    );
    return weights;
  };
  const x = matrix(tokens, hidden);
  const y = matrix(tokens, hidden);
  const z = matrix(tokens, hidden, 0);
  const row = matrix(1, hidden);
  const rowGradient = matrix(1, hidden);
  const weights = packed(hidden, hidden);
  const weightGradient = packed(hidden, hidden);
  const wide = packed(4 * hidden, hidden);
  const wideGradient = packed(4 * hidden, hidden);
  const wideX = matrix(tokens, 4 * hidden);
  const wideY = matrix(tokens, 4 * hidden);
  const parts = gradients.packedElements(weights, 0, hidden);
  const gradientParts = gradients.packedElements(weightGradient, 0, hidden);
  const means = gradients.packedElements(packed(hidden, hidden), 0, hidden);
  const variances = gradients.packedElements(packed(hidden, hidden), 0, hidden);
  for (const variance of variances) {
    gradients.fill(variance, 1);
  }
  const offsets: number[] = [];
  for (let at = 0; at <= tokens; at += Math.min(LENGTH, tokens)) {
    offsets.push(at);
  }
  const sequences = { offsets };
  const kernel = matrix(TAPS, hidden);
  const kernelGradient = matrix(TAPS, hidden);
  const spans = matrix(tokens, heads * TAPS);
  const spansGradient = matrix(tokens, heads * TAPS);
  const indices = matrix(1, tokens);
  indices.storage.int32().forEach((_, index, all) => {
    all[index] = index % hidden;
  });
  const query = matrix(tokens, hidden);
  const queryGradient = matrix(tokens, hidden, 0);
  const keyGradient = matrix(tokens, hidden, 0);
  const elements = tokens * hidden;
  const attended = offsets.slice(1).reduce((sum, end, i) => sum + (end - offsets[i]!) ** 2, 0) * hidden;
  const forward = { query, key: x, value: y, sequences, heads, scale: 0.1, mask: null, headMask: null };
  const backward = { ...forward, outputGradient: x, queryGradient, keyGradient, valueGradient: z };
  const flops = 2 * elements * hidden;
  const adam = { gradientScale: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, stepSize: 0, varianceCorrection: 1 };
  const layerNorm = { input: x, residual: null, weight: row, epsilon: 1e-12, outputGradient: y, inputGradient: z };
  const norms = { weightGradient: rowGradient, biasGradient: rowGradient };
  return [
    { name: "linear", run: () => backend.linear(x, weights, row, "linear", y), flops },
    { name: "linearInputGradient", run: () => gradients.linearInputGradient(y, weights, z), flops },
    { name: "linearWeightGradient", run: () => gradients.linearWeightGradient(x, y, weightGradient), flops },
    { name: "linear 4x", run: () => backend.linear(x, wide, null, "linear", wideY), flops: 4 * flops },
    { name: "linearInputGradient 4x", run: () => gradients.linearInputGradient(wideY, wide, z), flops: 4 * flops },
    {
      name: "linearWeightGradient 4x",
      run: () => gradients.linearWeightGradient(x, wideY, wideGradient),
      flops: 4 * flops,
    },
    { name: "activate gelu 4x", run: () => backend.activate("gelu", wideX, wideY), bytes: 32 * elements },
    {
      name: "activateGradient gelu 4x",
      run: () => gradients.activateGradient("gelu", wideX, wideX, wideY),
      bytes: 64 * elements,
    },
    { name: "layerNorm", run: () => backend.layerNorm(x, null, row, row, 1e-12, z), bytes: 8 * elements },
    {
      name: "layerNormGradient",
      run: () => gradients.layerNormGradient({ ...layerNorm, residualGradient: null, ...norms }),
      bytes: 16 * elements,
    },
    { name: "accumulate", run: () => gradients.accumulate(x, 1, z), bytes: 12 * elements },
    { name: "accumulateProduct", run: () => gradients.accumulateProduct(x, y, z), bytes: 16 * elements },
    { name: "sumRows", run: () => gradients.sumRows(x, rowGradient), bytes: 4 * elements },
    { name: "dropout", run: () => gradients.dropout(x, DROPOUT, z), bytes: 8 * elements },
    { name: "dropoutGradient", run: () => gradients.dropoutGradient(x, DROPOUT, z), bytes: 12 * elements },
    { name: "softmaxGradient spans", run: () => gradients.softmaxGradient(spans, spans, TAPS, spansGradient) },
    {
      name: "accumulateSoftmax 4x",
      run: () =>
        gradients.accumulateSoftmax(
          wideX,
          { ...row, rows: tokens, columns: 2, stride: 0 },
          { ...row, offset: 1, rows: tokens, columns: 1, stride: 0 },
          wideY,
        ),
      bytes: 48 * elements,
    },
    { name: "scatterRows", run: () => gradients.scatterRows(x, indices, -1, y), bytes: 12 * elements },
    {
      name: "scatterPackedRows",
      run: () => gradients.scatterPackedRows(x, indices, -1, weightGradient),
      bytes: 12 * elements,
    },
    {
      name: "depthwiseConvolution",
      run: () => backend.depthwiseConvolution(x, kernel, sequences, z),
      flops: 2 * TAPS * elements,
    },
    {
      name: "depthwiseConvolutionGradient",
      run: () => gradients.depthwiseConvolutionGradient(x, kernel, sequences, y, z, kernelGradient),
      flops: 4 * TAPS * elements,
    },
    {
      name: "dynamicConvolution",
      run: () => backend.dynamicConvolution(x, spans, heads, sequences, z),
      flops: 2 * TAPS * elements,
    },
    {
      name: "dynamicConvolutionGradient",
      run: () => gradients.dynamicConvolutionGradient(x, spans, heads, sequences, y, z, spansGradient),
      flops: 4 * TAPS * elements,
    },
    {
      name: "attention",
      run: () => backend.attention({ ...forward, dropout: null, probabilities: null, output: z }),
      flops: 4 * attended,
    },
    {
      name: "attention, dropout",
      run: () => backend.attention({ ...forward, dropout: DROPOUT, probabilities: null, output: z }),
      flops: 4 * attended,
    },
    {
      name: "attentionGradient",
      run: () => gradients.attentionGradient({ ...backward, dropout: null }),
      flops: 10 * attended,
    },
    {
      name: "attentionGradient, dropout",
      run: () => gradients.attentionGradient({ ...backward, dropout: DROPOUT }),
      flops: 10 * attended,
    },
    {
      name: "sumOfSquares",
      run: () => void parts.map((part) => gradients.sumOfSquares(part)),
      bytes: 4 * hidden * hidden,
    },
    {
      name: "fill",
      run: () => {
        for (const part of gradientParts) {
          gradients.fill(part, 0);
        }
      },
      bytes: 4 * hidden * hidden,
    },
    {
      name: "adam",
      run: () => {
        for (const [i, parameter] of parts.entries()) {
          const moments = { mean: means[i]!, variance: variances[i]! };
          gradients.adam({ ...adam, ...moments, parameter, gradient: gradientParts[i]!, decay: 1, l2: 0 });
        }
      },
      bytes: 28 * hidden * hidden,
    },
  ];
}
