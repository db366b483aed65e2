import type { Matrix, Sequences } from "../../operands.js";
import { TAP_COLUMNS } from "../constants.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import { rowsOf } from "./rows.js";
import type { KernelContext } from "./runner.js";

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
  { run, memory }: KernelContext,
  input: Matrix,
  kernel: Matrix,
  sequences: Sequences,
  output: Matrix,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const { columns } = input;
  const bounds = sequenceBounds(memory, sequences);
  run(
    "depthwiseConvolution",
    {
      input: rowsOf(input),
      kernel: rowsOf(kernel),
      taps: kernel.rows,
      output: rowsOf(output),
      columns,
      bounds: bounds.address,
    },
    tokens,
    tokens * kernel.rows * columns,
  );
  memory.release(bounds);
}

/** Over all sequences of a batch at once. */
export function convolveDynamic(
  { run, memory }: KernelContext,
  values: Matrix,
  kernels: Matrix,
  heads: number,
  sequences: Sequences,
  output: Matrix,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const taps = kernels.columns / heads;
  const bounds = sequenceBounds(memory, sequences);
  run(
    "dynamicConvolution",
    {
      values: rowsOf(values),
      kernels: rowsOf(kernels),
      heads,
      size: values.columns / heads,
      taps,
      output: rowsOf(output),
      bounds: bounds.address,
    },
    tokens,
    tokens * taps * values.columns,
  );
  memory.release(bounds);
}

export function depthwiseGradient(
  { run, memory }: KernelContext,
  input: Matrix,
  kernel: Matrix,
  sequences: Sequences,
  outputGradient: Matrix,
  inputGradient: Matrix | null,
  kernelGradient: Matrix | null,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const { columns } = input;
  const taps = kernel.rows;
  const work = tokens * taps * columns;
  const bounds = sequenceBounds(memory, sequences);
  const common = { outputGradient: rowsOf(outputGradient), taps, columns, bounds: bounds.address };
  if (inputGradient !== null) {
    const args = { ...common, kernel: rowsOf(kernel), gradient: rowsOf(inputGradient) };
    run("depthwiseInputGradient", args, tokens, work);
  }
  if (kernelGradient !== null) {
    const args = { ...common, input: rowsOf(input), gradient: rowsOf(kernelGradient), tokens };
    run("depthwiseKernelGradient", args, Math.ceil(columns / TAP_COLUMNS), work);
  }
  memory.release(bounds);
}

export function dynamicGradient(
  { run, memory }: KernelContext,
  values: Matrix,
  kernels: Matrix,
  heads: number,
  sequences: Sequences,
  outputGradient: Matrix,
  valuesGradient: Matrix | null,
  kernelsGradient: Matrix | null,
): void {
  const tokens = sequences.offsets.at(-1)!;
  const size = values.columns / heads;
  const taps = kernels.columns / heads;
  const work = tokens * taps * values.columns;
  const bounds = sequenceBounds(memory, sequences);
  const common = { outputGradient: rowsOf(outputGradient), heads, size, taps, bounds: bounds.address };
  if (valuesGradient !== null) {
    const args = { ...common, kernels: rowsOf(kernels), gradient: rowsOf(valuesGradient) };
    run("dynamicValuesGradient", args, tokens, work);
  }
  if (kernelsGradient !== null) {
    const args = { ...common, values: rowsOf(values), gradient: rowsOf(kernelsGradient) };
    run("dynamicKernelsGradient", args, tokens, work);
  }
  memory.release(bounds);
}
