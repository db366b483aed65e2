import { describe, expect, it } from "vitest";
import { ACTIVATION_NAMES, type Matrix } from "../src/index.js";
import { activationKind } from "../src/internal.js";
import { ReferenceBackend } from "../src/kernels/reference/backend.js";
import { numbers, relativeDifference } from "./numbers.js";

// The reference kernels are what the fast ones are compared with; here they are compared with differences of the
// forward kernels. Inputs and steps are multiples of 2^-10, so that moved inputs are exact in float32.

const STEP = 2 ** -5;
const TOLERANCE = 2e-4;

const backend = new ReferenceBackend();
const { gradients } = backend;

function matrix(values: ArrayLike<number>, rows: number, columns: number): Matrix {
  const storage = backend.allocate(Math.max(1, values.length) * 4);
  storage.float32().set(values);
  return { storage, offset: 0, rows, columns, stride: columns };
}

function random(rows: number, columns: number, seed: number, scale = 1): Matrix {
  const values = numbers(rows * columns, seed, scale).map((value) => Math.round(value * 1024) / 1024);
  return matrix(values, rows, columns);
}

const column = (of: Matrix, index: number): Matrix => ({ ...of, offset: of.offset + index, columns: 1 });
const zeros = (like: Matrix) => matrix(new Float32Array(like.rows * like.columns), like.rows, like.columns);
const read = ({ storage, rows, columns }: Matrix) => storage.float32().slice(0, rows * columns);

/** `dL/dinput` by a central difference of fourth order, `L = Σ outputGradient · output`. */
function differences(input: Matrix, output: Matrix, outputGradient: Matrix, forward: () => void): number[] {
  const loss = () => {
    forward();
    const [y, dy] = [read(output), read(outputGradient)];
    return y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
  };
  return Array.from(read(input), (value, index) => {
    const at = (steps: number) => {
      input.storage.float32()[index] = value + steps * STEP;
      return loss();
    };
    const result = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * STEP);
    input.storage.float32()[index] = value;
    return result;
  });
}

/** Compares what `backward` adds to zeros with differences of `forward`, for every input. */
function check(
  inputs: readonly Matrix[],
  output: Matrix,
  forward: () => void,
  backward: (outputGradient: Matrix, gradients: Matrix[]) => void,
  outputGradient = random(output.rows, output.columns, 99),
): void {
  const computed = inputs.map(zeros);
  backward(outputGradient, computed);
  inputs.forEach((input, index) => {
    const expected = differences(input, output, outputGradient, forward);
    expect(relativeDifference(read(computed[index]!), expected), `input ${index}`).toBeLessThan(TOLERANCE);
  });
  const once = computed.map(read);
  backward(outputGradient, computed);
  computed.forEach((gradient, index) => {
    const twice = once[index]!.map((value) => 2 * value);
    expect(relativeDifference(read(gradient), twice), "gradients are added").toBeLessThan(1e-5);
  });
}

