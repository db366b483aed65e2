import fc from "fast-check";
import { expect, it } from "vitest";
import { type Backend, BackendError, createBackend, linear, Tensor } from "../src/index.js";
import { createWasmBackend } from "../src/kernels/wasm/create.js";
import type { Int8Weights } from "../src/kernels/wasm/int8.js";
import { eighthBit, INT8_FORMATS, type Int8Format } from "../src/kernels/wasm/int8-formats.js";
import type { KernelChoice } from "../src/kernels/wasm/modules.js";
import { quantizeRows } from "../src/quantize.js";
import { numbers } from "./numbers.js";
import { type RelaxedDot, tilesOn } from "./relaxed-dot.js";

const { u8, s8, i7, i16 } = INT8_FORMATS;
const VNNI: RelaxedDot = { eighthBit: "unsigned", sums: "whole" };
const ARM: RelaxedDot = { eighthBit: "signed", sums: "whole" };
const X64: RelaxedDot = { eighthBit: "unsigned", sums: "saturate" };
const WRAPPING: RelaxedDot = { eighthBit: "signed", sums: "wrap" };

const on = (processor: RelaxedDot, format: Int8Format): KernelChoice => ({
  int8: { format, tiles: tilesOn(processor, format.tiles as "groups" | "pairs") },
});

/** Every arithmetic that int8 products have, wherever this runs; those without a processor's name run on this one. */
const CASES: readonly (readonly [string, number, KernelChoice])[] = [
  ["8 bits, unsigned, as on x64 with VNNI", 127, on(VNNI, u8)],
  ["8 bits, signed, as on Arm", 127, on(ARM, s8)],
  ["7 bits in pairs, as on x64 without VNNI", 63, on(X64, i7)],
  ["7 bits in pairs, as on Arm", 63, on(ARM, i7)],
  ["7 bits in pairs, where sums wrap", 63, on(WRAPPING, i7)],
  ["7 bits in pairs", 63, { int8: { format: i7 }, activationBits: 7 }],
  ["7 bits in groups of four", 63, { int8: { format: { ...i7, tiles: "groups" } }, activationBits: 7 }],
  ["7 bits by name", 63, { activationBits: 7 }],
  ["8 bits by name", 127, { activationBits: 8 }],
  ["16-bit products", 127, { int8: { format: i16 } }],
  ["16-bit products, because those that were asked for lose a bit", 127, on(X64, u8)],
  ["16-bit products, because those that were asked for wrap", 127, on(WRAPPING, u8)],
  ["plain SIMD", 127, { variants: ["simd128"] }],
  ["plain SIMD, 7 bits", 63, { variants: ["simd128"], activationBits: 7 }],
];

/** The product as every format with this limit has to give it, to the last bit: exact sums, then three roundings. */
function expected(x: Float32Array, w: Float32Array, columns: number, bias: Float32Array, limit: number): Float32Array {
  const [input, weights] = [quantizeRows(x, columns, limit), quantizeRows(w, columns)];
  const outputs = bias.length;
  return Float32Array.from({ length: input.scales.length * outputs }, (_, i) => {
    const [row, output] = [Math.floor(i / outputs), i % outputs];
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      sum += input.values[row * columns + column]! * weights.values[output * columns + column]!;
    }
    const scaled = Math.fround(Math.fround(sum * weights.scales[output]!) * input.scales[row]!);
    return scaled + bias[output]!;
  });
}

function product(backend: Backend, x: Float32Array, w: Float32Array, columns: number, bias: Float32Array) {
  const packed = backend.createPacked(bias.length, columns, "int8");
  backend.packRows(packed, 0, w);
  const input = Tensor.from(backend, x, [x.length / columns, columns]);
  const shift = Tensor.from(backend, bias);
  const result = linear(input, packed, { bias: shift });
  const values = (result.data as Float32Array).slice();
  for (const tensor of [input, shift, result]) tensor.dispose();
  backend.releasePacked(packed);
  return values;
}

/** Weights from sums of any size to those that no 16 bits hold, in places that differ from row to row. */
const WEIGHTS: Readonly<Record<string, (i: number, random: number) => number>> = {
  "of all sizes": (_, random) => random,
  "all largest": () => 1,
  "all smallest": () => -1,
  "of two signs": (i) => (i % 3 === 0 ? -1 : 1),
  "large here and there": (i, random) => (Math.floor(i / 5) % 3 === 0 ? 1 : random / 3),
};

it.each([
  [on(VNNI, u8), "u8"],
  [on(ARM, s8), "s8"],
  [on(X64, i7), "i7"],
  [on(X64, u8), "i16"],
  [on(X64, s8), "i16"],
  [on(ARM, u8), "i16"],
  [on(WRAPPING, s8), "s8"],
  [on(WRAPPING, u8), "i16"],
] as const)("%#: dot products that are not exact on a processor are not used there", async (choice, used) => {
  for (const wideVectors of [false, true]) {
    const backend = (await createWasmBackend(1, { ...choice, wideVectors }))!;
    expect((backend.createPacked(1, 1, "int8") as Int8Weights).format.name).toBe(used);
    backend.dispose();
  }
});

