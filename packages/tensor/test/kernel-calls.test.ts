import { expect, test } from "vitest";
import { type KernelArguments, type KernelName, MOST_NUMBERS, NUMBERS } from "../src/kernels/generated/calls.js";
import { instantiateKernels } from "../src/kernels/wasm/instance.js";
import { LinearMemory } from "../src/kernels/wasm/memory.js";
import { compileKernels, VARIANTS } from "../src/kernels/wasm/modules.js";
import type { RunKernel } from "../src/kernels/wasm/runner.js";

const MATRIX = { address: 1, stride: 2 };

/** Every argument is there, as rows or as a number: whatever a kernel reads, it gets. */
const anything = new Proxy({}, { get: () => Object.assign(Object(3), MATRIX) });

test.each(VARIANTS)(
  "the %s kernels take as many numbers as their calls give, and a range of units",
  async (variant) => {
    const modules = await compileKernels(false, false, { variants: [variant] });
    if (modules === null) {
      // Node 20 has no relaxed SIMD.
      expect(variant).toBe("relaxed-simd");
      return;
    }
    const { elements } = await instantiateKernels(modules, new LinearMemory(false).memory);
    const counts = Object.entries(NUMBERS).map(([name, numbers]) => [
      name,
      (numbers as (args: unknown) => number[])(anything).length + 2,
    ]);
    expect(counts).toEqual(Object.keys(NUMBERS).map((name) => [name, elements[name as KernelName].length]));
    expect(Math.max(...counts.map(([, count]) => count as number))).toBe(MOST_NUMBERS + 2);
  },
);

test("a call is turned into numbers in the order of the assembly's parameters", () => {
  const [input, output] = [
    { address: 64, stride: 16 },
    { address: 128, stride: 32 },
  ];
  expect(NUMBERS.softmax({ input, output, columns: 4, size: 2 })).toEqual([64, 16, 128, 32, 4, 2]);
});

test("a wrong call does not compile", () => {
  const calls = (run: RunKernel): void => {
    run("softmax", { input: MATRIX, output: MATRIX, columns: 4, size: 2 }, 1, 1);
    // @ts-expect-error -- an argument is missing
    run("softmax", { input: MATRIX, output: MATRIX, columns: 4 }, 1, 1);
    // @ts-expect-error -- there is none of this name
    run("softmax", { input: MATRIX, output: MATRIX, columns: 4, size: 2, groups: 1 }, 1, 1);
    // @ts-expect-error -- an address alone is no matrix
    run("softmax", { input: 64, output: MATRIX, columns: 4, size: 2 }, 1, 1);
    // @ts-expect-error -- there is no such kernel
    run("softmaxes", { input: MATRIX, output: MATRIX, columns: 4, size: 2 }, 1, 1);
  };
  expect(calls).toBeTypeOf("function");
  const complete: KernelArguments["fill"] = { output: MATRIX, columns: 1, value: 0 };
  expect(NUMBERS.fill(complete)).toEqual([1, 2, 1, 0]);
});
