import type { PackedWeights, Storage, WeightDType } from "../../operands.js";

/** The reference keeps float32 weights as they are, and int8 weights as the numbers that they stand for, with the scales. */
export class RowMajorWeights implements PackedWeights {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: WeightDType;
  readonly storage: Storage;
  readonly values: Float32Array;
  readonly scales: Float32Array;

  constructor(rows: number, columns: number, dtype: WeightDType, storage: Storage) {
    this.rows = rows;
    this.columns = columns;
    this.dtype = dtype;
    this.storage = storage;
    this.values = storage.float32();
    this.scales = new Float32Array(dtype === "int8" ? rows : 0);
  }

  get byteLength(): number {
    return this.storage.byteLength;
  }
}
