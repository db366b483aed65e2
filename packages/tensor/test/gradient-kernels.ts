import { ACTIVATION_NAMES } from "../src/index.js";
import { activationKind } from "../src/internal.js";
import type { Rig } from "./rig.js";

/** Sizes that every kernel is tried with. */
export interface Shape {
  readonly tokens: number;
  readonly columns: number;
  readonly outputs: number;
  readonly heads: number;
  readonly taps: number;
  readonly offsets: readonly number[];
}

/** Runs one kernel; what it wrote, by name. */
export type Run = (rig: Rig, shape: Shape) => Record<string, Float32Array | number>;

const DROPOUT = { rate: 0.3, seed: [12345, -678] as const };

function attention(kind: "plain" | "dropout" | "keys" | "queries"): Run {
  return (rig, { heads, offsets, columns }) => {
    const size = Math.ceil(columns / heads);
    const width = heads * size;
    const tokens = offsets.at(-1)!;
    const count = offsets.length - 1;
    const longest = offsets.reduce((most, end, i) => (i > 0 ? Math.max(most, end - offsets[i - 1]!) : 0), 0);
    const [query, key, value] = [rig.random(tokens, width), rig.random(tokens, width), rig.random(tokens, width)];
    const maskRows = kind === "queries" ? tokens : count;
    const mask = rig
      .values(maskRows * longest)
      .map((m, i) => (m > 0.4 && i % longest > 0 ? -3.4028234663852886e38 : m));
    const masked = kind === "keys" || kind === "queries";
    const forward = {
      ...{ query, key, value, sequences: { offsets }, heads, scale: 0.7 },
      mask: masked ? rig.of(mask, maskRows, longest) : null,
      headMask: kind === "plain" ? null : rig.random(1, heads),
      dropout: kind === "plain" || kind === "keys" ? null : DROPOUT,
    };
    const output = rig.random(tokens, width);
    const uniform = offsets.every((offset, i) => offset === i * longest);
    const probabilities = uniform ? rig.random(count * heads * longest, longest) : null;
    rig.backend.attention({ ...forward, probabilities, output });
    const [queryGradient, keyGradient, valueGradient] = [1, 2, 3].map(() => rig.random(tokens, width));
    rig.gradients.attentionGradient({
      ...{ ...forward, outputGradient: rig.random(tokens, width) },
      queryGradient: queryGradient!,
      keyGradient: kind === "keys" ? null : keyGradient!,
      valueGradient: kind === "queries" ? null : valueGradient!,
    });
    return {
      output: rig.read(output),
      ...(probabilities ? { probabilities: rig.read(probabilities) } : {}),
      query: rig.read(queryGradient!),
      key: rig.read(keyGradient!),
      value: rig.read(valueGradient!),
    };
  };
}

function optimiser(l2: number, decay: number): Run {
  return (rig, { tokens, columns }) => {
    const parameter = rig.random(tokens, columns);
    const mean = rig.random(tokens, columns, 0.1);
    const variance = rig.of(
      rig.values(tokens * columns).map((value) => Math.abs(value)),
      tokens,
      columns,
    );
    rig.gradients.adam({
      ...{ parameter, gradient: rig.random(tokens, columns), mean, variance, gradientScale: 0.5 },
      ...{ beta1: 0.9, beta2: 0.98, epsilon: 1e-6, stepSize: 0.01, varianceCorrection: 0.2, l2, decay },
    });
    return { parameter: rig.read(parameter), mean: rig.read(mean), variance: rig.read(variance) };
  };
}

