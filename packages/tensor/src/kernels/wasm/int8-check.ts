import { NO_ACTIVATION, TILE } from "../constants.js";
import type { Kernels } from "./instance.js";
import { Int8Weights, multiplyInt8, paddedRows } from "./int8.js";
import type { LinearMemory } from "./memory.js";
import { allocateScratch } from "./product.js";
import { runHere } from "./runner.js";

/** Two panels for a wide tile, and one that is alone and incomplete. */
const OUTPUTS = 21;
/** No whole number of groups, and an odd one. */
const COLUMNS = 19;

/**
 * Whether tiles of every height compute what they have to: whole numbers, up to the largest sums, against plain
 * arithmetic. V8's first compiler confuses registers in dot products of pairs where the CPU has no AVX.
 */
export function multipliesExactly(kernels: Kernels, memory: LinearMemory): boolean {
  const { limit } = kernels.int8Format;
  const weights = new Int8Weights(memory, OUTPUTS, COLUMNS, kernels.int8Format);
  // With the largest magnitude in every row all scales are 1.
  const values = integers(OUTPUTS, 127);
  const padded = paddedRows(values, COLUMNS);
  weights.pack(0, padded.values, padded.stride, new Float32Array(OUTPUTS).fill(1));
  const input = memory.allocate(TILE * COLUMNS * 4);
  const numbers = integers(TILE, limit);
  input.float32().set(numbers);
  const output = memory.allocate(TILE * OUTPUTS * 4);
  const scratch = allocateScratch(memory);
  const context = { run: runHere(kernels), memory, scratch: scratch.product };
  let isExact = true;
  for (let rows = 1; rows <= TILE && isExact; rows++) {
    multiplyInt8(context, {
      input: { address: input.address, stride: COLUMNS * 4 },
      rows,
      weights,
      bias: 0,
      output: { address: output.address, stride: OUTPUTS * 4 },
      activation: NO_ACTIVATION,
    });
    const results = output.float32();
    for (let i = 0; i < rows * OUTPUTS && isExact; i++) {
      const [row, column] = [Math.floor(i / OUTPUTS), i % OUTPUTS];
      let sum = 0;
      for (let j = 0; j < COLUMNS; j++) {
        sum += numbers[row * COLUMNS + j]! * values[column * COLUMNS + j]!;
      }
      isExact = results[i] === sum;
    }
  }
  for (const block of [weights.storage, input, output, scratch.block]) {
    memory.release(block);
  }
  return isExact;
}

/** Rows from `-limit` to `limit`, every third one of the largest alone, so that sums are large. */
function integers(rows: number, limit: number): Int8Array {
  return Int8Array.from({ length: rows * COLUMNS }, (_, i) => {
    const [row, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    return column === 0 || row % 3 === 0 ? limit : ((i * 89) % (2 * limit + 1)) - limit;
  });
}
