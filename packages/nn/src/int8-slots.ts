import type { Backend, Int8Rows, PackedWeights, Tensor } from "@convbert/tensor";
import { dequantizeRows } from "@convbert/tensor/internal";
import type { Layout } from "./layouts.js";
import type { Scratch } from "./scratch.js";

/**
 * A weight as 8-bit integers with a scale for each output channel (for each row of an embedding), whether it is kept so
 * or in float32: what an int8 checkpoint holds of it.
 */
export interface Int8Slot {
  readonly channels: number;
  /** The integers in the checkpoint's order and shape, and the scales: `[channels]`. */
  fetch(): Promise<Int8Rows>;
  /** Stores integers; they arrive in order, `offset` counting them from the start, each time with all scales. */
  write(offset: number, values: Int8Array, scales: Float32Array): void;
}

/**
 * Smaller products stay in float32 in an int8 model: they take no time, and they end in what is most sensitive (labels,
 * the kernels of the dynamic convolution).
 */
const LEAST_INT8_EXTENT = 64;

/** Whether an int8 model keeps a weight of these extents in 8 bits. */
export function isInt8Sized(rows: number, columns: number): boolean {
  return rows >= LEAST_INT8_EXTENT && columns >= LEAST_INT8_EXTENT;
}

/** Puts rows together that arrive in pieces; `sink` gets whole ones. */
export function wholeRows<A extends Float32Array | Int8Array>(
  columns: number,
  sink: (firstRow: number, values: A) => void,
): (offset: number, values: A) => void {
  let partial: A | null = null;
  return (offset, values) => {
    let row = Math.floor(offset / columns);
    let filled = offset % columns;
    let at = 0;
    if (filled > 0) {
      if (partial === null) {
        throw new RangeError("the pieces of a weight arrive in order");
      }
      at = Math.min(values.length, columns - filled);
      partial.set(values.subarray(0, at), filled);
      filled += at;
      if (filled < columns) {
        return;
      }
      sink(row, partial);
      row++;
    }
    const whole = Math.floor((values.length - at) / columns);
    if (whole > 0) {
      sink(row, values.subarray(at, at + whole * columns) as A);
      at += whole * columns;
    }
    if (at < values.length) {
      partial ??= new (values.constructor as new (length: number) => A)(columns);
      partial.set(values.subarray(at), 0);
    } else {
      partial = null;
    }
  };
}

/** Rows of packed weights in checkpoint order, whatever memory they are in. */
export async function fetchRows(
  backend: Backend,
  weights: PackedWeights,
  firstRow: number,
  rows: number,
): Promise<Float32Array> {
  return backend.transfer?.readPacked(weights, firstRow, rows) ?? backend.unpackRows(weights, firstRow, rows);
}

/** Some rows of packed weights. */
export function packedInt8Slot(backend: Backend, weights: PackedWeights, firstRow: number, rows: number): Int8Slot {
  let scales: Float32Array;
  const write = wholeRows<Int8Array>(weights.columns, (row, values) => {
    const part = { values, scales: scales.subarray(row, row + values.length / weights.columns) };
    if (weights.dtype === "int8") {
      backend.packInt8Rows(weights, firstRow + row, part);
    } else {
      backend.packRows(weights, firstRow + row, dequantizeRows(part));
    }
  });
  return {
    channels: rows,
    async fetch() {
      if (weights.dtype === "int8") {
        return (
          backend.transfer?.readPackedInt8(weights, firstRow, rows) ?? backend.unpackInt8Rows(weights, firstRow, rows)
        );
      }
      return backend.quantizeRows(await fetchRows(backend, weights, firstRow, rows), weights.columns);
    },
    write(offset, values, given) {
      scales = given;
      write(offset, values);
    },
  };
}

/** A table of float32 rows. */
export function tableInt8Slot(table: Tensor<"float32">): Int8Slot {
  const [rows, columns] = table.shape as [number, number];
  return {
    channels: rows,
    async fetch() {
      const quantized = { values: new Int8Array(rows * columns), scales: new Float32Array(rows) };
      // Some rows at a time, so that the float32 values of a large table are not there once more.
      const step = Math.max(1, Math.floor((1 << 18) / columns));
      for (let row = 0; row < rows; row += step) {
        using part = table.slice(0, row, Math.min(rows, row + step));
        const { values, scales } = table.backend.quantizeRows((await part.read()).data, columns);
        quantized.values.set(values, row * columns);
        quantized.scales.set(scales, row);
      }
      return quantized;
    },
    write(offset, values, scales) {
      table.write(
        Float32Array.from(values, (value, i) => value * scales[Math.floor((offset + i) / columns)]!),
        offset,
      );
    },
  };
}

/** A slot behind a reordering of its weights, and so of its channels. */
export function reorderedInt8Slot(slot: Int8Slot, size: number, layout: Layout, scratch: Scratch): Int8Slot {
  const order = (scales: Float32Array, to: "toKernel" | "toCheckpoint"): Float32Array => {
    const ordered = scales.slice();
    layout.channels?.[to](scales, ordered);
    return ordered;
  };
  /** As many bytes as the weight has elements; a float32 buffer of the scratch memory has room for them. */
  const bytesOf = (buffer: Float32Array) => new Int8Array(buffer.buffer, 0, size);
  let collected: Float32Array | null = null;
  return {
    channels: slot.channels,
    write(offset, values, scales) {
      collected ??= scratch.take(Math.ceil(size / 4));
      bytesOf(collected).set(values, offset);
      if (offset + values.length === size) {
        const kernel = scratch.take(Math.ceil(size / 4));
        layout.toKernel(bytesOf(collected), bytesOf(kernel));
        slot.write(0, bytesOf(kernel), order(scales, "toKernel"));
        scratch.give(kernel);
        scratch.give(collected);
        collected = null;
      }
    },
    async fetch() {
      const rows = await slot.fetch();
      const values = new Int8Array(size);
      layout.toCheckpoint(rows.values, values);
      return { values, scales: order(rows.scales, "toCheckpoint") };
    },
  };
}

/** Equal parts of one tensor in slots of their own, `size` elements each; null when one of them is no int8 slot. */
export function int8SlotSequence(slots: readonly (Int8Slot | null)[], size: number): Int8Slot | null {
  const parts = slots.filter((slot) => slot !== null);
  const [first] = parts;
  if (first === undefined || parts.length !== slots.length) {
    return null;
  }
  const { channels } = first;
  return {
    channels: parts.length * channels,
    write(offset, values, scales) {
      for (let at = 0; at < values.length; ) {
        const part = Math.floor((offset + at) / size);
        const from = (offset + at) % size;
        const count = Math.min(size - from, values.length - at);
        const own = scales.subarray(part * channels, (part + 1) * channels);
        parts[part]!.write(from, values.subarray(at, at + count), own);
        at += count;
      }
    },
    async fetch() {
      const whole = {
        values: new Int8Array(parts.length * size),
        scales: new Float32Array(parts.length * channels),
      };
      for (const [index, part] of parts.entries()) {
        const { values, scales } = await part.fetch();
        whole.values.set(values, index * size);
        whole.scales.set(scales, index * channels);
      }
      return whole;
    },
  };
}