it.each(CASES)("%s: every bit of every product is what its arithmetic implies", async (_, limit, choice) => {
  for (const wideVectors of [false, true]) {
    const backend = (await createWasmBackend(1, { ...choice, wideVectors }))!;
    const size = (max: number) => fc.integer({ min: 1, max });
    const kinds = fc.constantFrom(...Object.keys(WEIGHTS));
    fc.assert(
      fc.property(
        size(14),
        size(70),
        size(30),
        kinds,
        fc.boolean(),
        fc.nat(),
        (rows, columns, outputs, kind, same, seed) => {
          const x = numbers(rows * columns, seed).map((value) => (same ? 1 : value));
          const w = numbers(outputs * columns, seed + 1).map((value, i) => WEIGHTS[kind]!(i, value));
          const bias = numbers(outputs, seed + 2);
          expect(product(backend, x, w, columns, bias)).toEqual(expected(x, w, columns, bias, limit));
        },
      ),
      { numRuns: 100 },
    );
    backend.dispose();
  }
});

it.each([
  [8, 127],
  [7, 63],
  [undefined, null],
] as const)("with %s bits and several threads it is the same", async (activationBits, limit) => {
  const choice = activationBits === undefined ? {} : { activationBits };
  const backend = await createBackend({ ...choice, threads: 3 });
  const is7Bits = backend.description.includes("int8 in 7 bits");
  const [x, w, bias] = [numbers(50 * 700, 1), numbers(90 * 700, 2), numbers(90, 3)];
  const implied = limit ?? (is7Bits ? 63 : 127);
  expect(product(backend, x, w, 700, bias)).toEqual(expected(x, w, 700, bias, implied));
  expect(is7Bits).toBe(implied === 63);
  backend.dispose();
});

it("seven bits err by as much as a coarser step does, and no more", async () => {
  const [seven, eight] = [await createBackend({ activationBits: 7 }), await createBackend({ activationBits: 8 })];
  const [x, w, bias] = [numbers(20 * 400, 1), numbers(64 * 400, 2), new Float32Array(64)];
  const results = [seven, eight].map((backend) => product(backend, x, w, 400, bias));
  const weights = quantizeRows(w, 400);
  let largest = 0;
  for (let row = 0; row < 20; row++) {
    const most = x.subarray(row * 400, (row + 1) * 400).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let output = 0; output < 64; output++) {
      const sum = weights.values
        .subarray(output * 400, (output + 1) * 400)
        .reduce((total, q) => total + Math.abs(q), 0);
      const difference = Math.abs(results[0]![row * 64 + output]! - results[1]![row * 64 + output]!);
      // Each activation is at most half a step of either kind off.
      const bound = sum * weights.scales[output]! * most * (0.5 / 63 + 0.5 / 127) * 1.001;
      expect(difference).toBeLessThanOrEqual(bound);
      largest = Math.max(largest, difference / bound);
    }
  }
  expect(largest).toBeGreaterThan(0.01);
  seven.dispose();
  eight.dispose();
});

it("rows that are packed anew, in any order, replace what they were", async () => {
  const backend = await createBackend({ activationBits: 7 });
  const columns = 44;
  const [x, bias] = [numbers(7 * columns, 1).fill(1), numbers(20, 3)];
  const w = numbers(20 * columns, 2);
  const packed = backend.createPacked(20, columns, "int8");
  backend.packRows(packed, 0, new Float32Array(20 * columns).fill(1));
  for (let row = 19; row >= 0; row--) {
    backend.packRows(packed, row, w.subarray(row * columns, (row + 1) * columns));
  }
  const multiply = () =>
    linear(Tensor.from(backend, x, [7, columns]), packed, { bias: Tensor.from(backend, bias) }).data;
  expect(multiply()).toEqual(expected(x, w, columns, bias, 63));
  w.fill(-1, 5 * columns, 6 * columns);
  backend.packRows(packed, 5, w.subarray(5 * columns, 6 * columns));
  expect(multiply()).toEqual(expected(x, w, columns, bias, 63));
  backend.dispose();
});

it("tells what the processor does with an eighth bit", () => {
  expect(eighthBit(4 * 127 * 255)).toBe("unsigned");
  expect(eighthBit(-4 * 127)).toBe("signed");
  expect(eighthBit(2 * 32767)).toBe("lost");
  expect(eighthBit(4 * 127 * 127)).toBe("lost");
});

it.each([0, 6, 9, Number.NaN, "8"])("refuses %s bits", async (bits) => {
  await expect(createBackend({ activationBits: bits as 8 })).rejects.toThrow(BackendError);
  await expect(createBackend({ activationBits: bits as 8, backend: "reference" })).rejects.toThrow("give 7 or 8");
});
