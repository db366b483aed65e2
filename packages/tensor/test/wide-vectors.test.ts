import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { type Backend, createBackend, enableWideVectors, linear, sharedBackend, Tensor } from "../src/index.js";
import { FunctionBuilder, type Local } from "../src/kernels/emitter/builder.js";
import { emitInt8Tiles, type Int8Dot } from "../src/kernels/emitter/int8.js";
import { ModuleBuilder } from "../src/kernels/emitter/module.js";
import { createWasmBackend } from "../src/kernels/wasm/create.js";
import { instantiateKernels } from "../src/kernels/wasm/instance.js";
import { compileKernels } from "../src/kernels/wasm/modules.js";
import { compute } from "./layer.js";
import { numbers } from "./numbers.js";

const FLAG = "--experimental-wasm-revectorize";

/** Whether this machine and engine have what `enableWideVectors` turns on. */
const hasWideVectors =
  process.arch === "x64" &&
  !("bun" in process.versions) &&
  Number.parseInt(process.versions.v8, 10) >= 13 &&
  !process.execArgv.some((flag) => /^--no-enable-avx2?$/.test(flag)) &&
  !(process.platform === "linux" && !/^flags.* avx2( |$)/m.test(readFileSync("/proc/cpuinfo", "utf8")));

/** Wide tiles are made of relaxed instructions; where an engine has none, everything stays as it is. */
const { variant } = (await compileKernels(false, false))!;
const hasRelaxed = variant === "relaxed-simd";
const hasWideTiles = hasWideVectors && hasRelaxed;

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const bits = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

function expectSameBits(actual: Record<string, Float32Array>, expected: Record<string, Float32Array>): void {
  for (const [name, values] of Object.entries(expected)) {
    expect(bits(actual[name]!).equals(bits(values)), name).toBe(true);
  }
}

/** One product in float32 and one in int8. */
function products(backend: Backend, rows: number, columns: number, outputs: number): Record<string, Float32Array> {
  const x = Tensor.from(backend, numbers(rows * columns, 1), [rows, columns]);
  const bias = Tensor.from(backend, numbers(outputs, 2), [outputs]);
  const results: Record<string, Float32Array> = {};
  for (const dtype of ["float32", "int8"] as const) {
    const weights = backend.createPacked(outputs, columns, dtype);
    backend.packRows(weights, 0, numbers(outputs * columns, 3));
    const [plain, activated] = [linear(x, weights), linear(x, weights, { bias, activation: "gelu" })];
    results[`${dtype} plain`] = (plain.data as Float32Array).slice();
    results[`${dtype} with bias and activation`] = (activated.data as Float32Array).slice();
    backend.releasePacked(weights);
    plain.dispose();
    activated.dispose();
  }
  x.dispose();
  bias.dispose();
  return results;
}

it.each([
  [8, ""],
  [7, ", int8 in 7 bits"],
] as const)(
  "wide tiles give the bits of narrow ones at any size, activations of %i bits",
  async (activationBits, said) => {
    const narrow = await createBackend({ wideVectors: false, activationBits });
    const wide = await createBackend({ wideVectors: true, activationBits });
    expect(wide.description).toBe(`wasm ${variant}${hasRelaxed ? " in 256 bits" : ""}${said}, 1 thread`);
    expect(narrow.description).toBe(`wasm ${variant}${said}, 1 thread`);
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 70 }),
    );
    fc.assert(
      fc.property(sizes, ([rows, columns, outputs]) => {
        expectSameBits(products(wide, rows, columns, outputs), products(narrow, rows, columns, outputs));
      }),
      { numRuns: 150 },
    );
    narrow.dispose();
    wide.dispose();
  },
);

it.each([1, 2, 3, 4, 5])("reads nothing beyond %i panels that end where the memory does", async (panels) => {
  const page = 1 << 16;
  const depth = (2 * page) / 32;
  const memory = new WebAssembly.Memory({ initial: 1 + 2 * panels, maximum: 65536 });
  const kernels = await instantiateKernels((await compileKernels(false, true))!, memory);
  const floats = new Float32Array(memory.buffer).fill(1);
  const [input, output, zeros] = [1024, 32 * 1024, 40 * 1024];
  floats.fill(0, zeros / 4, zeros / 4 + 16);
  const columns = panels * 8;
  const weights = [page, depth, 0, depth];
  const target = [output, columns * 4, 0, columns, -1];
  kernels.elements.multiplyPanels(input, depth * 4, 1, ...weights, 0, zeros, 0, ...target, 0, panels);
  expect(new Set(floats.subarray(output / 4, output / 4 + columns))).toEqual(new Set([depth]));
});

it("exist only with relaxed SIMD", async () => {
  const plain = (await createWasmBackend(1, { wideVectors: true, variants: ["simd128"] }))!;
  expect(plain.description).toBe("wasm simd128, 1 thread");
  const usual = (await createWasmBackend(1, { variants: ["simd128"] }))!;
  expectSameBits(products(plain, 13, 40, 45), products(usual, 13, 40, 45));
  plain.dispose();
  usual.dispose();
});

