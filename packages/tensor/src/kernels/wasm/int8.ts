import type { Int8Rows, PackedWeights } from "../../operands.js";
import { INT8_LIMIT } from "../../quantize.js";
import { CACHE_LINE, PANEL } from "../constants.js";
import type { Int8Format } from "./int8-formats.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import { copyEdgeBias, type Product, type ProductContext, rowBlock } from "./product.js";
import { rowsFrom } from "./rows.js";
import type { KernelContext } from "./runner.js";

/** Largest sum of four weights of one sign that, multiplied by activations of 7 bits, fits in 16 bits. */
const FITTING_SUM = Math.floor(32767 / 127);

/**
 * `[panel][group][lane][4]` signed bytes, eight rows of the weights side by side, then for each row what corrects the
 * activations' offset (int32) and its scale (float32). Where pairs are summed in 16 bits the groups of a panel are even in
 * number, and behind them is a byte for every two: 1 where a sum of both could be too large.
 */
export class Int8Weights implements PackedWeights {
  readonly dtype = "int8";
  readonly rows: number;
  readonly columns: number;
  readonly format: Int8Format;
  readonly storage: WasmStorage;
  /** Groups of an input row. */
  readonly groups: number;
  readonly #padded: number;

  constructor(memory: LinearMemory, rows: number, columns: number, format: Int8Format) {
    this.rows = rows;
    this.columns = columns;
    this.format = format;
    const groups = Math.ceil(columns / format.group);
    this.groups = format.tiles === "pairs" ? Math.ceil(groups / 2) * 2 : groups;
    this.#padded = Math.ceil(rows / PANEL) * PANEL;
    this.storage = memory.allocate(this.panelBytes * (this.#padded / PANEL) + this.#padded * 8);
    // Rows are written whole; what fills up the last panel, or the last two groups, never is.
    const { panelBytes } = this;
    const panels = this.#padded / PANEL;
    const bytes = this.storage.bytes();
    for (let panel = this.groups > groups ? 0 : panels - 1; panel < panels; panel++) {
      bytes.fill(0, panelBytes * panel, panelBytes * (panel + 1));
    }
    bytes.fill(0, panelBytes * panels);
  }

  get byteLength(): number {
    return this.storage.byteLength;
  }

  get panelBytes(): number {
    return (
      this.#groupBytes + (this.format.tiles === "pairs" ? Math.ceil(this.groups / 2 / CACHE_LINE) * CACHE_LINE : 0)
    );
  }

  /** Bytes of a panel's groups. */
  get #groupBytes(): number {
    return this.groups * PANEL * this.format.group;
  }

  /** Address of the rows' corrections. */
  get starts(): number {
    return this.storage.address + (this.panelBytes * this.#padded) / PANEL;
  }

  /** Address of the rows' scales. */
  get scales(): number {
    return this.starts + this.#padded * 4;
  }

  /**
   * Stores quantised rows. A group moves as one word, so `values` has its rows `stride` bytes apart, a multiple of 4 and
   * of the alignment, filled up with zeros.
   */
  pack(firstRow: number, values: Int8Array, stride: number, scales: Float32Array): void {
    const { format } = this;
    // A group that only makes their number even is not in the rows.
    const groups = Math.ceil(this.columns / format.group);
    const { buffer, byteOffset } = this.storage.bytes();
    const Word = format.group === 4 ? Int32Array : Int16Array;
    const to = new Word(buffer as ArrayBuffer, byteOffset, this.storage.byteLength / format.group);
    const from = new Word(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength / format.group);
    const at = (address: number) => (address - this.storage.address) / 4;
    this.storage.float32().set(scales, at(this.scales) + firstRow);
    const starts = this.storage.int32().subarray(at(this.starts) + firstRow);
    for (let row = 0; row < scales.length; row++) {
      const start = (row * stride) / format.group;
      const target = this.#rowAt(firstRow + row) / format.group;
      for (let group = 0; group < groups; group++) {
        to[target + group * PANEL] = from[start + group]!;
      }
      starts[row] = format.offset === 0 ? 0 : -format.offset * sumOf(values, row * stride, this.columns);
    }
    if (format.tiles === "pairs") {
      const last = Math.floor((firstRow + scales.length - 1) / PANEL);
      for (let panel = Math.floor(firstRow / PANEL); panel <= last; panel++) {
        this.#markLargeSums(panel);
      }
    }
  }

  /** Writes the bytes behind a panel's groups. */
  #markLargeSums(panel: number): void {
    const bytes = this.storage.bytes().subarray(panel * this.panelBytes, (panel + 1) * this.panelBytes);
    const weights = new Int8Array(bytes.buffer, bytes.byteOffset, this.#groupBytes);
    const groupBytes = PANEL * 4;
    for (let group = 0; group < this.groups; group += 2) {
      const start = group * groupBytes;
      let isLarge = false;
      for (let pair = start; pair < start + groupBytes && !isLarge; pair += 2) {
        const [a, b] = [weights[pair]!, weights[pair + 1]!];
        const [c, d] = [weights[pair + groupBytes]!, weights[pair + groupBytes + 1]!];
        const positive = Math.max(a, 0) + Math.max(b, 0) + Math.max(c, 0) + Math.max(d, 0);
        isLarge = Math.max(positive, positive - (a + b + c + d)) > FITTING_SUM;
      }
      bytes[this.#groupBytes + group / 2] = isLarge ? 1 : 0;
    }
  }

  /** Rows as they were packed. */
  unpack(firstRow: number, rows: number): Int8Rows {
    const { columns } = this;
    const { group } = this.format;
    const bytes = new Int8Array(this.storage.bytes().buffer, this.storage.address, this.storage.byteLength);
    const scalesAt = (this.scales - this.storage.address) / 4 + firstRow;
    const scales = this.storage.float32().slice(scalesAt, scalesAt + rows);
    const values = new Int8Array(rows * columns);
    for (let row = 0, to = 0; row < rows; row++) {
      let from = this.#rowAt(firstRow + row);
      for (const rowEnd = to + columns; to < rowEnd; from += PANEL * group) {
        const end = Math.min(to + group, rowEnd);
        for (let byte = from; to < end; to++, byte++) {
          values[to] = bytes[byte]!;
        }
      }
    }
    return { values, scales };
  }

  #rowAt(row: number): number {
    return Math.floor(row / PANEL) * this.panelBytes + (row % PANEL) * this.format.group;
  }
}

function sumOf(values: Int8Array, start: number, size: number): number {
  let sum = 0;
  for (let i = start; i < start + size; i++) {
    sum += values[i]!;
  }
  return sum;
}

/** Bytes of float32 that are quantised at a time. */
const QUANTIZE_BYTES = 1 << 20;

/**
 * Quantises rows of numbers with the kernel that activations pass through. `use` gets them some rows at a time: in the
 * kernels' memory, `stride` bytes apart, valid until it returns.
 */
export function quantizeInPieces(
  { run, memory }: KernelContext,
  numbers: Float32Array,
  columns: number,
  use: (firstRow: number, values: Int8Array, stride: number, scales: Float32Array) => void,
): void {
  const rows = numbers.length / columns;
  const step = Math.min(rows, Math.max(1, Math.floor(QUANTIZE_BYTES / (columns * 4))));
  const stride = Math.ceil(columns / 4) * 4;
  const block = memory.allocate(step * (columns * 4 + 4 + stride));
  const scales = block.address + step * columns * 4;
  const quantized = scales + step * 4;
  try {
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      block.float32().set(numbers.subarray(row * columns, (row + count) * columns));
      const [input, output] = [
        { address: block.address, stride: columns * 4 },
        { address: quantized, stride },
      ];
      const args = { input, output, scales, columns, limit: INT8_LIMIT, offset: 0, wide: 0 };
      run("quantizeRows", args, count, count * columns);
      const { buffer } = block.bytes();
      use(row, new Int8Array(buffer, quantized, count * stride), stride, new Float32Array(buffer, scales, count));
    }
  } finally {
    memory.release(block);
  }
}

/** Rows of `columns` bytes in the form that {@link Int8Weights.pack} takes. */
export function paddedRows(values: Int8Array, columns: number): { values: Int8Array; stride: number } {
  const stride = Math.ceil(columns / 4) * 4;
  if (stride === columns && values.byteOffset % 4 === 0) {
    return { values, stride };
  }
  const rows = values.length / columns;
  const padded = new Int8Array(rows * stride);
  for (let row = 0; row < rows; row++) {
    padded.set(values.subarray(row * columns, (row + 1) * columns), row * stride);
  }
  return { values: padded, stride };
}

/** As `multiply` of product.ts, with weights of 8 bits; each block of input rows is quantised first. */
export function multiplyInt8(context: ProductContext, product: Product<Int8Weights>): void {
  const { run, memory, scratch } = context;
  const { input, weights, rows, bias, output, activation } = product;
  const { format, groups, panelBytes, starts, scales } = weights;
  const panels = Math.ceil(weights.rows / PANEL);
  copyEdgeBias(context, bias, weights.rows);
  const stride = groups * 4;
  const blockRows = rowBlock(rows, stride);
  const scalesBytes = Math.ceil(blockRows / 4) * 16;
  const block = memory.allocate(scalesBytes + blockRows * stride);
  const rowScales = block.address;
  const quantised = { address: block.address + scalesBytes, stride };
  for (let firstRow = 0; firstRow < rows; firstRow += blockRows) {
    const count = Math.min(blockRows, rows - firstRow);
    run(
      "quantizeRows",
      {
        input: rowsFrom(input, firstRow),
        output: quantised,
        scales: rowScales,
        columns: weights.columns,
        limit: format.limit,
        offset: format.offset,
        wide: format.group === 2 ? 1 : 0,
      },
      count,
      count * weights.columns,
    );
    run(
      "multiplyInt8Panels",
      {
        input: quantised,
        rows: count,
        rowScales,
        packed: weights.storage.address,
        panelBytes,
        groups,
        starts,
        scales,
        bias,
        zeros: scratch.zeros,
        edgeBias: scratch.bias,
        output: rowsFrom(output, firstRow),
        edge: scratch.edge,
        columns: weights.rows,
        activation,
      },
      panels,
      panels * count * groups,
    );
  }
  memory.release(block);
}
