import { describe, expect, test } from "vitest";
import { PanelProducts } from "../src/internal.js";
import { VARIANTS } from "../src/kernels/wasm/modules.js";
import { seededRandom } from "../src/seeded-random.js";

/** Numbers on either side of the output that nothing may change. */
const MARGIN = 16;
const MARK = 12345;

/** Everything in the memory, one behind the other. */
function layOut(memory: WebAssembly.Memory, rows: number, depth: number, columns: number) {
  let next = PanelProducts.scratchBytes;
  const place = (count: number) => {
    const values = new Float32Array(memory.buffer, next, count);
    next += count * 4;
    return values;
  };
  const random = seededRandom(rows + depth + columns);
  const drawn = (count: number) => {
    const values = place(count);
    values.set(Float32Array.from({ length: count }, () => 2 * random() - 1));
    return values;
  };
  const parts = { input: drawn(rows * depth), weights: drawn(depth * columns), bias: drawn(columns) };
  const packed = place(PanelProducts.packedBytes(depth, columns) / 4);
  const before = place(MARGIN).fill(MARK);
  const output = place(rows * columns);
  return { ...parts, packed, output, margins: [before, place(MARGIN).fill(MARK)] };
}

/** Those that this engine has. */
const variants = VARIANTS.filter(
  (variant) => PanelProducts.over(new WebAssembly.Memory({ initial: 1, maximum: 1 }), 0, variant) !== null,
);

describe.each(variants)("products in a memory of somebody else's, %s", (variant) => {
  test.each([
    [1, 1, 1],
    [1, 7, 8],
    [5, 3, 3],
    [6, 16, 16],
    [7, 70, 54],
    [13, 33, 1],
    [128, 40, 17],
    [250, 9, 9],
    [250, 1030, 12],
    [3, 4100, 10],
    [0, 4, 4],
  ])("%i rows of %i by %i columns", (rows, depth, columns) => {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
    const products = PanelProducts.over(memory, 0, variant)!;
    const { input, weights, bias, packed, output, margins } = layOut(memory, rows, depth, columns);
    products.pack(weights.byteOffset, depth, columns, packed.byteOffset);
    const addresses = { input: input.byteOffset, packed: packed.byteOffset, bias: bias.byteOffset };
    products.multiply({ ...addresses, output: output.byteOffset, rows, depth, columns });
    expect(margins.flatMap((margin) => [...margin]).every((value) => value === MARK)).toBe(true);
    let worst = 0;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let sum = bias[column]!;
        for (let k = 0; k < depth; k++) {
          sum += input[row * depth + k]! * weights[k * columns + column]!;
        }
        worst = Math.max(worst, Math.abs(sum - output[row * columns + column]!));
      }
    }
    expect(worst).toBeLessThan(2e-6 * Math.sqrt(depth));
  });
});

test("the memory may grow between products", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
  const products = PanelProducts.over(memory, 0, "simd128")!;
  memory.grow(2);
  const { input, weights, bias, packed, output } = layOut(memory, 2, 3, 4);
  products.pack(weights.byteOffset, 3, 4, packed.byteOffset);
  const addresses = { input: input.byteOffset, packed: packed.byteOffset, bias: bias.byteOffset };
  products.multiply({ ...addresses, output: output.byteOffset, rows: 2, depth: 3, columns: 4 });
  const sum = [0, 1, 2].reduce((total, k) => total + input[3 + k]! * weights[k * 4 + 3]!, bias[3]!);
  expect(output[7]).toBeCloseTo(sum, 5);
});

test("there are none over memory that is shared, or without a maximum", () => {
  expect(PanelProducts.over(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }), 0, "simd128")).toBeNull();
  expect(PanelProducts.over(new WebAssembly.Memory({ initial: 1 }), 0, "simd128")).toBeNull();
});