/** Every gradient kernel. */
export const KERNELS: Readonly<Record<string, Run>> = {
  linearInputGradient: (rig, { tokens, columns, outputs }) => {
    const gradient = rig.random(tokens, columns);
    const [fresh, weights] = [rig.fresh(tokens, columns), rig.packed(outputs, columns)];
    for (const to of [gradient, fresh]) {
      rig.gradients.linearInputGradient(rig.random(tokens, outputs), weights, to);
    }
    return { gradient: rig.read(gradient), fresh: rig.read(fresh) };
  },
  linearWeightGradient: (rig, { tokens, columns, outputs }) => {
    const gradient = rig.packed(outputs, columns);
    rig.gradients.linearWeightGradient(rig.random(tokens, columns), rig.random(tokens, outputs), gradient);
    return { gradient: rig.unpack(gradient) };
  },
  sumRows: (rig, { tokens, columns }) => {
    const gradient = rig.random(1, columns);
    rig.gradients.sumRows(rig.random(tokens, columns), gradient);
    return { gradient: rig.read(gradient) };
  },
  accumulate: (rig, { tokens, columns }) => {
    const gradient = rig.random(tokens, columns);
    rig.gradients.accumulate(rig.random(tokens, columns), 1, gradient);
    rig.gradients.accumulate(rig.random(1, columns), -0.3, gradient);
    const [fresh, freshRow] = [rig.fresh(tokens, columns), rig.fresh(tokens, columns)];
    rig.gradients.accumulate(rig.random(tokens, columns), 0.7, fresh);
    rig.gradients.accumulate(rig.random(1, columns), 0.7, freshRow);
    return { gradient: rig.read(gradient), fresh: rig.read(fresh), freshRow: rig.read(freshRow) };
  },
  accumulateProduct: (rig, { tokens, columns }) => {
    const gradient = rig.random(tokens, columns);
    rig.gradients.accumulateProduct(rig.random(tokens, columns), rig.random(tokens, columns), gradient);
    rig.gradients.accumulateProduct(rig.random(tokens, columns), rig.random(1, columns), gradient);
    return { gradient: rig.read(gradient) };
  },
  ...Object.fromEntries(
    [...new Set(ACTIVATION_NAMES.map(activationKind))].map((kind): [string, Run] => [
      `activateGradient ${kind}`,
      (rig, { tokens, columns }) => {
        const gradient = rig.random(tokens, columns);
        const input = rig.random(tokens, columns, 12);
        const fresh = rig.fresh(tokens, columns);
        for (const to of [gradient, fresh]) {
          rig.gradients.activateGradient(kind, input, rig.random(tokens, columns), to);
        }
        return { gradient: rig.read(gradient), fresh: rig.read(fresh) };
      },
    ]),
  ),
  layerNormGradient: (rig, { tokens, columns }) => {
    const gradients = [rig.random(tokens, columns), rig.random(tokens, columns)];
    const rows = [rig.random(1, columns), rig.random(1, columns)];
    const [input, residual] = [rig.random(tokens, columns), rig.random(tokens, columns)];
    const shared = {
      input,
      weight: rig.random(1, columns),
      epsilon: 1e-5,
      outputGradient: rig.random(tokens, columns),
    };
    const [inputGradient, residualGradient] = gradients;
    const [weightGradient, biasGradient] = rows;
    rig.gradients.layerNormGradient({
      ...{ ...shared, residual, inputGradient: inputGradient!, residualGradient: residualGradient! },
      ...{ weightGradient: weightGradient!, biasGradient: biasGradient! },
    });
    const none = { residual: null, inputGradient: null, residualGradient: null, weightGradient: null };
    rig.gradients.layerNormGradient({ ...shared, ...none, inputGradient: inputGradient!, biasGradient: null });
    rig.gradients.layerNormGradient({ ...shared, ...none, residual, biasGradient: biasGradient! });
    rig.gradients.layerNormGradient({ ...shared, ...none, weightGradient: weightGradient!, biasGradient: null });
    const [freshInput, freshResidual] = [rig.fresh(tokens, columns), rig.fresh(tokens, columns)];
    rig.gradients.layerNormGradient({
      ...{ ...shared, residual, inputGradient: freshInput, residualGradient: residualGradient! },
      ...{ weightGradient: null, biasGradient: null },
    });
    rig.gradients.layerNormGradient({
      ...{ ...shared, residual, inputGradient: inputGradient!, residualGradient: freshResidual },
      ...{ weightGradient: null, biasGradient: null },
    });
    return {
      ...{ freshInput: rig.read(freshInput), freshResidual: rig.read(freshResidual) },
      ...{ input: rig.read(inputGradient!), residual: rig.read(residualGradient!) },
      ...{ weight: rig.read(weightGradient!), bias: rig.read(biasGradient!) },
    };
  },
  softmaxGradient: (rig, { tokens, heads, taps }) => {
    const gradient = rig.random(tokens, heads * taps);
    rig.gradients.softmaxGradient(rig.random(tokens, heads * taps), rig.random(tokens, heads * taps), taps, gradient);
    return { gradient: rig.read(gradient) };
  },
  accumulateSoftmax: (rig, { tokens, columns }) => {
    const gradient = rig.random(tokens, columns);
    const factors = rig.of(
      rig.values(tokens).map((value, i) => (i % 3 === 1 ? 0 : value)),
      tokens,
      1,
    );
    const fresh = rig.fresh(tokens, columns);
    for (const to of [gradient, fresh]) {
      rig.gradients.accumulateSoftmax(rig.random(tokens, columns, 3), rig.random(tokens, 2, 3), factors, to);
    }
    return { gradient: rig.read(gradient), fresh: rig.read(fresh) };
  },
  scatterRows: (rig, { tokens, columns, outputs }) => {
    const gradient = rig.random(outputs, columns);
    const indices = Array.from(rig.values(tokens), (value) => Math.floor(((value + 1) / 2) * outputs));
    rig.gradients.scatterRows(rig.random(tokens, columns), rig.indices(indices), indices[0] ?? -1, gradient);
    rig.gradients.scatterRows(rig.random(tokens, columns), rig.indices(indices), -1, gradient);
    return { gradient: rig.read(gradient) };
  },
  scatterPackedRows: (rig, { tokens, columns, outputs }) => {
    const gradient = rig.packed(outputs, columns);
    const indices = Array.from(rig.values(tokens), (value) => Math.floor(((value + 1) / 2) * outputs));
    rig.gradients.scatterPackedRows(rig.random(tokens, columns), rig.indices(indices), indices[0] ?? -1, gradient);
    rig.gradients.scatterPackedRows(rig.random(tokens, columns), rig.indices(indices), -1, gradient);
    return { gradient: rig.unpack(gradient) };
  },
  depthwiseConvolutionGradient: (rig, { offsets, columns, taps }) => {
    const tokens = offsets.at(-1)!;
    const [input, kernel, outputGradient] = [
      rig.random(tokens, columns),
      rig.random(taps, columns),
      rig.random(tokens, columns),
    ];
    const [a, b] = [rig.random(tokens, columns), rig.random(taps, columns)];
    rig.gradients.depthwiseConvolutionGradient(input, kernel, { offsets }, outputGradient, a, b);
    rig.gradients.depthwiseConvolutionGradient(input, kernel, { offsets }, outputGradient, a, null);
    rig.gradients.depthwiseConvolutionGradient(input, kernel, { offsets }, outputGradient, null, b);
    return { input: rig.read(a), kernel: rig.read(b) };
  },
  dynamicConvolutionGradient: (rig, { offsets, columns, heads, taps }) => {
    const tokens = offsets.at(-1)!;
    const width = Math.ceil(columns / heads) * heads;
    const [values, kernels, outputGradient] = [
      rig.random(tokens, width),
      rig.random(tokens, heads * taps),
      rig.random(tokens, width),
    ];
    const [a, b] = [rig.random(tokens, width), rig.random(tokens, heads * taps)];
    rig.gradients.dynamicConvolutionGradient(values, kernels, heads, { offsets }, outputGradient, a, b);
    rig.gradients.dynamicConvolutionGradient(values, kernels, heads, { offsets }, outputGradient, a, null);
    rig.gradients.dynamicConvolutionGradient(values, kernels, heads, { offsets }, outputGradient, null, b);
    return { values: rig.read(a), kernels: rig.read(b) };
  },
  "attentionGradient plain": attention("plain"),
  "attentionGradient dropout": attention("dropout"),
  "attentionGradient keys": attention("keys"),
  "attentionGradient queries": attention("queries"),
  dropout: (rig, { tokens, columns }) => {
    const [input, gradient] = [rig.random(tokens, columns), rig.random(tokens, columns)];
    const fresh = rig.fresh(tokens, columns);
    rig.gradients.dropoutGradient(input, DROPOUT, gradient);
    rig.gradients.dropoutGradient(input, DROPOUT, fresh);
    rig.gradients.dropout(input, DROPOUT, input);
    return { output: rig.read(input), gradient: rig.read(gradient), fresh: rig.read(fresh) };
  },
  fill: (rig, { tokens, columns }) => {
    const output = rig.random(tokens, columns);
    rig.gradients.fill(output, 0.25);
    return { output: rig.read(output) };
  },
  sumOfSquares: (rig, { tokens, columns }) => {
    return { sum: rig.gradients.sumOfSquares(rig.random(tokens, columns)) };
  },
  adam: optimiser(0.01, 1),
  adamw: optimiser(0, 0.99),
};
