import { describe, expect, it } from "vitest";
import { createBackend, linear, Tensor } from "../src/index.js";
import { dequantizeRows } from "../src/internal.js";
import { numbers } from "./numbers.js";

/** `round(v · (limit / max|v|))`, ties to even, and the scale, each step rounded to float32. */
function quantise(row: Float32Array, limit = 127): { q: number[]; scale: number } {
  const largest = row.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  const factor = largest === 0 ? 0 : Math.fround(limit / largest);
  return { q: [...row].map((v) => nearestEven(Math.fround(v * factor))), scale: Math.fround(largest / limit) };
}

function nearestEven(value: number): number {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

describe.each([
  ["reference", 8, 127],
  ["reference", 7, 63],
  ["wasm", 8, 127],
  ["wasm", 7, 63],
] as const)("int8 products on the %s backend, activations of %i bits", (name, activationBits, limit) => {
  const create = () => createBackend({ backend: name, activationBits });

  it.each([
    [1, 1, 1],
    [3, 8, 4],
    [7, 13, 30],
    [13, 24, 37],
    [250, 9, 64],
    [20, 70, 800],
  ])("%i rows, %i outputs, %i inputs: exact integer sums, scaled", async (rows, outputs, inputs) => {
    const backend = await create();
    const x = numbers(rows * inputs, 1);
    const w = numbers(outputs * inputs, 2);
    const b = numbers(outputs, 3);
    const packed = backend.createPacked(outputs, inputs, "int8");
    const half = Math.floor(outputs / 2);
    backend.packRows(packed, 0, w.subarray(0, half * inputs));
    backend.packRows(packed, half, w.subarray(half * inputs));
    const result = linear(Tensor.from(backend, x, [rows, inputs]), packed, { bias: Tensor.from(backend, b) });
    for (let row = 0; row < rows; row++) {
      const { q, scale } = quantise(x.subarray(row * inputs, (row + 1) * inputs), limit);
      for (let output = 0; output < outputs; output++) {
        const weights = quantise(w.subarray(output * inputs, (output + 1) * inputs));
        const sum = q.reduce((total, value, i) => total + value * weights.q[i]!, 0);
        const expected = sum * scale * weights.scale + b[output]!;
        const difference = Math.abs(result.data[row * outputs + output]! - expected);
        expect(difference).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(expected)));
      }
    }
    const unpacked = backend.unpackRows(packed, 0, outputs);
    for (let output = 0; output < outputs; output++) {
      const weights = quantise(w.subarray(output * inputs, (output + 1) * inputs));
      weights.q.forEach((q, i) => {
        expect(unpacked[output * inputs + i]).toBeCloseTo(q * weights.scale, 5);
      });
    }
    expect(packed.dtype).toBe("int8");
    backend.dispose();
  });

  it("applies the activation, takes no bias, and keeps zeros zero", async () => {
    const backend = await create();
    const packed = backend.createPacked(9, 12, "int8");
    backend.packRows(packed, 0, numbers(9 * 12, 4));
    const zeros = linear(Tensor.from(backend, new Float32Array(24), [2, 12]), packed);
    expect([...zeros.data]).toEqual(new Array(18).fill(0));
    const positive = linear(Tensor.from(backend, numbers(24, 5), [2, 12]), packed, { activation: "relu" });
    expect(positive.data.every((value) => value >= 0)).toBe(true);
    expect(positive.data.some((value) => value > 0)).toBe(true);
    backend.dispose();
  });

  it.each([
    [9, 30],
    [70, 64],
  ])("%i rows of %i: quantised rows come back as they were packed, and compute the same", async (outputs, inputs) => {
    const backend = await create();
    const w = numbers(outputs * inputs, 8);
    w.fill(0, inputs, 2 * inputs);
    const fromFloats = backend.createPacked(outputs, inputs, "int8");
    backend.packRows(fromFloats, 0, w);
    const rows = backend.quantizeRows(w, inputs);
    expect(backend.unpackInt8Rows(fromFloats, 0, outputs)).toEqual(rows);
    expect(backend.unpackRows(fromFloats, 0, outputs)).toEqual(dequantizeRows(rows));
    expect(Math.max(...rows.values)).toBe(127);
    expect(rows.scales[1]).toBe(0);

    const fromRows = backend.createPacked(outputs, inputs, "int8");
    // In two parts, the second at an address that is no multiple of a word.
    const unaligned = new Int8Array(rows.values.length + 3).subarray(3);
    unaligned.set(rows.values);
    backend.packInt8Rows(fromRows, 0, { values: rows.values.slice(0, inputs), scales: rows.scales.slice(0, 1) });
    backend.packInt8Rows(fromRows, 1, { values: unaligned.subarray(inputs), scales: rows.scales.slice(1) });
    expect(backend.unpackInt8Rows(fromRows, 1, outputs - 1)).toEqual(
      backend.unpackInt8Rows(fromFloats, 1, outputs - 1),
    );
    const x = Tensor.from(backend, numbers(5 * inputs, 9), [5, inputs]);
    expect(linear(x, fromRows).data).toEqual(linear(x, fromFloats).data);
    backend.dispose();
  });

  it("lets NaN through", async () => {
    const backend = await create();
    const packed = backend.createPacked(8, 8, "int8");
    backend.packRows(packed, 0, numbers(64, 6));
    const x = numbers(16, 7);
    x[3] = Number.NaN;
    const { data } = linear(Tensor.from(backend, x, [2, 8]), packed);
    expect(data.subarray(0, 8).every(Number.isNaN)).toBe(true);
    expect(data.subarray(8).some(Number.isNaN)).toBe(false);
    backend.dispose();
  });
});

it("quantises to the same integers and scales on every backend", async () => {
  const [reference, wasm] = await Promise.all(
    (["reference", "wasm"] as const).map((backend) => createBackend({ backend })),
  );
  const w = numbers(40 * 67, 10);
  w[5] = Number.NaN;
  w[70] = Number.POSITIVE_INFINITY;
  // Halves between two integers: 127 steps of 2.
  w.set(
    Float32Array.from({ length: 67 }, (_, i) => (i === 0 ? 254 : 2 * i + 1)),
    67 * 2,
  );
  expect(wasm!.quantizeRows(w, 67)).toEqual(reference!.quantizeRows(w, 67));
  reference!.dispose();
  wasm!.dispose();
});
