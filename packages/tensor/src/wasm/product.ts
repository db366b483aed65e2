import type { PackedWeights } from "../backend.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import type { Kernels } from "./modules.js";

/** Columns of a panel of packed weights and of a tile; as in kernels/emit/product.ts. */
export const PANEL = 8;
/** Rows of the tallest tile. */
const TILE = 6;
/** Rows of the input that pass over all panels together: they stay in the second-level cache. */
export const ROW_BLOCK = 240;
/** Steps of the inner dimension that a panel holds at a time: 24 KB, so that it stays in the first-level cache. */
const DEPTH_BLOCK = 768;
/** Panels whose results get their activation while they are in cache. */
export const EPILOGUE_PANELS = 8;

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
    for (let row = firstRow, from = 0; from < values.length; row++) {
      let to = Math.floor(row / PANEL) * PANEL * columns + (row % PANEL);
      for (const end = from + columns; from < end; from++, to += PANEL) {
        packed[to] = values[from]!;
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

/** Arguments of {@link multiply}; pointers and strides in bytes. */
export interface Product {
  readonly input: number;
  readonly inputStride: number;
  readonly rows: number;
  readonly weights: PanelWeights;
  /** 0 means none. */
  readonly bias: number;
  readonly output: number;
  readonly outputStride: number;
  /** Applied to blocks of finished columns. */
  readonly epilogue: ((output: number, columns: number, rows: number) => void) | null;
}

/** Memory that products work in. */
export interface ProductScratch {
  /** Eight zeros. */
  readonly zeros: number;
  /** The bias's last, incomplete panel. */
  readonly bias: number;
  /** A block of input rows laid close together: `ROW_BLOCK * (DEPTH_BLOCK + 16)` float32. */
  readonly input: number;
  /** A tile column of an incomplete panel: `ROW_BLOCK * PANEL` float32. */
  readonly edge: number;
}

/** Bytes of each part of the scratch memory. */
export const SCRATCH_BYTES = {
  zeros: 64,
  bias: 64,
  input: ROW_BLOCK * (DEPTH_BLOCK + 16) * 4,
  edge: ROW_BLOCK * PANEL * 4,
};

/** `output = input · weightsᵀ + bias`, then the epilogue. Kernels are called a panel at a time, so calls stay short. */
export function multiply({ tiles, elements }: Kernels, scratch: ProductScratch, product: Product): void {
  const { weights, rows, bias, outputStride, epilogue } = product;
  const { columns: depth } = weights;
  const panels = Math.ceil(weights.rows / PANEL);
  const edgeColumns = weights.rows % PANEL;
  const whole = edgeColumns === 0 ? panels : panels - 1;
  if (edgeColumns > 0 && bias !== 0) {
    elements.copyRows(bias + whole * PANEL * 4, 0, scratch.bias, 0, edgeColumns, 0, 1);
  }
  const depthBlocks = Math.max(1, Math.ceil(depth / DEPTH_BLOCK));
  const depthStep = Math.ceil(depth / depthBlocks);
  const packed = weights.storage.pointer;

  for (let firstRow = 0; firstRow < rows; firstRow += ROW_BLOCK) {
    const count = Math.min(ROW_BLOCK, rows - firstRow);
    const output = product.output + firstRow * outputStride;
    for (let step = 0; step < depth; step += depthStep) {
      const length = Math.min(depthStep, depth - step);
      let input = product.input + firstRow * product.inputStride + step * 4;
      let inputStride = product.inputStride;
      if (depthBlocks > 1) {
        // Rows that lie a multiple of 4096 bytes apart would evict each other from the first-level cache.
        const close = (length + 16) * 4;
        elements.copyRows(input, inputStride, scratch.input, close, length, 0, count);
        input = scratch.input;
        inputStride = close;
      }
      const last = step + length === depth;
      for (let panel = 0; panel < panels; panel++) {
        const edge = panel === whole;
        const b = packed + (panel * depth + step) * PANEL * 4;
        const biasAt = edge ? scratch.bias : bias + panel * PANEL * 4;
        const start = step > 0 || bias === 0 ? scratch.zeros : biasAt;
        const c = edge ? scratch.edge : output + panel * PANEL * 4;
        column(tiles, input, inputStride, b, length, start, c, edge ? PANEL * 4 : outputStride, count, step);
        if (edge && last) {
          elements.copyRows(scratch.edge, PANEL * 4, output + panel * PANEL * 4, outputStride, edgeColumns, 0, count);
        }
        if (last && epilogue !== null && (panel % EPILOGUE_PANELS === EPILOGUE_PANELS - 1 || panel === panels - 1)) {
          const first = panel - (panel % EPILOGUE_PANELS);
          const end = Math.min((panel + 1) * PANEL, weights.rows);
          epilogue(output + first * PANEL * 4, end - first * PANEL, count);
        }
      }
    }
  }
}

/** One panel against all rows of the block. */
function column(
  tiles: Kernels["tiles"],
  input: number,
  inputStride: number,
  panel: number,
  depth: number,
  start: number,
  output: number,
  outputStride: number,
  rows: number,
  accumulate: number,
): void {
  eachHeight(rows, (height, first, count) => {
    tiles[TILE_NAMES[height]!]!(
      input + first * inputStride,
      inputStride,
      panel,
      depth,
      start,
      output + first * outputStride,
      outputStride,
      count,
      accumulate,
    );
  });
}

/** Covers rows with tiles of two neighbouring heights: `count` tiles of `height` rows from row `first`. */
export function eachHeight(rows: number, call: (height: number, first: number, count: number) => void): void {
  const count = Math.ceil(rows / TILE);
  const height = Math.floor(rows / count);
  const taller = rows % count;
  if (taller > 0) {
    call(height + 1, 0, taller);
  }
  call(height, taller * (height + 1), count - taller);
}

const TILE_NAMES = Array.from({ length: TILE + 1 }, (_, height) => `tile${height}`);
