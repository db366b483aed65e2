import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ACTIVATION_NAMES,
  activate,
  add,
  attention,
  type Backend,
  binaryCrossEntropy,
  concatenate,
  createBackend,
  crossEntropy,
  depthwiseConvolution,
  dynamicConvolution,
  embedding,
  groupedLinear,
  layerNorm,
  linear,
  mean,
  meanSquaredError,
  multiply,
  normalizeRows,
  rowDots,
  rowProducts,
  type Sequences,
  sequenceMax,
  sequenceMean,
  softmax,
  subtract,
  Tensor,
  tidy,
  uniformSequences,
} from "../src/index.js";
import { activationKind } from "../src/internal.js";
import { erf } from "../src/kernels/reference/functions.js";
import { numbers, relativeDifference } from "./numbers.js";

const TOLERANCE = 1e-5;

/** `[rows, in] x [out, in]` in double precision. */
function product(x: Float32Array, w: Float32Array, rows: number, inputs: number, outputs: number): Float64Array {
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < inputs; i++) {
        y[r * outputs + o]! += x[r * inputs + i]! * w[o * inputs + i]!;
      }
    }
  }
  return y;
}

function softmaxOf(row: number[]): number[] {
  const top = Math.max(...row);
  const e = row.map((value) => Math.exp(value - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

describe.each(["reference", "wasm"] as const)("operations on the %s backend", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await createBackend({ backend: name });
  });
  afterAll(() => backend.dispose());

  const tensor = (values: ArrayLike<number>, shape: number[]) => Tensor.from(backend, values, shape);
  const random = (shape: number[], seed: number, scale = 1) =>
    tensor(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seed,
        scale,
      ),
      shape,
    );
  /** A view of the middle columns of a wider tensor: rows are not adjacent. */
  const strided = (values: Float32Array, rows: number, columns: number) => {
    const wide = new Float32Array(rows * (columns + 5)).fill(99);
    for (let r = 0; r < rows; r++) {
      wide.set(values.subarray(r * columns, (r + 1) * columns), r * (columns + 5) + 3);
    }
    return tensor(wide, [rows, columns + 5]).slice(-1, 3, 3 + columns);
  };
  const pack = (w: Float32Array, rows: number, columns: number) => {
    const packed = backend.createPacked(rows, columns);
    backend.packRows(packed, 0, w);
    return packed;
  };
  const check = (body: () => void) => tidy(body);

  it("multiplies by packed weights whatever the sizes", () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 30 }),
      inputs: fc.integer({ min: 1, max: 70 }),
      outputs: fc.integer({ min: 1, max: 40 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
      biased: fc.boolean(),
      apart: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ rows, inputs, outputs, seed, biased, apart }) =>
        check(() => {
          const x = numbers(rows * inputs, seed);
          const w = numbers(outputs * inputs, seed + 1);
          const b = numbers(outputs, seed + 2);
          const packed = pack(w, outputs, inputs);
          const input = apart ? strided(x, rows, inputs) : tensor(x, [rows, inputs]);
          const y = linear(input, packed, biased ? { bias: tensor(b, [outputs]) } : {});
          const expected = product(x, w, rows, inputs, outputs).map((v, i) => v + (biased ? b[i % outputs]! : 0));
          expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
          expect(backend.unpackRows(packed, 0, outputs)).toEqual(w);
          backend.releasePacked(packed);
        }),
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it.each([
    [241, 9, 13],
    [500, 17, 24],
    [7, 4500, 11],
    [1, 768, 54],
  ])("multiplies %i rows of %i by %i outputs, past every block size", (rows, inputs, outputs) => {
    check(() => {
      const x = numbers(rows * inputs, 1);
      const w = numbers(outputs * inputs, 2);
      const b = numbers(outputs, 3);
      const packed = pack(w, outputs, inputs);
      const y = linear(tensor(x, [rows, inputs]), packed, { bias: tensor(b, [outputs]), activation: "relu" });
      const expected = product(x, w, rows, inputs, outputs).map((v, i) => Math.max(0, v + b[i % outputs]!));
      expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
      const one = linear(tensor(x.subarray(0, inputs), [1, inputs]), packed, {
        bias: tensor(b, [outputs]),
        activation: "relu",
      });
      expect(one.data).toEqual(y.data.slice(0, outputs));
      backend.releasePacked(packed);
    });
  });

  it("packs rows that come in any order and number", () => {
    const w = numbers(19 * 7, 5);
    const packed = backend.createPacked(19, 7);
    for (const [from, to] of [
      [11, 19],
      [0, 3],
      [3, 4],
      [4, 11],
    ] as const) {
      backend.packRows(packed, from, w.subarray(from * 7, to * 7));
    }
    expect(backend.unpackRows(packed, 0, 19)).toEqual(w);
    expect(backend.unpackRows(packed, 8, 5)).toEqual(w.slice(8 * 7, 13 * 7));
    backend.releasePacked(packed);
  });

  it("keeps the groups of a grouped map apart", () =>
    check(() => {
      const x = numbers(5 * 12, 1);
      const weights = [numbers(7 * 6, 2), numbers(7 * 6, 3)];
      const bias = numbers(14, 4);
      const groups = weights.map((w) => pack(w, 7, 6));
      const y = groupedLinear(tensor(x, [5, 12]), groups, tensor(bias, [14]), "tanh");
      const expected = Float64Array.from({ length: 5 * 14 }, (_, index) => {
        const row = Math.floor(index / 14);
        const output = index % 14;
        const group = Math.floor(output / 7);
        let sum = bias[output]!;
        for (let i = 0; i < 6; i++) {
          sum += x[row * 12 + group * 6 + i]! * weights[group]![(output % 7) * 6 + i]!;
        }
        return Math.tanh(sum);
      });
      expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
      for (const packed of groups) {
        backend.releasePacked(packed);
      }
    }));

  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const geluTanh = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const exactGelu = (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2));
  const FORMULAS: Record<string, (x: number) => number> = {
    gelu: exactGelu,
    gelu_python: exactGelu,
    gelu_10: (x) => Math.max(-10, Math.min(10, exactGelu(x))),
    gelu_accurate: geluTanh,
    gelu_fast: geluTanh,
    gelu_new: geluTanh,
    gelu_pytorch_tanh: geluTanh,
    // biome-ignore lint/suspicious/noApproximativeNumericConstant: the reference's own constants
    laplace: (x) => 0.5 * (1 + erf((x - 0.707107) / (0.282095 * Math.sqrt(2)))),
    linear: (x) => x,
    mish: (x) => x * Math.tanh(x > 30 ? x : Math.log1p(Math.exp(x))),
    quick_gelu: (x) => x * sigmoid(1.702 * x),
    relu: (x) => Math.max(0, x),
    relu2: (x) => Math.max(0, x) ** 2,
    relu6: (x) => Math.min(6, Math.max(0, x)),
    sigmoid,
    silu: (x) => x * sigmoid(x),
    swish: (x) => x * sigmoid(x),
    tanh: Math.tanh,
  };
  it.each(ACTIVATION_NAMES)("%s is within 9e-7 of its formula from -30 to 30, and lets NaN through", (activation) =>
    check(() => {
      const x = Float32Array.from({ length: 6001 }, (_, i) => (i - 3000) / 100);
      const { data } = activate(tensor(x, [x.length]), activationKind(activation));
      for (const [index, value] of x.entries()) {
        const expected = FORMULAS[activation]!(value);
        // 7e-7 where the processor's multiply-adds round once.
        expect(Math.abs(data[index]! - expected)).toBeLessThan(9e-7 * Math.max(1, Math.abs(expected)));
      }
      const odd = activate(tensor([Number.NaN, 1, Number.NaN, 2, Number.NaN], [5]), activationKind(activation)).data;
      expect([...odd].map(Number.isNaN)).toEqual([true, false, true, false, true]);
    }),
  );

  it("knows the error function", () => {
    // Abramowitz and Stegun, table 7.1.
    for (const [x, value] of [
      [0, 0],
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [2, 0.995322265],
      [3, 0.9999779095],
    ] as const) {
      expect(erf(x)).toBeCloseTo(value, 9);
      expect(erf(-x)).toBeCloseTo(-value, 9);
    }
  });

  it.each([1, 3, 4, 7, 33])("adds, subtracts and multiplies rows of %i, and one row with many", (columns) =>
    check(() => {
      const a = numbers(5 * columns, 1);
      const b = numbers(5 * columns, 2);
      for (const [operation, formula] of [
        [add, (x: number, y: number) => x + y],
        [subtract, (x: number, y: number) => x - y],
        [multiply, (x: number, y: number) => x * y],
      ] as const) {
        const whole = operation(strided(a, 5, columns), tensor(b, [5, columns]));
        expect(whole.data).toEqual(a.map((value, i) => formula(value, b[i]!)));
        const repeated = operation(tensor(a, [5, columns]), tensor(b.subarray(0, columns), [columns]));
        expect(repeated.data).toEqual(a.map((value, i) => formula(value, b[i % columns]!)));
      }
    }),
  );

  it.each([1, 5, 24, 767])("normalises rows of %i, with and without a residual", (columns) =>
    check(() => {
      const x = numbers(6 * columns, 1, 3);
      const r = numbers(6 * columns, 2, 3);
      const w = numbers(columns, 3);
      const b = numbers(columns, 4);
      for (const residual of [null, r]) {
        const y = layerNorm(
          strided(x, 6, columns),
          tensor(w, [columns]),
          tensor(b, [columns]),
          1e-5,
          residual && tensor(r, [6, columns]),
        );
        const expected = new Float64Array(6 * columns);
        for (let row = 0; row < 6; row++) {
          const at = row * columns;
          const s = Array.from({ length: columns }, (_, i) => x[at + i]! + (residual ? residual[at + i]! : 0));
          const mean = s.reduce((sum, value) => sum + value, 0) / columns;
          const variance = s.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
          s.forEach((value, i) => {
            expected[at + i] = ((value - mean) / Math.sqrt(variance + 1e-5)) * w[i]! + b[i]!;
          });
        }
        expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
      }
    }),
  );

  it("takes the softmax of whole rows and of groups, extremes included", () =>
    check(() => {
      const x = numbers(4 * 27, 1, 20);
      x[0] = 1e30;
      x[27] = Number.NEGATIVE_INFINITY;
      x[60] = Number.NaN;
      for (const size of [27, 9, 1, 3]) {
        const y = softmax(strided(x, 4, 27), size);
        const expected: number[] = [];
        for (let at = 0; at < x.length; at += size) {
          expected.push(...softmaxOf([...x.subarray(at, at + size)]));
        }
        expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
      }
    }));

  /** A sum over neighbours within each sequence, in double precision. */
  function convolved(
    x: Float32Array,
    columns: number,
    taps: number,
    { offsets }: Sequences,
    weight: (token: number, tap: number, column: number) => number,
  ): Float64Array {
    const y = new Float64Array(x.length);
    for (let s = 0; s + 1 < offsets.length; s++) {
      for (let t = offsets[s]!; t < offsets[s + 1]!; t++) {
        for (let j = 0; j < taps; j++) {
          const from = t + j - (taps >> 1);
          if (from >= offsets[s]! && from < offsets[s + 1]!) {
            for (let c = 0; c < columns; c++) {
              y[t * columns + c]! += weight(t, j, c) * x[from * columns + c]!;
            }
          }
        }
      }
    }
    return y;
  }

  const layouts: [string, Sequences][] = [
    ["one sequence", { offsets: [0, 23] }],
    ["a padded batch", uniformSequences(4, 6)],
    ["sequences of all lengths, some shorter than the kernel, one empty", { offsets: [0, 1, 3, 3, 17, 22] }],
  ];
  describe.each(layouts)("over %s", (_label, sequences) => {
    const tokens = sequences.offsets.at(-1)!;

    it.each([
      [9, 20],
      [3, 7],
      [1, 16],
      [15, 33],
    ])("depthwise convolution with %i taps of %i channels", (taps, columns) =>
      check(() => {
        const x = numbers(tokens * columns, 1);
        const k = numbers(taps * columns, 2);
        const y = depthwiseConvolution(strided(x, tokens, columns), tensor(k, [taps, columns]), sequences);
        const expected = convolved(x, columns, taps, sequences, (_t, j, c) => k[j * columns + c]!);
        expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
      }),
    );

    it.each([
      [9, 3, 8],
      [3, 2, 5],
      [7, 1, 19],
      [9, 2, 64],
    ])("dynamic convolution with %i taps, %i heads of %i", (taps, heads, size) =>
      check(() => {
        const columns = heads * size;
        const x = numbers(tokens * columns, 3);
        const k = numbers(tokens * heads * taps, 4);
        const y = dynamicConvolution(strided(x, tokens, columns), tensor(k, [tokens, heads * taps]), heads, sequences);
        const expected = convolved(x, columns, taps, sequences, (t, j, c) => {
          return k[(t * heads + Math.floor(c / size)) * taps + j]!;
        });
        expect(relativeDifference(y.data, expected)).toBeLessThan(TOLERANCE);
      }),
    );

    it.each([
      [1, 5, "none"],
      [3, 8, "keys"],
      [2, 19, "queries"],
      [2, 64, "heads"],
    ] as const)("attention of %i heads of %i, mask: %s", (heads, size, kind) =>
      check(() => {
        const columns = heads * size;
        const [q, k, v] = [1, 2, 3].map((seed) => numbers(tokens * columns, seed)) as [
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        const count = sequences.offsets.length - 1;
        const length = sequences.offsets[1]!;
        const padded = sequences.offsets.every((offset, i) => offset === i * length);
        const maskShape = kind === "keys" ? [count, length] : kind === "queries" ? [count, length, length] : null;
        const mask =
          maskShape && padded
            ? numbers(
                maskShape.reduce((a, b) => a * b, 1),
                9,
              ).map((m, i) => (m > 0.2 && i % length !== 0 ? -3.4028234663852886e38 : 0))
            : null;
        if (mask !== null && kind === "queries") {
          // A query that may look nowhere looks everywhere alike.
          mask.fill(-3.4028234663852886e38, 0, length);
        }
        const headMask = kind === "heads" ? numbers(heads, 10) : null;
        const { context, probabilities } = attention(
          strided(q, tokens, columns),
          strided(k, tokens, columns),
          tensor(v, [tokens, columns]),
          sequences,
          {
            heads,
            scale: 0.7,
            mask: mask && tensor(mask, maskShape!),
            headMask: headMask && tensor(headMask, [heads]),
            probabilities: padded,
          },
        );
        const expected = new Float64Array(tokens * columns);
        const expectedProbabilities: number[] = [];
        for (let s = 0; s < count; s++) {
          const [start, end] = [sequences.offsets[s]!, sequences.offsets[s + 1]!];
          for (let h = 0; h < heads; h++) {
            for (let t = start; t < end; t++) {
              const scores = Array.from({ length: end - start }, (_, o) => {
                let dot = 0;
                for (let i = 0; i < size; i++) {
                  dot += q[t * columns + h * size + i]! * k[(start + o) * columns + h * size + i]!;
                }
                const row = kind === "keys" ? s : t;
                return Math.fround(dot * 0.7 + (mask ? mask[row * length + o]! : 0));
              });
              const p = softmaxOf(scores).map((value) => value * (headMask ? headMask[h]! : 1));
              expectedProbabilities.push(...p);
              p.forEach((value, o) => {
                for (let i = 0; i < size; i++) {
                  expected[t * columns + h * size + i]! += value * v[(start + o) * columns + h * size + i]!;
                }
              });
            }
          }
        }
        expect(relativeDifference(context.data, expected)).toBeLessThan(TOLERANCE);
        if (padded) {
          expect(probabilities!.shape).toEqual([count, heads, length, length]);
          expect(relativeDifference(probabilities!.data, expectedProbabilities)).toBeLessThan(TOLERANCE);
        }
      }),
    );
  });

  it("refuses probabilities and masks of sequences of different lengths", () =>
    check(() => {
      const x = random([5, 4], 1);
      const ragged = { offsets: [0, 2, 5] };
      expect(() => attention(x, x, x, ragged, { heads: 1, scale: 1, probabilities: true })).toThrow("one length");
      expect(() => attention(x, x, x, ragged, { heads: 1, scale: 1, mask: random([2, 3], 2) })).toThrow("mask");
    }));

  it("looks rows up, joins columns, averages tokens", () =>
    check(() => {
      const table = numbers(9 * 5, 1);
      const indices = Tensor.from(backend, [8, 0, 3, 3], [2, 2], "int32");
      const rows = embedding(tensor(table, [9, 5]), indices);
      expect(rows.shape).toEqual([2, 2, 5]);
      expect([...rows.data]).toEqual([8, 0, 3, 3].flatMap((row) => [...table.subarray(row * 5, row * 5 + 5)]));
      expect(() =>
        embedding(tensor(table, [9, 5]), Tensor.from(backend, [9], [1], "int32"), { what: "token" }),
      ).toThrow("token 9");

      const [a, b] = [numbers(6, 2), numbers(9, 3)];
      const joined = concatenate([tensor(a, [3, 2]), strided(b, 3, 3)]);
      expect([...joined.data]).toEqual(
        [0, 1, 2].flatMap((r) => [...a.subarray(r * 2, r * 2 + 2), ...b.subarray(r * 3, r * 3 + 3)]),
      );

      const means = sequenceMean(tensor([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]), { offsets: [0, 2, 4] });
      expect([...means.data]).toEqual([2, 3, 6, 7]);
    }));

  it("computes the losses", () =>
    check(() => {
      const logits = numbers(5 * 37, 1, 30);
      const labels = [3, -100, 36, 0, -100];
      const row = (r: number) => [...logits.subarray(r * 37, (r + 1) * 37)];
      const expected = [0, 2, 3].map((r) => -Math.log(softmaxOf(row(r))[labels[r]!]!)).reduce((a, b) => a + b) / 3;
      const targets = (values: number[]) => Tensor.from(backend, values, [values.length], "int32");
      expect(crossEntropy(strided(logits, 5, 37), targets(labels)).item() / expected).toBeCloseTo(1, 5);
      expect(crossEntropy(tensor(logits, [5, 37]), targets([7, 7, 7, 7, 7]), { ignoreIndex: 7 }).item()).toBeNaN();
      expect(() => crossEntropy(tensor(logits, [5, 37]), targets([1, 2, 3, 4, 37]))).toThrow("label 37");
      expect(crossEntropy(tensor([1e30, -1e30], [1, 2]), targets([0])).item()).toBe(0);
      // Large logits, and what is left of the loss where they are sure: torch gives these within its own rounding.
      for (const [high, low] of [
        [20_000, 19_999],
        [500, 490],
        [30, 20],
        [12, -3],
      ] as const) {
        const exact = Math.log1p(Math.exp(low - high));
        expect(Math.abs(crossEntropy(tensor([high, low], [1, 2]), targets([0])).item() - exact)).toBeLessThan(1.2e-7);
      }

      const x = [-200, -1, 0, 2, 200];
      const y = [0, 1, 0.5, 0, 1];
      const bce = x.map((v, i) => Math.max(v, 0) - v * y[i]! + Math.log1p(Math.exp(-Math.abs(v))));
      expect(binaryCrossEntropy(tensor(x, [5]), tensor(y, [5])).item()).toBeCloseTo(bce.reduce((a, b) => a + b) / 5, 6);
      expect(meanSquaredError(tensor([1, 2, 4], [3]), tensor([1, 0, 1], [3])).item()).toBeCloseTo(13 / 3, 6);
    }));

  it("normalises rows, multiplies tables and finds means and maxima as torch", () =>
    check(() => {
      // torch.nn.functional.normalize, x @ y.T, (x * y).sum(-1), x.mean(), x.max(dim=0)
      const x = strided(Float32Array.of(3, 0, 4, 0, 0, 0, 1, -2, 2), 3, 3);
      const y = tensor([1, 2, 3, -1, 0, 1, 0.5, 0.5, 0.5], [3, 3]);
      const near = (found: Tensor, expected: number[]) => {
        expect(relativeDifference(found.data as Float32Array, expected)).toBeLessThan(TOLERANCE);
      };
      near(normalizeRows(x), [0.6, 0, 0.8, 0, 0, 0, 1 / 3, -2 / 3, 2 / 3]);
      near(rowProducts(x, y), [15, 1, 3.5, 0, 0, 0, 3, 1, 0.5]);
      near(rowDots(x, y), [15, 0, 0.5]);
      expect(mean(x).item()).toBeCloseTo(8 / 9, 6);
      near(sequenceMax(x, { offsets: [0, 2, 3] }), [3, 0, 4, 1, -2, 2]);
      const wide = [41, 300] as const;
      const [a, b] = [numbers(wide[0] * wide[1], 3), numbers(7 * wide[1], 4)];
      near(rowProducts(tensor(a, [...wide]), tensor(b, [7, wide[1]])), [...product(a, b, wide[0], wide[1], 7)]);
      expect(() => rowProducts(x, random([2, 4], 1))).toThrow("one width");
      expect(() => rowDots(x, random([2, 3], 1))).toThrow("one shape");
      expect(() => sequenceMax(x, { offsets: [0, 3, 3] })).toThrow("sequence 1");
    }));

  it("answers shapes that do not fit with one clear error", () =>
    check(() => {
      const x = random([2, 6], 1);
      const packed = pack(numbers(12, 1), 2, 6);
      expect(() => linear(random([2, 5], 1), packed)).toThrow("in_features, got shape [2, 5]");
      expect(() => linear(x, packed, { bias: random([3], 1) })).toThrow("bias of 2");
      expect(() => layerNorm(x, random([5], 1), random([6], 1), 1e-5)).toThrow("6 elements");
      expect(() => add(x, random([3, 6], 1))).toThrow("[2, 6]");
      expect(() => softmax(x, 4)).toThrow("divisible");
      expect(() => depthwiseConvolution(x, random([4, 6], 1), { offsets: [0, 2] })).toThrow("odd");
      expect(() => dynamicConvolution(x, random([2, 8], 1), 4, { offsets: [0, 2] })).toThrow("heads");
      expect(() => concatenate([])).toThrow("at least one");
      expect(() => activate(Tensor.from(backend, [1], [1], "int32"), "relu")).toThrow("float32");
      backend.releasePacked(packed);
    }));
});
