import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, createBackend } from "../src/index.js";
import { createWasmBackend } from "../src/kernels/wasm/create.js";
import { KERNELS, type Shape } from "./gradient-kernels.js";
import { relativeDifference } from "./numbers.js";
import { Rig } from "./rig.js";

const TOLERANCE = 1e-5;
/** The inputs are of the size of one, so that a sum of some tens of them is known to a few millionths at best. */
const LEAST = 0.5;
/** Three nearly equal numbers have a deviation near zero, which what is left of their differences is divided by. */
const ILL_CONDITIONED: Readonly<Record<string, number>> = { layerNormGradient: 1e-4 };

const SHAPES = fc.record({
  tokens: fc.integer({ min: 1, max: 40 }),
  columns: fc.constantFrom(1, 3, 4, 7, 8, 13, 16, 24, 37, 64, 70),
  outputs: fc.constantFrom(1, 2, 8, 9, 16, 31, 45),
  heads: fc.integer({ min: 1, max: 4 }),
  taps: fc.constantFrom(1, 3, 9),
  offsets: fc
    .array(fc.integer({ min: 0, max: 21 }), { minLength: 1, maxLength: 4 })
    .map((lengths) => [0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))])
    .filter((offsets) => offsets.at(-1)! > 0),
});

/** Large enough for several blocks of rows and for threads, no multiple of anything. */
const LARGE: Shape = { tokens: 301, columns: 133, outputs: 253, heads: 3, taps: 9, offsets: [0, 67, 134, 134, 201] };

describe("gradient kernels of the WebAssembly backend", () => {
  const backends: Backend[] = [];
  beforeAll(async () => {
    backends.push(await createBackend({ backend: "reference" }));
    backends.push(await createBackend({ backend: "wasm" }));
    backends.push(await createBackend({ backend: "wasm", threads: 3 }));
    backends.push((await createWasmBackend(1, { variants: ["simd128"] }))!);
    backends.push(await createBackend({ wideVectors: true }));
    backends.push(await createBackend({ wideVectors: true, threads: 3 }));
  });
  afterAll(() => {
    for (const backend of backends) {
      backend.dispose();
    }
  });

  const compare = (name: string, shape: Shape, seed: number, gap: number, index = 1) => {
    const run = KERNELS[name]!;
    const expected = run(new Rig(backends[0]!, seed, gap), shape);
    const actual = run(new Rig(backends[index]!, seed, gap), shape);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [part, values] of Object.entries(expected)) {
      const [got, wanted] = [actual[part]!, values].map((x) => (typeof x === "number" ? [x] : x));
      expect(relativeDifference(got!, wanted!, LEAST), part).toBeLessThan(ILL_CONDITIONED[name] ?? TOLERANCE);
    }
  };

  it.each(Object.keys(KERNELS))("%s agrees with the reference for any sizes and strides", (name) => {
    fc.assert(
      fc.property(SHAPES, fc.integer({ min: 1, max: 1e6 }), fc.constantFrom(0, 5), (shape, seed, gap) => {
        compare(name, shape, seed, gap);
      }),
      { numRuns: 40 },
    );
  });

  it.each(Object.keys(KERNELS))("%s agrees with the reference at large sizes", (name) => {
    compare(name, LARGE, 7, 3);
    compare(name, { ...LARGE, columns: 72, offsets: [0, 60, 120, 180] }, 8, 0);
    // Without relaxed SIMD.
    compare(name, { ...LARGE, columns: 70, offsets: [0, 31, 48] }, 9, 1, 3);
  });

  it("products in several blocks of tokens, outputs and inner dimension agree with the reference", () => {
    compare("linearWeightGradient", { ...LARGE, tokens: 1100, columns: 250, outputs: 9 }, 1, 2);
    compare("linearWeightGradient", { ...LARGE, tokens: 30, columns: 5, outputs: 2100 }, 2, 0);
    compare("linearInputGradient", { ...LARGE, tokens: 250, columns: 13, outputs: 3100 }, 3, 1);
  });

  it("refuse int8 weights", () => {
    for (const backend of backends) {
      const rig = new Rig(backend, 1);
      const weights = backend.createPacked(8, 8, "int8");
      const x = rig.random(2, 8);
      const { gradients } = rig;
      expect(() => gradients.linearInputGradient(x, weights, x)).toThrow("float32 weights");
      expect(() => gradients.linearWeightGradient(x, x, weights)).toThrow("float32 weights");
      expect(() => gradients.scatterPackedRows(x, rig.indices([1, 2]), -1, weights)).toThrow("float32 weights");
      expect(() => gradients.packedElements(weights, 0, 8)).toThrow("float32 weights");
      backend.releasePacked(weights);
    }
  });

  it.each(["plain", "dropout", "keys", "queries"])("attention over several blocks of queries, %s", (kind) => {
    const shape = { ...LARGE, heads: 2, columns: 10, offsets: [0, 137, 137, 140, 410] };
    compare(`attentionGradient ${kind}`, shape, 4, 1);
  });

  it.each(Object.keys(KERNELS))("%s gives the same bits on three threads and in wide tiles", (name) => {
    for (const shape of [LARGE, { ...LARGE, columns: 128, outputs: 512, tokens: 300, offsets: [0, 130, 260, 390] }]) {
      const [one, ...others] = [1, 2, 4, 5].map((index) => KERNELS[name]!(new Rig(backends[index]!, 5), shape));
      for (const other of others) {
        expect(other).toEqual(one);
      }
    }
  });
});
