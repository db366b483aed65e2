import { seededRandom } from "../../seeded-random.js";
import { NO_ACTIVATION, TILE } from "../constants.js";
import { instantiateKernels, type KernelModules } from "./instance.js";
import { Int8Weights, multiplyInt8, quantizeInPieces } from "./int8.js";
import { LinearMemory } from "./memory.js";
import { compileKernels } from "./modules.js";
import { allocateScratch, multiply, PanelWeights } from "./product.js";
import { rowsFrom } from "./rows.js";
import { runHere } from "./runner.js";

/** Two of the tallest tiles. */
const ROWS = 2 * TILE;
const COLUMNS = 57;
/** One wide tile. */
const OUTPUTS = 16;

/**
 * Whether wide tiles, compiled as they will be once they have run for a while, give the usual ones' results bit for bit;
 * null where there are none. `optimise` turns on, and off again, that code is compiled so at once.
 */
export async function wideTilesAgree(optimise: (on: boolean) => void): Promise<boolean | null> {
  const usual = await compileKernels(false, false);
  if (usual?.variant !== "relaxed-simd") {
    return null;
  }
  const expected = await products(usual);
  optimise(true);
  try {
    // Of the same bytes the engine would answer with what it has compiled. Loops around the tiles need not be compiled again.
    const fresh = (await compileKernels(false, true, { isFresh: true }))!;
    const wide = await products({ ...fresh, elements: usual.elements });
    return expected.every((bits, i) => bits === wide[i]);
  } finally {
    optimise(false);
  }
}

/** The bits of a product in float32 and of one in int8. */
async function products(modules: KernelModules): Promise<Int32Array> {
  const memory = new LinearMemory(false);
  const kernels = await instantiateKernels(modules, memory.memory);
  const context = { run: runHere(kernels), memory, scratch: allocateScratch(memory).product };
  const input = memory.allocate(ROWS * COLUMNS * 4);
  input.float32().set(numbers(ROWS * COLUMNS, 1));
  const output = memory.allocate(2 * ROWS * OUTPUTS * 4);
  const product = {
    input: { address: input.address, stride: COLUMNS * 4 },
    rows: ROWS,
    bias: 0,
    output: { address: output.address, stride: OUTPUTS * 4 },
    activation: NO_ACTIVATION,
  };
  const values = numbers(OUTPUTS * COLUMNS, 2);
  const weights = new PanelWeights(memory, OUTPUTS, COLUMNS);
  weights.pack(0, values);
  multiply(context, { ...product, weights });
  const int8 = new Int8Weights(memory, OUTPUTS, COLUMNS, modules.int8Format);
  quantizeInPieces(context, values, COLUMNS, (...rows) => int8.pack(...rows));
  multiplyInt8(context, { ...product, weights: int8, output: rowsFrom(product.output, ROWS) });
  return output.int32().slice(0, 2 * ROWS * OUTPUTS);
}

/** Numbers between -1 and 1, the same each time. */
function numbers(count: number, seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
}
