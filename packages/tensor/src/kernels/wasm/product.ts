import type { PackedWeights } from "../../operands.js";
import { CACHE_LINE, PANEL, PANEL_BYTES, TILE, ZEROS_BYTES } from "../constants.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import { type Rows, rowsFrom } from "./rows.js";
import type { KernelContext } from "./runner.js";

/** Bytes of the input that pass over all panels together: they stay in the second-level cache. */
const INPUT_BYTES = 512 << 10;
/** Rows of the input that pass over all panels together, at most. */
export const MAX_ROWS = 240;
/**
 * Steps of the inner dimension that a pass takes: a panel of 128 KB stays in the second-level cache. Passes over shorter
 * pieces, which would fit the first, cost more in sums that are written and read again than they save.
 */
export const DEPTH_BLOCK = 4096;

/** Rows of an input with rows of `rowBytes` that pass over all panels together: equal parts, in whole tiles. */
export function rowBlock(rows: number, rowBytes: number): number {
  const fitting = Math.floor(INPUT_BYTES / rowBytes / TILE) * TILE;
  const most = Math.max(TILE, Math.min(MAX_ROWS, fitting));
  return Math.ceil(rows / Math.max(1, Math.ceil(rows / most)) / TILE) * TILE;
}

/** `[panel][column][lane]`: eight rows of the weights side by side, the last panel filled up with zeros. */
export class PanelWeights implements PackedWeights {
  readonly dtype = "float32";
  readonly rows: number;
  readonly columns: number;
  readonly storage: WasmStorage;

  constructor(memory: LinearMemory, rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    const panels = Math.ceil(rows / PANEL);
    this.storage = memory.allocate(panels * PANEL * columns * 4);
    if (rows % PANEL !== 0) {
      const panel = PANEL * columns;
      this.storage.float32().fill(0, (panels - 1) * panel, panels * panel);
    }
  }

  get byteLength(): number {
    return this.storage.byteLength;
  }

  pack(firstRow: number, values: Float32Array): void {
    const { columns } = this;
    const packed = this.storage.float32();
    for (let row = firstRow, from = 0; from < values.length; ) {
      const lane = row % PANEL;
      let to = (row - lane) * columns + lane;
      const second = from + columns;
      const [third, fourth] = [second + columns, second + 2 * columns];
      // Four rows of a panel at once, where there are as many: they are written side by side, in three quarters of the time.
      if (lane <= PANEL - 4 && fourth < values.length) {
        for (let column = 0; column < columns; column++, to += PANEL) {
          packed[to] = values[from + column]!;
          packed[to + 1] = values[second + column]!;
          packed[to + 2] = values[third + column]!;
          packed[to + 3] = values[fourth + column]!;
        }
        row += 4;
        from = fourth + columns;
      } else {
        for (; from < second; from++, to += PANEL) {
          packed[to] = values[from]!;
        }
        row++;
      }
    }
  }

  unpack(firstRow: number, rows: number): Float32Array {
    const { columns } = this;
    const packed = this.storage.float32();
    const values = new Float32Array(rows * columns);
    for (let row = firstRow, to = 0; to < values.length; row++) {
      let from = Math.floor(row / PANEL) * PANEL * columns + (row % PANEL);
      for (const end = to + columns; to < end; to++, from += PANEL) {
        values[to] = packed[from]!;
      }
    }
    return values;
  }
}

/** Arguments of {@link multiply}. */
export interface Product<Weights> {
  readonly input: Rows;
  readonly rows: number;
  readonly weights: Weights;
  /** Its address; 0 means none. */
  readonly bias: number;
  readonly output: Rows;
  /** Code of the activation of finished columns. */
  readonly activation: number;
}

/** Memory that products work in, by address. */
export interface ProductScratch {
  /** Zeros that sums start from. */
  readonly zeros: number;
  /** The bias's last, incomplete panel. */
  readonly bias: number;
  /** A tile column of an incomplete panel: `MAX_ROWS * PANEL` float32. */
  readonly edge: number;
}

/** What products run on. */
export interface ProductContext extends KernelContext {
  readonly scratch: ProductScratch;
}

/** Scratch memory, and its block for the caller to release. */
export function allocateScratch(memory: LinearMemory): { block: WasmStorage; product: ProductScratch } {
  const block = memory.allocate(ZEROS_BYTES + CACHE_LINE + MAX_ROWS * PANEL_BYTES);
  block.bytes().fill(0, 0, ZEROS_BYTES);
  const bias = block.address + ZEROS_BYTES;
  return { block, product: { zeros: block.address, bias, edge: bias + CACHE_LINE } };
}

/** Copies the bias of an incomplete last panel to where eight numbers can be read. */
export function copyEdgeBias({ run, scratch }: ProductContext, bias: number, rows: number): void {
  const columns = rows % PANEL;
  if (columns > 0 && bias !== 0) {
    const input = { address: bias + (rows - columns) * 4, stride: 0 };
    run("copyRows", { input, output: { address: scratch.bias, stride: 0 }, columns }, 1, 0);
  }
}

/** `output = input · weightsᵀ + bias`, then the activation: a block of rows at a time against all panels. */
export function multiply(context: ProductContext, product: Product<PanelWeights>): void {
  const { run, scratch } = context;
  const { input, weights, rows, bias, output, activation } = product;
  const { columns: depth } = weights;
  const panels = Math.ceil(weights.rows / PANEL);
  copyEdgeBias(context, bias, weights.rows);
  const depthBlocks = Math.ceil(depth / DEPTH_BLOCK);
  const depthStep = Math.ceil(depth / depthBlocks);
  const block = rowBlock(rows, depthStep * 4);
  for (let firstRow = 0; firstRow < rows; firstRow += block) {
    const count = Math.min(block, rows - firstRow);
    for (let step = 0; step < depth; step += depthStep) {
      const length = Math.min(depthStep, depth - step);
      run(
        "multiplyPanels",
        {
          input: rowsFrom(input, firstRow, step * 4),
          rows: count,
          packed: weights.storage.address,
          depth,
          step,
          length,
          bias,
          zeros: scratch.zeros,
          edgeBias: scratch.bias,
          output: rowsFrom(output, firstRow),
          edge: scratch.edge,
          columns: weights.rows,
          activation,
        },
        panels,
        panels * count * length,
      );
    }
  }
}