it.each([
  ["Node 24 on x64", { versions: { node: "24.0.0", v8: "13.6.1" }, arch: "x64", execArgv: [FLAG] }, true],
  ["without the flag", { versions: { node: "24.0.0", v8: "13.6.1" }, arch: "x64", execArgv: [] }, false],
  ["Node 22", { versions: { node: "22.23.0", v8: "12.4.254" }, arch: "x64", execArgv: [FLAG] }, false],
  ["Node 20", { versions: { node: "20.19.0", v8: "11.3.2" }, arch: "x64", execArgv: [FLAG] }, false],
  ["another processor", { versions: { node: "24.0.0", v8: "13.6.1" }, arch: "arm64", execArgv: [FLAG] }, false],
  ["Bun", { versions: { node: "24.0.0", v8: "13.6.1", bun: "1.3.0" }, arch: "x64", execArgv: [FLAG] }, false],
  ["Deno", { versions: { node: "24.0.0", v8: "14.0.0", deno: "2.5.0" }, arch: "x64", execArgv: [FLAG] }, false],
  ["a page", undefined, false],
])("%s: told from what the engine says", async (_, process, expected) => {
  vi.stubGlobal("process", process);
  const { usesWideVectors } = await import("../src/wide-vectors.js");
  expect(usesWideVectors()).toBe(expected);
});

it.each([
  ["flags\t\t: fpu sse4_2 avx f16c", false],
  ["flags\t\t: fpu sse4_2 avx f16c avx2 bmi2", true],
  ["nothing that tells", true],
])("stay off on x64 without AVX2, where they are slower: %j", async (cpuinfo, expected) => {
  vi.doMock("node:fs/promises", async (original) => ({ ...(await original<object>()), readFile: async () => cpuinfo }));
  vi.stubGlobal("process", {
    ...{ versions: { node: "24.0.0", v8: "13.6.1" }, arch: "x64", platform: "linux", execArgv: [] },
  });
  vi.doMock("node:v8", () => ({ setFlagsFromString: () => undefined }));
  const { enableWideVectors: enable } = await import("../src/wide-vectors.js");
  expect(await enable()).toBe(expected);
  vi.doUnmock("node:fs/promises");
  vi.doUnmock("node:v8");
});

/** Tiles whose integers come out twice as large, as a compiler that errs could make them. */
function wrongTiles(dot: Int8Dot): Uint8Array<ArrayBuffer> {
  class Doubling extends FunctionBuilder {
    override toFloat(from: Local<"v128">, result: Local<"v128">): void {
      super.toFloat(from, result);
      super.addFloat(result, result, result);
    }
  }
  const module = new ModuleBuilder(Doubling);
  emitInt8Tiles(module, { rows: 6, dot, wide: true });
  return module.build({ sharedMemory: false });
}

it("are compared with the usual tiles, of code that is compiled anew", async () => {
  const optimise = vi.fn();
  const { wideTilesAgree } = await import("../src/kernels/wasm/wide-check.js");
  expect(await wideTilesAgree(optimise)).toBe(hasRelaxed ? true : null);
  expect(optimise.mock.calls).toEqual(hasRelaxed ? [[true], [false]] : []);

  vi.doMock("../src/kernels/wasm/modules.js", async (original) => {
    const modules = await original<typeof import("../src/kernels/wasm/modules.js")>();
    return {
      ...modules,
      async compileKernels(...args: Parameters<typeof modules.compileKernels>) {
        const compiled = (await modules.compileKernels(...args))!;
        const { tiles } = compiled.int8Format;
        return args[2]?.isFresh ? { ...compiled, int8Tiles: await WebAssembly.compile(wrongTiles(tiles)) } : compiled;
      },
    };
  });
  vi.resetModules();
  const wrong = await import("../src/kernels/wasm/wide-check.js");
  expect(await wrong.wideTilesAgree(optimise)).toBe(hasRelaxed ? false : null);
  expect(optimise.mock.lastCall).toEqual(hasRelaxed ? [false] : undefined);
  vi.doUnmock("../src/kernels/wasm/modules.js");
});

it("stay off where a bit differs, and the description says so", async () => {
  vi.doMock("../src/kernels/wasm/wide-check.js", () => ({ wideTilesAgree: async () => false }));
  vi.resetModules();
  const tensor = await import("../src/index.js");
  expect(await tensor.enableWideVectors({ check: true })).toBe(false);
  const backend = await tensor.createBackend();
  const remark = hasWideVectors ? " \\(256-bit vectors gave other results and are off\\)" : "";
  expect(backend.description).toMatch(new RegExp(`^wasm ${variant}(, int8 in 7 bits)?, 1 thread${remark}$`));
  backend.dispose();
  vi.doUnmock("../src/kernels/wasm/wide-check.js");
  vi.resetModules();
  const { enableWideVectors: enable, createBackend: create } = await import("../src/index.js");
  expect(await enable({ check: true })).toBe(hasWideTiles);
  const wide = await create();
  const width = hasWideTiles ? " in 256 bits" : "";
  expect(wide.description).toMatch(new RegExp(`^wasm ${variant}${width}(, int8 in 7 bits)?, 1 thread$`));
  wide.dispose();
});

it("can be turned on in Node on x64, and the compiled code gives the same bits", async () => {
  const kinds = [{}, { activationBits: 7 }, { activationBits: 8 }] as const;
  const before = await Promise.all(kinds.map(createBackend));
  const expected = before.map(compute);
  const canDo = hasWideVectors;
  expect(await enableWideVectors()).toBe(canDo);
  expect(await enableWideVectors()).toBe(canDo);
  const after = await Promise.all(kinds.map(createBackend));
  const shared = await sharedBackend();
  for (const backend of [...after, shared]) {
    expect(backend.description.includes("256 bits")).toBe(hasWideTiles);
  }
  // V8 compiles with the flag what has run for a while.
  for (let round = 0; round < 4; round++) {
    for (const [i, backend] of after.entries()) {
      expectSameBits(compute(backend), expected[i]!);
    }
  }
  for (const backend of [...before, ...after, shared]) {
    backend.dispose();
  }
});
