import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gradientsOf } from "../src/backend.js";
import { dropoutBits } from "../src/dropout.js";
import { type Backend, createBackend } from "../src/index.js";
import { Rig } from "./rig.js";

describe("dropout", () => {
  const backends: Backend[] = [];
  beforeAll(async () => {
    backends.push(await createBackend({ backend: "reference" }));
    backends.push(await createBackend({ backend: "wasm" }));
    backends.push(await createBackend({ backend: "wasm", threads: 3 }));
  });
  afterAll(() => {
    for (const backend of backends) {
      backend.dispose();
    }
  });

  const dropped = (backend: Backend, rows: number, columns: number, rate: number, seed: readonly [number, number]) => {
    const rig = new Rig(backend, 1);
    const ones = rig.of(new Float32Array(rows * columns).fill(1), rows, columns);
    gradientsOf(backend).dropout(ones, { rate, seed }, ones);
    return rig.read(ones);
  };

  it.each([
    [64, 512, 0.1],
    [333, 37, 0.5],
    [1, 7, 0.9],
    [50, 3, 0],
  ])("gives every backend the same bits: %i rows of %i, rate %d", (rows, columns, rate) => {
    const [expected, ...others] = backends.map((backend) => dropped(backend, rows, columns, rate, [-5, 2 ** 31 - 1]));
    for (const other of others) {
      expect(other).toEqual(expected);
    }
    const scale = Math.fround(1 / (1 - rate));
    expect(new Set([...expected!, scale])).toEqual(new Set(rate > 0 && rows > 1 ? [0, scale] : [...expected!, scale]));
  });

  it.each([0.01, 0.1, 0.5, 0.8])("drops a share of %d, neighbours and seeds independently", (rate) => {
    const count = 1 << 18;
    const keepMask = dropped(backends[1]!, 512, 512, rate, [77, 3]).map((value) => (value === 0 ? 0 : 1));
    const other = dropped(backends[1]!, 512, 512, rate, [77, 4]).map((value) => (value === 0 ? 0 : 1));
    const mean = keepMask.reduce((sum, value) => sum + value, 0) / count;
    const deviation = Math.sqrt((rate * (1 - rate)) / count);
    expect(Math.abs(mean - (1 - rate))).toBeLessThan(5 * deviation);
    const together = (pair: (index: number) => number) => {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        sum += (keepMask[i]! - (1 - rate)) * (pair(i) - (1 - rate));
      }
      return Math.abs(sum / count / (rate * (1 - rate)));
    };
    for (const distance of [1, 2, 4, 8, 64, 512]) {
      expect(together((i) => keepMask[(i + distance) % count]!)).toBeLessThan(5 / Math.sqrt(count));
    }
    expect(together((i) => other[i]!)).toBeLessThan(5 / Math.sqrt(count));
  });

  it("drops everything but rare elements near a rate of 1, and an infinity is dropped to 0", () => {
    for (const backend of backends) {
      const rig = new Rig(backend, 1);
      const input = rig.of(new Float32Array(64).fill(Number.POSITIVE_INFINITY), 8, 8);
      gradientsOf(backend).dropout(input, { rate: 0.5, seed: [1, 1] }, input);
      expect(new Set(rig.read(input))).toEqual(new Set([0, Number.POSITIVE_INFINITY]));
      expect(dropped(backend, 8, 8, 1 - 2 ** -33, [1, 1]).every((value) => value === 0)).toBe(true);
    }
  });

  it("mixes an element's number and both seeds into all 32 bits", () => {
    for (const change of [0, 1, 2]) {
      const flips = new Array<number>(32).fill(0);
      for (let i = 0; i < 4096; i++) {
        const [a, b] = [
          dropoutBits([7, 9], i),
          dropoutBits([change === 1 ? 8 : 7, change === 2 ? 10 : 9], i + (change === 0 ? 1 : 0)),
        ];
        for (let bit = 0; bit < 32; bit++) {
          flips[bit]! += ((a ^ b) >>> bit) & 1;
        }
      }
      for (const count of flips) {
        expect(Math.abs(count / 4096 - 0.5)).toBeLessThan(0.04);
      }
    }
  });
});
