import type { Int8Rows, PackedWeights } from "../backend.js";
import { INT8_LIMIT } from "../quantize.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import type { Kernels } from "./modules.js";
import { copyEdgeBias, PANEL, type Product, type ProductScratch, type RunKernel, rowBlock } from "./product.js";

/**
 * How activations are written for the dot product of this engine and CPU. `relaxed_dot` leaves the eighth bit of its
 * right side to the CPU: an unsigned value (x86 with VNNI), a sign (Arm), or lost in a saturating sum (older x86).
 */
export interface Int8Format {
  readonly name: "u8" | "s8" | "i7" | "i16";
  /** Largest quantised magnitude of an activation. */
  readonly limit: number;
  /** Added to activations, and corrected by the weights' column sums. */
  readonly offset: number;
  /** Bytes of a group's weights a column: 4, or 2 where activations have 16 bits. */
  readonly group: 4 | 2;
}

const FORMATS: Readonly<Record<Int8Format["name"], Int8Format>> = {
  u8: { name: "u8", limit: INT8_LIMIT, offset: 128, group: 4 },
  s8: { name: "s8", limit: INT8_LIMIT, offset: 0, group: 4 },
  i7: { name: "i7", limit: 63, offset: 64, group: 4 },
  i16: { name: "i16", limit: INT8_LIMIT, offset: 0, group: 2 },
};

/** Asks the CPU what its `relaxed_dot` does with a set eighth bit: one tile of largest weights and all bits set. */
export function probeInt8Format({ variant, tiles }: Kernels, memory: LinearMemory): Int8Format {
  if (variant !== "relaxed-simd") {
    return FORMATS.i16;
  }
  const block = memory.allocate(512);
  const at = block.pointer;
  block.bytes().fill(0);
  block.bytes().fill(0xff, 0, 4);
  block.bytes().fill(INT8_LIMIT, 64, 128);
  block.float32().fill(1, 48, 57);
  tiles["int8Tile1"]!(at, 4, at + 64, 1, at + 128, at + 192, at + 224, at + 256, at + 320, 32, 1, at, 0);
  const sum = block.float32()[80];
  memory.release(block);
  if (sum === 4 * INT8_LIMIT * 255) {
    return FORMATS.u8;
  }
  return sum === -4 * INT8_LIMIT ? FORMATS.s8 : FORMATS.i7;
}

/**
 * `[panel][group][lane][4]` signed bytes, eight rows of the weights side by side, then for each row what corrects the
 * activations' offset (int32) and its scale (float32).
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
    this.groups = Math.ceil(columns / format.group);
    this.#padded = Math.ceil(rows / PANEL) * PANEL;
    this.storage = memory.allocate(this.panelBytes * (this.#padded / PANEL) + this.#padded * 8);
    // Rows are written whole; what fills up the last panel never is.
    const { panelBytes } = this;
    this.storage.bytes().fill(0, panelBytes * (this.#padded / PANEL - 1), panelBytes * (this.#padded / PANEL));
    this.storage.bytes().fill(0, panelBytes * (this.#padded / PANEL));
  }

  get byteLength(): number {
    return this.storage.byteLength;
  }

  get panelBytes(): number {
    return this.groups * PANEL * this.format.group;
  }

  /** Address of the rows' corrections. */
  get starts(): number {
    return this.storage.pointer + (this.panelBytes * this.#padded) / PANEL;
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
    const { groups, format } = this;
    const { buffer, byteOffset } = this.storage.bytes();
    const Word = format.group === 4 ? Int32Array : Int16Array;
    const to = new Word(buffer as ArrayBuffer, byteOffset, this.storage.byteLength / format.group);
    const from = new Word(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength / format.group);
    const at = (address: number) => (address - this.storage.pointer) >> 2;
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
  }

  /** Rows as they were packed. */
  unpack(firstRow: number, rows: number): Int8Rows {
    const { columns, groups } = this;
    const { group } = this.format;
    const bytes = new Int8Array(this.storage.bytes().buffer, this.storage.pointer, this.storage.byteLength);
    const scalesAt = ((this.scales - this.storage.pointer) >> 2) + firstRow;
    const scales = this.storage.float32().slice(scalesAt, scalesAt + rows);
    const values = new Int8Array(rows * columns);
    for (let row = 0, to = 0; row < rows; row++) {
      let from = this.#rowAt(firstRow + row);
      for (let index = 0; index < groups; index++, from += PANEL * group) {
        const end = Math.min(to + group, (row + 1) * columns);
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
  run: RunKernel,
  memory: LinearMemory,
  numbers: Float32Array,
  columns: number,
  use: (firstRow: number, values: Int8Array, stride: number, scales: Float32Array) => void,
): void {
  const rows = numbers.length / columns;
  const step = Math.min(rows, Math.max(1, Math.floor(QUANTIZE_BYTES / (columns * 4))));
  const stride = Math.ceil(columns / 4) * 4;
  const block = memory.allocate(step * (columns * 4 + 4 + stride));
  const scales = block.pointer + step * columns * 4;
  const quantized = scales + step * 4;
  try {
    for (let row = 0; row < rows; row += step) {
      const count = Math.min(step, rows - row);
      block.float32().set(numbers.subarray(row * columns, (row + count) * columns));
      const args = [block.pointer, columns * 4, quantized, stride, scales, columns, INT8_LIMIT, 0, 0];
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
export function multiplyInt8(
  run: RunKernel,
  memory: LinearMemory,
  scratch: ProductScratch,
  product: Product<Int8Weights>,
): void {
  const { weights, rows, bias, outputStride, activation } = product;
  const { format, groups, panelBytes, starts, scales } = weights;
  const panels = Math.ceil(weights.rows / PANEL);
  copyEdgeBias(run, scratch, bias, weights.rows);
  const inputStride = groups * 4;
  const blockRows = rowBlock(rows, inputStride);
  const scalesBytes = Math.ceil(blockRows / 4) * 16;
  const block = memory.allocate(scalesBytes + blockRows * inputStride);
  const rowScales = block.pointer;
  const quantised = block.pointer + scalesBytes;
  for (let firstRow = 0; firstRow < rows; firstRow += blockRows) {
    const count = Math.min(blockRows, rows - firstRow);
    run(
      "quantizeRows",
      [
        product.input + firstRow * product.inputStride,
        product.inputStride,
        quantised,
        inputStride,
        rowScales,
        weights.columns,
        format.limit,
        format.offset,
        format.group === 2 ? 1 : 0,
      ],
      count,
      count * weights.columns,
    );
    run(
      "multiplyInt8Panels",
      [
        quantised,
        inputStride,
        count,
        rowScales,
        weights.storage.pointer,
        panelBytes,
        groups,
        starts,
        scales,
        bias,
        scratch.zeros,
        scratch.bias,
        product.output + firstRow * outputStride,
        outputStride,
        scratch.edge,
        weights.rows,
        activation,
      ],
      panels,
      panels * count * groups,
    );
  }
  memory.release(block);
}
