import type { WireDType } from "@convbert/converter";
import { byteLengthOf, WIRE_DTYPES } from "@convbert/converter/internal";
import { describe, expect, test } from "vitest";
import { toTypedArray, toWire } from "../src/elements.js";
import { fixtureJson, fromHex } from "./support.js";

const rounding = fixtureJson<{ source: string; narrow: Record<string, string> }>("rounding.json");
const widening = fixtureJson<Record<string, string>>("widening.json");
const isNaNOf = (dtype: string, code: number): boolean =>
  dtype === "F16" ? (code & 0x7fff) > 0x7c00 : dtype === "BF16" ? (code & 0x7fff) > 0x7f80 : false;

describe("narrow floats", () => {
  test.each(Object.keys(rounding.narrow))("%s rounds as PyTorch does", (dtype) => {
    const source = fromHex(rounding.source);
    const values = new Float32Array(source.buffer);
    const size = dtype.startsWith("F8") ? 1 : 2;
    const expected = fromHex(rounding.narrow[dtype]!);
    const actual = toWire(values, dtype as WireDType, "t");
    for (let i = 0; i < values.length; i++) {
      const at = (bytes: Uint8Array) => (size === 1 ? bytes[i]! : bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
      const [got, wanted] = [at(actual), at(expected)];
      // Which of many NaNs it is does not matter, nor its sign.
      const bothNaN = Number.isNaN(values[i]!) && (size === 1 || (isNaNOf(dtype, got) && isNaNOf(dtype, wanted)));
      if (!bothNaN) expect([values[i], got]).toEqual([values[i], wanted]);
    }
  });

  test.each(Object.keys(widening))("%s widens as PyTorch does", (dtype) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    const actual = toTypedArray(codes, dtype as WireDType) as Float32Array;
    const expected = new Float32Array(fromHex(widening[dtype]!).buffer);
    for (let code = 0; code < 256; code++) expect([code, actual[code]]).toEqual([code, expected[code]]);
  });

  test("every float16 and bfloat16 widens and comes back", () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
    const bytes = new Uint8Array(codes.buffer);
    for (const dtype of ["F16", "BF16"] as const) {
      const wide = toTypedArray(bytes, dtype) as Float32Array;
      const back = new Uint16Array(toWire(wide, dtype, "t").slice().buffer);
      for (let code = 0; code < 65536; code++) {
        if (isNaNOf(dtype, code)) expect(wide[code]).toBeNaN();
        else if (back[code] !== code) expect([dtype, back[code]]).toEqual([dtype, code]);
      }
    }
    expect((toTypedArray(Uint8Array.from([0, 0x3c, 1, 0]), "F16") as Float32Array)[1]).toBe(2 ** -24);
  });

  test("six- and four-bit floats have the values of the OCP specification and come back", () => {
    const sets = {
      F4: [0, 0.5, 1, 1.5, 2, 3, 4, 6],
      F6_E2M3: [0, 0.125, 0.25, 0.5, 0.875, 1, 1.875, 2, 3.75, 4, 7.5, 7],
      F6_E3M2: [0, 0.0625, 0.1875, 0.25, 0.4375, 1, 1.75, 4, 14, 16, 28, 24],
    };
    for (const [dtype, positive] of Object.entries(sets)) {
      const values = Float32Array.from([...positive, ...positive.map((value) => -value)]);
      const bytes = toWire(values, dtype as WireDType, "t");
      expect(bytes.length).toBe(byteLengthOf(dtype as WireDType, [values.length]));
      expect(toTypedArray(bytes, dtype as WireDType)).toEqual(values);
    }
    // The lower half of a byte comes first.
    expect(toWire(Float32Array.of(0.5, 6), "F4", "t")).toEqual(Uint8Array.of(0x71));
    expect(toTypedArray(toWire(Float32Array.of(1e9, -1e9), "F4", "t"), "F4")).toEqual(Float32Array.of(6, -6));
    expect(() => toWire(Float32Array.of(1), "F4", "t")).toThrow(/whole bytes/);
  });
});

test("sizes follow from type and shape, and impossible ones are none", () => {
  expect(WIRE_DTYPES.map((dtype) => byteLengthOf(dtype, [2, 8]))).toEqual([
    16, 8, 12, 12, 16, 16, 16, 16, 16, 16, 16, 32, 32, 32, 32, 64, 64, 64, 128, 128, 128, 128,
  ]);
  expect(byteLengthOf("F32", [])).toBe(4);
  expect(byteLengthOf("F32", [0, 2 ** 52, 2 ** 52])).toBe(0);
  for (const shape of [[-1], [1.5], [2 ** 53], [2 ** 30, 2 ** 30], ["3"], [Number.NaN], [null]]) {
    expect(byteLengthOf("U8", shape)).toBeUndefined();
  }
  expect(byteLengthOf("F4", [3])).toBeUndefined();
});

test("arrays of the wrong kind are refused", () => {
  expect(() => toWire(Int32Array.of(1), "F32", "weight")).toThrow(/weight: a Int32Array cannot be written as F32/);
  expect(() => toWire(Float32Array.of(1), "I64", "weight")).toThrow(/cannot be written as I64/);
  expect(() => toWire(BigInt64Array.of(1n), "U64", "weight")).toThrow(/cannot be written/);
  expect(toWire(Float64Array.of(1.5), "F32", "weight")).toEqual(new Uint8Array(Float32Array.of(1.5).buffer));
  expect(toWire(Float32Array.of(1.5), "F64", "weight")).toEqual(new Uint8Array(Float64Array.of(1.5).buffer));
});
