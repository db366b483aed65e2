import type { LayerNormGradientArguments } from "../../gradient-kernels.js";
import { SUM_COLUMNS } from "../constants.js";
import { adds } from "./product-gradients.js";
import { addressOf, rowsOf } from "./rows.js";
import type { KernelContext } from "./runner.js";

/** Rows whose share of a layer normalisation's weight gradients is summed first: whatever the number of threads. */
const NORM_ROWS = 32;

export function differentiateLayerNorm({ run, memory }: KernelContext, args: LayerNormGradientArguments): void {
  const { rows, columns } = args.input;
  const blocks = Math.ceil(rows / NORM_ROWS);
  const scratch = memory.allocate(Math.max(1, 3 * blocks * columns * 4));
  run(
    "layerNormGradient",
    {
      input: rowsOf(args.input),
      residual: rowsOf(args.residual),
      weight: addressOf(args.weight),
      epsilon: args.epsilon,
      outputGradient: rowsOf(args.outputGradient),
      inputGradient: rowsOf(args.inputGradient),
      residualGradient: rowsOf(args.residualGradient),
      addInput: adds(args.inputGradient),
      addResidual: adds(args.residualGradient),
      sums: scratch.address,
      normal: scratch.address + 2 * blocks * columns * 4,
      columns,
      rows,
      blockRows: NORM_ROWS,
    },
    blocks,
    8 * rows * columns,
  );
  for (const [index, gradient] of [args.weightGradient, args.biasGradient].entries()) {
    if (gradient !== null) {
      const sums = { address: scratch.address + index * columns * 4, stride: 2 * columns * 4 };
      const units = Math.ceil(columns / SUM_COLUMNS);
      run("sumRows", { input: sums, rows: blocks, columns, gradient: addressOf(gradient) }, units, blocks * columns);
    }
  }
  memory.release(scratch);
}
