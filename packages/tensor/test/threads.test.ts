import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, createBackend } from "../src/index.js";
import { compute } from "./layer.js";

describe("threads", () => {
  const backends: Backend[] = [];
  beforeAll(async () => {
    for (const threads of [1, 2, 3]) {
      backends.push(await createBackend({ backend: "wasm", threads }));
    }
  });
  afterAll(() => {
    for (const backend of backends) {
      backend.dispose();
    }
  });

  it("says how many run", () => {
    expect(backends.map(({ threads }) => threads)).toEqual([1, 2, 3]);
    expect(backends[1]!.description).toContain("2 threads");
  });

  it("changes no bit of any result", () => {
    const [one, ...others] = backends.map(compute);
    for (const other of others) {
      for (const [name, values] of Object.entries(one!)) {
        expect(Buffer.from(other[name]!.buffer).equals(Buffer.from(values.buffer)), name).toBe(true);
      }
    }
  });

  it("gives the same answer call after call", () => {
    const first = compute(backends[2]!);
    for (let i = 0; i < 20; i++) {
      expect(compute(backends[2]!)).toEqual(first);
    }
  });

  it.each([0, -1, 1.5, Number.NaN, 1e9])("refuses %d threads", async (threads) => {
    await expect(createBackend({ threads })).rejects.toThrow("whole number from 1");
  });
});
