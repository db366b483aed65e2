import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, createBackend, linear, Tensor } from "../src/index.js";
import { WORKER_SOURCE } from "../src/kernels/generated/worker.js";
import { createWasmBackend } from "../src/kernels/wasm/create.js";
import { LinearMemory } from "../src/kernels/wasm/memory.js";
import { compileKernels } from "../src/kernels/wasm/modules.js";
import { controlBytes } from "../src/kernels/wasm/threads/control.js";
import { compute } from "./layer.js";
import { numbers } from "./numbers.js";

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

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

  // Rows of every remainder: none may write into the next one, which is another thread's.
  it.each([4500, 4501, 4502, 4503])("changes no bit in 16-bit products of %d columns either", async (columns) => {
    const answers = await Promise.all(
      [1, 3].map(async (threads) => {
        const backend = (await createWasmBackend(threads, { variants: ["simd128"] }))!;
        const weights = backend.createPacked(8, columns, "int8");
        backend.packRows(weights, 0, numbers(8 * columns, 1));
        const input = Tensor.from(backend, numbers(300 * columns, 2), [300, columns]);
        const rounds = Array.from({ length: 10 }, () => linear(input, weights).toArray().data.slice());
        backend.dispose();
        return rounds;
      }),
    );
    const [expected] = answers[0]!;
    for (const values of answers.flat()) expect(Buffer.compare(bytesOf(values), bytesOf(expected!))).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN, 1e9])("refuses %d threads", async (threads) => {
    await expect(createBackend({ threads })).rejects.toThrow("whole number from 1");
  });
});

it.each(["commonjs", "module"])("starts workers in a process that takes scripts as %s", async (type) => {
  const memory = new LinearMemory(true);
  const control = memory.allocate(controlBytes(2)).address;
  const modules = await compileKernels(true, false);
  const workerData = { modules, memory: memory.memory, control, names: [], threads: 2, index: 1 };
  const worker = new Worker(WORKER_SOURCE, { eval: true, workerData, execArgv: [`--input-type=${type}`] });
  const message = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  expect(message).toBe("ready");
  await worker.terminate();
});
