import type { Sequences } from "../../backend.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import type { RunKernel } from "./product.js";
import type { Rows } from "./rows.js";

/** Columns of a unit of the depthwise kernel's gradient, as in assembly/convolution-gradients.ts. */
const COLUMN_BLOCK = 16;

/** What convolutions run on. */
interface Context {
  readonly run: RunKernel;
  readonly memory: LinearMemory;
}

/** First and last token (exclusive) of every token's sequence; the caller releases the block. */
function sequenceBounds(memory: LinearMemory, { offsets }: Sequences): WasmStorage {
  const block = memory.allocate(offsets.at(-1)! * 8);
  const bounds = block.int32();
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const [start, end] = [offsets[sequence]!, offsets[sequence + 1]!];
    for (let token = start; token < end; token++) {
      bounds[2 * token] = start;
      bounds[2 * token + 1] = end;
    }
  }
  return block;
}

/** Over all sequences of a batch at once. */
export function convolveDepthwise(
  { run, memory }: Context,
  input: Rows,
  kernel: Rows,
  sequences: Sequences,
  output: Rows,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const bounds = sequenceBounds(memory, sequences);
  const from = [input.pointer, input.stride, kernel.pointer, kernel.stride, kernel.rows];
  const args = [...from, output.pointer, output.stride, input.columns, bounds.pointer];
  run("depthwiseConvolution", args, tokens, tokens * kernel.rows * input.columns);
  memory.release(bounds);
}

/** Over all sequences of a batch at once. */
export function convolveDynamic(
  { run, memory }: Context,
  values: Rows,
  kernels: Rows,
  heads: number,
  sequences: Sequences,
  output: Rows,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const taps = kernels.columns / heads;
  const bounds = sequenceBounds(memory, sequences);
  const from = [values.pointer, values.stride, kernels.pointer, kernels.stride, heads, values.columns / heads, taps];
  run(
    "dynamicConvolution",
    [...from, output.pointer, output.stride, bounds.pointer],
    tokens,
    tokens * taps * values.columns,
  );
  memory.release(bounds);
}

export function depthwiseGradient(
  { run, memory }: Context,
  input: Rows,
  kernel: Rows,
  sequences: Sequences,
  outputGradient: Rows,
  inputGradient: Rows | null,
  kernelGradient: Rows | null,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const { columns } = input;
  const taps = kernel.rows;
  const work = tokens * taps * columns;
  const slope = [outputGradient.pointer, outputGradient.stride];
  const bounds = sequenceBounds(memory, sequences);
  if (inputGradient !== null) {
    const to = [inputGradient.pointer, inputGradient.stride, columns, bounds.pointer];
    run("depthwiseInputGradient", [...slope, kernel.pointer, kernel.stride, taps, ...to], tokens, work);
  }
  if (kernelGradient !== null) {
    const to = [kernelGradient.pointer, kernelGradient.stride, columns, tokens, bounds.pointer];
    const args = [input.pointer, input.stride, ...slope, taps, ...to];
    run("depthwiseKernelGradient", args, Math.ceil(columns / COLUMN_BLOCK), work);
  }
  memory.release(bounds);
}

export function dynamicGradient(
  { run, memory }: Context,
  values: Rows,
  kernels: Rows,
  heads: number,
  sequences: Sequences,
  outputGradient: Rows,
  valuesGradient: Rows | null,
  kernelsGradient: Rows | null,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const size = values.columns / heads;
  const taps = kernels.columns / heads;
  const work = tokens * taps * values.columns;
  const slope = [outputGradient.pointer, outputGradient.stride];
  const bounds = sequenceBounds(memory, sequences);
  if (valuesGradient !== null) {
    const to = [valuesGradient.pointer, valuesGradient.stride, bounds.pointer];
    run("dynamicValuesGradient", [...slope, kernels.pointer, kernels.stride, heads, size, taps, ...to], tokens, work);
  }
  if (kernelsGradient !== null) {
    const to = [kernelsGradient.pointer, kernelsGradient.stride, bounds.pointer];
    run("dynamicKernelsGradient", [values.pointer, values.stride, ...slope, heads, size, taps, ...to], tokens, work);
  }
  memory.release(bounds);
}