describe("gradients of the reference backend are the derivatives of its forward kernels", () => {
  it("linear", () => {
    const [x, w, y] = [random(5, 7, 1), random(4, 7, 2), random(5, 4, 3)];
    const weights = backend.createPacked(4, 7);
    const forward = () => {
      backend.packRows(weights, 0, read(w));
      backend.linear(x, weights, null, "linear", y);
    };
    check([x, w], y, forward, (outputGradient, [dx, dw]) => {
      forward();
      gradients.linearInputGradient(outputGradient, weights, dx!);
      const packed = backend.createPacked(4, 7);
      backend.packRows(packed, 0, read(dw!));
      gradients.linearWeightGradient(x, outputGradient, packed);
      dw!.storage.float32().set(backend.unpackRows(packed, 0, 4));
    });
  });

  // Inputs keep away from kinks: at a distance of more than two steps from 0 and 6.
  it.each([...new Set(ACTIVATION_NAMES.map(activationKind))])("%s", (kind) => {
    const x = matrix([-7, -3.5, -1.25, -0.5, -0.125, 0.125, 0.5, 1.5, 3, 5.5, 6.5, 9, 11], 1, 13);
    const y = zeros(x);
    const forward = () => backend.activate(kind, x, y);
    check([x], y, forward, (outputGradient, [dx]) => gradients.activateGradient(kind, x, outputGradient, dx!));
  });

  it("layer normalisation", () => {
    const [x, r, w, b, y] = [random(3, 9, 1), random(3, 9, 2), random(1, 9, 3), random(1, 9, 4), random(3, 9, 5)];
    check(
      [x, r, w, b],
      y,
      () => backend.layerNorm(x, r, w, b, 1e-3, y),
      (outputGradient, [inputGradient, residualGradient, weightGradient, biasGradient]) => {
        const forward = { input: x, residual: r, weight: w, epsilon: 1e-3, outputGradient };
        gradients.layerNormGradient({
          ...forward,
          inputGradient: inputGradient!,
          residualGradient: residualGradient!,
          weightGradient: weightGradient!,
          biasGradient: biasGradient!,
        });
      },
    );
  });

  it("softmax of groups, and its sum's logarithm", () => {
    const [x, p] = [random(3, 8, 1), random(3, 8, 2)];
    const forward = () => backend.softmax(x, 4, p);
    check([x], p, forward, (outputGradient, [dx]) => {
      forward();
      gradients.softmaxGradient(p, outputGradient, 4, dx!);
    });
    const [terms, logSums] = [random(3, 2, 3), random(3, 1, 4)];
    const factors = matrix([0.5, 0, -2], 3, 1);
    const sums = () => {
      backend.logSumExp(x, terms);
      backend.binary("add", column(terms, 0), column(terms, 1), logSums);
    };
    const add = (outputGradient: Matrix, [dx]: Matrix[]) => {
      sums();
      gradients.accumulateSoftmax(x, terms, outputGradient, dx!);
    };
    check([x], logSums, sums, add, factors);
  });

  it("rows of a table", () => {
    const [table, y] = [random(5, 3, 1), random(6, 3, 2)];
    const indices = matrix([], 1, 6);
    const at = { ...indices, storage: backend.allocate(24) };
    at.storage.int32().set([4, 0, 2, 2, 4, 2]);
    const forward = () => backend.gatherRows(table, at, y);
    check([table], y, forward, (outputGradient, [gradient]) =>
      gradients.scatterRows(outputGradient, at, -1, gradient!),
    );

    const packed = backend.createPacked(5, 3);
    backend.packRows(packed, 0, new Float32Array(15));
    gradients.scatterPackedRows(y, at, 2, packed);
    const rows = read(y);
    const expected = new Float32Array(15);
    [4, 0, 2, 2, 4, 2].forEach((row, i) => {
      for (let column = 0; column < 3 && row !== 2; column++) {
        expected[row * 3 + column]! += rows[i * 3 + column]!;
      }
    });
    expect(backend.unpackRows(packed, 0, 5)).toEqual(expected);
  });

  const sequences = { offsets: [0, 1, 1, 6, 9] };
  it("depthwise convolution", () => {
    const [x, k, y] = [random(9, 3, 1), random(5, 3, 2), random(9, 3, 3)];
    const forward = () => backend.depthwiseConvolution(x, k, sequences, y);
    check([x, k], y, forward, (outputGradient, [dx, dk]) => {
      gradients.depthwiseConvolutionGradient(x, k, sequences, outputGradient, dx!, dk!);
    });
  });

  it("dynamic convolution", () => {
    const [x, k, y] = [random(9, 6, 1), random(9, 10, 2), random(9, 6, 3)];
    const forward = () => backend.dynamicConvolution(x, k, 2, sequences, y);
    check([x, k], y, forward, (outputGradient, [dx, dk]) => {
      gradients.dynamicConvolutionGradient(x, k, 2, sequences, outputGradient, dx!, dk!);
    });
  });

  it.each(["plain", "masked", "dropped"])("attention, %s", (kind) => {
    const [q, k, v, y] = [random(9, 6, 1), random(9, 6, 2), random(9, 6, 3), random(9, 6, 4)];
    const args = {
      ...{ query: q, key: k, value: v, heads: 2, scale: 0.7 },
      sequences: kind === "masked" ? { offsets: [0, 3, 6, 9] } : sequences,
      mask: kind === "masked" ? random(9, 3, 5) : null,
      headMask: kind === "plain" ? null : random(1, 2, 6),
      dropout: kind === "dropped" ? { rate: 0.4, seed: [3, 4] as const } : null,
    };
    const forward = () => backend.attention({ ...args, probabilities: null, output: y });
    check([q, k, v], y, forward, (outputGradient, [queryGradient, keyGradient, valueGradient]) => {
      const targets = { queryGradient: queryGradient!, keyGradient: keyGradient!, valueGradient: valueGradient! };
      gradients.attentionGradient({ ...args, outputGradient, ...targets });
    });
  });

  it("sums, products and dropout", () => {
    const [x, row, y] = [random(4, 5, 1), random(1, 5, 2), random(4, 5, 3)];
    const add = () => backend.binary("add", x, row, y);
    check([x, row], y, add, (outputGradient, [dx, drow]) => {
      gradients.accumulate(outputGradient, 1, dx!);
      gradients.sumRows(outputGradient, drow!);
    });
    const multiply = () => backend.binary("multiply", x, row, y);
    check([x], y, multiply, (outputGradient, [dx]) => gradients.accumulateProduct(outputGradient, row, dx!));
    const how = { rate: 0.3, seed: [1, 2] as const };
    check(
      [x],
      y,
      () => gradients.dropout(x, how, y),
      (outputGradient, [dx]) => gradients.dropoutGradient(outputGradient, how, dx!),
    );
    expect(gradients.sumOfSquares(matrix([3, 4, 12], 1, 3))).toBe(169);
  });
});
