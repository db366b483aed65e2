import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Backend, BackendError, createBackend, linear, Tensor } from "../src/index.js";
import { compute } from "./layer.js";
import { numbers } from "./numbers.js";

/** Addresses from 2^31 on are negative as 32-bit integers. What is only reserved takes no memory of the machine. */
const HALF = 2 ** 31;

describe.each([1, 2])("memory beyond 2 GiB, %i threads", (threads) => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await createBackend({ threads });
  });
  afterEach(() => backend.dispose());

  it("has views of blocks that are larger", () => {
    const block = backend.allocate(HALF + 4096);
    expect(block.byteLength).toBe(HALF + 4096);
    expect(block.float32()).toHaveLength((HALF + 4096) / 4);
    expect(block.int32()).toHaveLength((HALF + 4096) / 4);
    expect(block.bytes()).toHaveLength(HALF + 4096);
    block.float32()[HALF / 4 + 5] = 1.5;
    expect(block.float32().at(HALF / 4 + 5)).toBe(1.5);
    backend.release(block);
  });

  it("computes what it computes below", () => {
    const expected = compute(backend);
    const below = backend.allocate(HALF);
    const above = compute(backend);
    for (const [name, values] of Object.entries(expected)) {
      expect(Buffer.from(above[name]!.buffer).equals(Buffer.from(values.buffer)), name).toBe(true);
    }
    backend.release(below);
  });

  it.each(["float32", "int8"] as const)("has packed %s weights that are larger", (dtype) => {
    const columns = 8192;
    const rows = Math.ceil((HALF + 2 ** 24) / columns / (dtype === "int8" ? 1 : 4));
    const weights = backend.createPacked(rows, columns, dtype);
    expect(weights.byteLength).toBeGreaterThan(HALF);
    // The last panel alone is written.
    const first = Math.floor((rows - 1) / 8) * 8;
    const values = numbers((rows - first) * columns, 1);
    backend.packRows(weights, first, values);
    const small = backend.createPacked(rows - first, columns, dtype);
    backend.packRows(small, 0, values);
    expect(backend.unpackRows(weights, first, rows - first)).toEqual(backend.unpackRows(small, 0, rows - first));
    if (dtype === "int8") {
      expect(backend.unpackInt8Rows(weights, first, rows - first)).toEqual(
        backend.unpackInt8Rows(small, 0, rows - first),
      );
    }
    for (const packed of [weights, small]) backend.releasePacked(packed);
  });

  it("refuses what no address reaches", () => {
    expect(() => backend.allocate(2 ** 32)).toThrow(BackendError);
    expect(() => backend.createPacked(2 ** 20, 2 ** 13, "int8")).toThrow(/no memory for .* MB more/);
    expect(() => Tensor.allocate(backend, [2 ** 16, 2 ** 16])).toThrow(BackendError);
    const packed = backend.createPacked(8, 8);
    backend.packRows(packed, 0, numbers(64, 1));
    expect(linear(Tensor.from(backend, numbers(8, 2), [1, 8]), packed).data.every(Number.isFinite)).toBe(true);
  });
});
