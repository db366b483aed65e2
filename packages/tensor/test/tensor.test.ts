import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Backend,
  BackendError,
  createBackend,
  DisposedError,
  keep,
  ShapeError,
  Tensor,
  tidy,
} from "../src/index.js";
import { numbers } from "./numbers.js";

describe.each(["reference", "wasm"] as const)("tensors on the %s backend", (name) => {
  let backend: Backend;
  beforeEach(async () => {
    backend = await createBackend({ backend: name });
  });
  afterEach(() => backend.dispose());

  it("is an ndarray over the very memory that kernels see", () => {
    const tensor = Tensor.from(backend, [1, 2, 3, 4, 5, 6], [2, 3]);
    const { array } = tensor;
    array.set(1, 2, 60);
    expect([...tensor.data]).toEqual([1, 2, 3, 4, 5, 60]);
    const column = tensor.slice(1, 1, 3);
    expect(column.shape).toEqual([2, 2]);
    column.array.set(0, 0, 20);
    expect(tensor.array.get(0, 1)).toBe(20);
    const copy = column.toArray();
    copy.set(0, 0, -1);
    expect(tensor.array.get(0, 1)).toBe(20);
    expect([...copy.data]).toEqual([-1, 3, 5, 60]);
    expect(tensor.reshape([3, -1]).shape).toEqual([3, 2]);
  });

  it("answers misuse with typed errors", () => {
    const tensor = Tensor.from(backend, numbers(6, 1), [2, 3]);
    expect(() => Tensor.from(backend, [1, 2], [3])).toThrow(ShapeError);
    expect(() => Tensor.allocate(backend, [2, -1])).toThrow(ShapeError);
    expect(() => tensor.reshape([4])).toThrow(ShapeError);
    expect(() => tensor.slice(1, 0, 4)).toThrow(ShapeError);
    expect(() => tensor.slice(1, 0, 2).data).toThrow("not contiguous");
    expect(() => tensor.item()).toThrow(ShapeError);
    tensor.dispose();
    tensor.dispose();
    expect(tensor.disposed).toBe(true);
    expect(() => tensor.data).toThrow(DisposedError);
  });

  it("frees what a scope made, except what it returns or keeps, and everything when it throws", () => {
    const before = backend.memory().liveBlocks;
    let inner: Tensor | undefined;
    let kept: Tensor | undefined;
    const result = tidy(() => {
      inner = Tensor.from(backend, [1]);
      kept = keep(Tensor.from(backend, [2]));
      const view = Tensor.from(backend, [3, 4]).slice(0, 1, 2);
      return { list: [view], number: 5 };
    });
    expect(inner!.disposed).toBe(true);
    expect(kept!.disposed).toBe(false);
    expect(result.list[0]!.item()).toBe(4);
    expect(backend.memory().liveBlocks).toBe(before + 2);
    kept!.dispose();
    result.list[0]!.dispose();
    expect(() =>
      tidy(() => {
        Tensor.from(backend, [1]);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(() => tidy(() => Promise.resolve())).toThrow("synchronous");
    expect(backend.memory().liveBlocks).toBe(before);
  });

  it("passes what an inner scope returns to the outer one", () => {
    const before = backend.memory().liveBlocks;
    const total = tidy(() => tidy(() => Tensor.from(backend, [1, 2])).data.reduce((a, b) => a + b));
    expect(total).toBe(3);
    expect(backend.memory().liveBlocks).toBe(before);
  });

  it("accounts for every byte and reuses freed blocks", () => {
    const empty = backend.memory();
    {
      using tensor = Tensor.allocate(backend, [1000]);
      const full = backend.memory();
      expect(full.liveBytes - empty.liveBytes).toBeGreaterThanOrEqual(tensor.size * 4);
      expect(full.liveBytes - empty.liveBytes).toBeLessThan(tensor.size * 4 * 1.26);
      expect(full.liveBlocks).toBe(empty.liveBlocks + 1);
    }
    const after = backend.memory();
    expect(after.liveBytes).toBe(empty.liveBytes);
    expect(after.pooledBytes).toBeGreaterThanOrEqual(4000);
    expect(after.peakBytes).toBeGreaterThanOrEqual(4000);
    for (let i = 0; i < 5000; i++) {
      Tensor.allocate(backend, [1000]).dispose();
    }
    expect(backend.memory()).toEqual(after);
  });

  it("keeps values while the memory grows under them", () => {
    const values = numbers(1000, 3);
    using first = Tensor.from(backend, values);
    const others = Array.from({ length: 20 }, () => Tensor.allocate(backend, [1 << 18]));
    expect(first.data).toEqual(values);
    for (const other of others) {
      other.dispose();
    }
  });
});

describe("backends", () => {
  it("says what it is", async () => {
    const backend = await createBackend();
    expect(backend.description).toMatch(/^wasm (relaxed-simd|simd128)(, int8 in 7 bits)?, 1 thread$/);
    backend.dispose();
  });

  it("refuses an unknown name", async () => {
    await expect(createBackend({ backend: "gpu" as "wasm" })).rejects.toThrow(BackendError);
  });

  it("answers with the reference where WebAssembly is missing or forbidden", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    expect((await createBackend()).name).toBe("reference");
    vi.unstubAllGlobals();
    const compile = vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError("forbidden"));
    expect((await createBackend()).name).toBe("reference");
    compile.mockRestore();
    const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect((await createBackend()).name).toBe("reference");
    validate.mockRestore();
  });

  it("uses plain SIMD where relaxed SIMD is missing, with results as close", async () => {
    const { createWasmBackend } = await import("../src/kernels/wasm/create.js");
    const plain = (await createWasmBackend(1, { variants: ["simd128"] }))!;
    const best = await createBackend({ activationBits: 8 });
    expect(plain.description).toContain("simd128");
    const results = [plain, best].map((backend) => {
      const packed = backend.createPacked(13, 40);
      backend.packRows(packed, 0, numbers(13 * 40, 1));
      const bytes = backend.createPacked(13, 40, "int8");
      backend.packRows(bytes, 0, numbers(13 * 40, 1));
      const x = Tensor.from(backend, numbers(9 * 40, 2), [9, 40]).matrix();
      const output = () => Tensor.allocate(backend, [9, 13]);
      const [float, int8] = [output(), output()];
      backend.linear(x, packed, null, "gelu", float.matrix());
      backend.linear(x, bytes, null, "linear", int8.matrix());
      return [float.data.slice(), int8.data.slice()] as const;
    });
    for (const kind of [0, 1] as const) {
      results[0]![kind].forEach((value, i) => {
        expect(value).toBeCloseTo(results[1]![kind][i]!, 5);
      });
    }
    plain.dispose();
    best.dispose();
  });

  it("says when the address space is full, and goes on", async () => {
    const backend = await createBackend();
    expect(() => backend.allocate(2 ** 32)).toThrow(BackendError);
    expect(() => backend.allocate(2 ** 32)).toThrow("dispose models");
    Tensor.from(backend, [1]).dispose();
    backend.dispose();
  });
});
