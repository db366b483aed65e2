import type { PackedWeights } from "../backend.js";
import { INT8_LIMIT, quantise, rowScale, scaleFactor } from "../quantize.js";
import type { LinearMemory, WasmStorage } from "./memory.js";
import type { Kernels } from "./modules.js";
import { copyEdgeBias, PANEL, type Product, type ProductScratch, ROW_BLOCK, type RunKernel } from "./product.js";

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
  tiles["int8Tile1"]!(at, 4, at + 64, 1, at + 128, at + 192, at + 224, at + 256, at + 320, 32, 1);
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
    this.storage.bytes().fill(0);
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

  pack(firstRow: number, values: Float32Array): void {
    const { columns, format } = this;
    const bytes = this.storage.bytes();
    const at = (address: number) => (address - this.storage.pointer) >> 2;
    const starts = this.storage.int32().subarray(at(this.starts));
    const scales = this.storage.float32().subarray(at(this.scales));
    const { group } = format;
    for (let row = firstRow, from = 0; from < values.length; row++, from += columns) {
      const scale = rowScale(values, from, columns);
      const factor = scaleFactor(scale);
      let sum = 0;
      let to = this.#rowAt(row);
      for (let column = 0; column < columns; column += group, to += PANEL * group) {
        const end = Math.min(group, columns - column);
        for (let i = 0; i < end; i++) {
          const q = quantise(values[from + column + i]!, factor);
          sum += q;
          bytes[to + i] = q;
        }
      }
      scales[row] = scale;
      starts[row] = -format.offset * sum;
    }
  }

  unpack(firstRow: number, rows: number): Float32Array {
    const { columns } = this;
    const bytes = new Int8Array(this.storage.bytes().buffer, this.storage.pointer, this.storage.byteLength);
    const scales = this.storage.float32().subarray((this.scales - this.storage.pointer) >> 2);
    const values = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const base = this.#rowAt(firstRow + row);
      for (let column = 0; column < columns; column++) {
        values[row * columns + column] = bytes[base + this.#columnAt(column)]! * scales[firstRow + row]!;
      }
    }
    return values;
  }

  #rowAt(row: number): number {
    return Math.floor(row / PANEL) * this.panelBytes + (row % PANEL) * this.format.group;
  }

  #columnAt(column: number): number {
    const { group } = this.format;
    return Math.floor(column / group) * PANEL * group + (column % group);
  }
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
  const blockRows = Math.min(rows, ROW_BLOCK);
  const inputStride = groups * 4;
  const scalesBytes = Math.ceil(blockRows / 4) * 16;
  const block = memory.allocate(scalesBytes + blockRows * inputStride);
  const rowScales = block.pointer;
  const quantised = block.pointer + scalesBytes;
  for (let firstRow = 0; firstRow < rows; firstRow += ROW_BLOCK) {
    const count = Math.min(ROW_BLOCK, rows - firstRow);
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
