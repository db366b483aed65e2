import { availableParallelism } from "node:os";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.doUnmock("node:worker_threads");
});

const defaultThreads = async () => (await import("../src/default-threads.js")).defaultThreads();

it("takes the number of the environment variable", async () => {
  vi.stubEnv("CONVBERT_THREADS", "3");
  expect(await defaultThreads()).toBe(3);
  const { createBackend, sharedBackend } = await import("../src/index.js");
  const backend = await createBackend();
  expect(backend.description).toMatch(/3 threads$/);
  backend.dispose();
  const shared = await sharedBackend();
  expect(await sharedBackend({ threads: 3 })).toBe(shared);
  expect(await sharedBackend({ threads: 1 })).not.toBe(shared);
  expect((await sharedBackend({ backend: "reference" })).threads).toBe(1);
  shared.dispose();
});

it.each(["", "0", "many"])("counts cores where the variable is %j", async (value) => {
  vi.stubEnv("CONVBERT_THREADS", value);
  const threads = await defaultThreads();
  expect(threads).toBeGreaterThanOrEqual(1);
  expect(threads).toBeLessThanOrEqual(Math.min(8, availableParallelism()));
});

it.each([
  [undefined, 1],
  [1, 1],
  [2, 2],
  [12, 6],
  [64, 8],
])("in a page with %j logical processors: %i", async (hardwareConcurrency, threads) => {
  vi.stubGlobal("process", undefined);
  vi.stubGlobal("navigator", { hardwareConcurrency });
  expect(await defaultThreads()).toBe(threads);
});

it("asks Deno for nothing that it has not been allowed", async () => {
  vi.stubEnv("CONVBERT_THREADS", "3");
  const asked: unknown[] = [];
  const querySync = (permission: unknown) => {
    asked.push(permission);
    return { state: "prompt" };
  };
  vi.stubGlobal("Deno", { permissions: { querySync } });
  vi.stubGlobal("navigator", { hardwareConcurrency: 5 });
  const threads = await defaultThreads();
  expect(asked[0]).toEqual({ name: "env", variable: "CONVBERT_THREADS" });
  expect(threads).toBe(process.platform !== "linux" && process.arch === "x64" ? 3 : 5);
});

it("computes alone where no worker starts, unless threads were asked for", async () => {
  vi.stubEnv("CONVBERT_THREADS", "2");
  vi.doMock("node:worker_threads", () => ({
    Worker: class {
      constructor() {
        throw new Error("forbidden here");
      }
    },
  }));
  const { createBackend, BackendError } = await import("../src/index.js");
  const backend = await createBackend();
  expect(backend.description).toMatch(/1 thread \(others could not be started\)$/);
  expect(backend.threads).toBe(1);
  expect(backend.memory().liveBlocks).toBe(0);
  backend.dispose();
  await expect(createBackend({ threads: 2 })).rejects.toThrow(BackendError);
});
