import type { Backend, Matrix, PackedWeights, Tensor } from "@convbert/tensor";
import { gradientsOf, type Trainable } from "@convbert/tensor/internal";
import {
  fetchRows,
  type Int8Slot,
  int8SlotSequence,
  isInt8Sized,
  packedInt8Slot,
  reorderedInt8Slot,
  wholeRows,
} from "./int8-slots.js";
import type { Layout } from "./layouts.js";
import type { Scratch } from "./scratch.js";

/** Finds the buffer that stands for a trainable elsewhere, its gradient for instance. */
export type BufferLookup = (trainable: Trainable) => Trainable;

/** Where a parameter's values live, behind which layout and precision whatever: they go in and come out in the checkpoint's order. */
export interface Slot {
  write(offset: number, values: Float32Array): void;
  /** A copy. Throws BackendError where the processor does not see the memory; {@link fetch} works everywhere. */
  read(): Float32Array;
  /** A copy of what is there now. */
  fetch(): Promise<Float32Array>;
  /** What the values are part of; one matrix product can hold several parameters. */
  readonly trainables: readonly Trainable[];
  /** The same slot in other buffers of the same layout. */
  in(lookup: BufferLookup): Slot;
  /** The values as matrices in the kernels' order, for updates element by element. */
  elements(): Matrix[];
  /** The values as 8-bit integers; null for what stays float32 in an int8 model. */
  readonly int8: Int8Slot | null;
}

/** The values of a tensor, or `size` of them from `start`, in its own order. */
export function tensorSlot(tensor: Tensor<"float32">, start = 0, size = tensor.size): Slot {
  return {
    write: (offset, values) => tensor.write(values, start + offset),
    read: () => tensor.data.slice(start, start + size),
    fetch: async () => {
      using part = tensor.reshape([tensor.size]).slice(0, start, start + size);
      return (await part.read()).data;
    },
    trainables: [tensor],
    in: (lookup) => tensorSlot(lookup(tensor) as Tensor<"float32">, start, size),
    elements: () => {
      const { storage, offset } = tensor.matrix();
      return [{ storage, offset: offset + start, rows: 1, columns: size, stride: size }];
    },
    int8: null,
  };
}

/** Rows `firstRow` to `firstRow + rows` of packed weights; rows that arrive in pieces are put together first. */
export function packedSlot(backend: Backend, weights: PackedWeights, firstRow: number, rows: number): Slot {
  const { columns } = weights;
  return {
    write: wholeRows<Float32Array>(columns, (row, values) => backend.packRows(weights, firstRow + row, values)),
    read: () => backend.unpackRows(weights, firstRow, rows),
    fetch: () => fetchRows(backend, weights, firstRow, rows),
    trainables: [weights],
    in: (lookup) => packedSlot(backend, lookup(weights) as PackedWeights, firstRow, rows),
    elements: () => gradientsOf(backend).packedElements(weights, firstRow, rows),
    int8: isInt8Sized(weights.rows, columns) ? packedInt8Slot(backend, weights, firstRow, rows) : null,
  };
}

/** A slot behind a reordering: the values are collected until the tensor is complete. */
export function reorderedSlot(slot: Slot, size: number, layout: Layout, scratch: Scratch): Slot {
  let collected: Float32Array | null = null;
  return {
    write(offset, values) {
      collected ??= scratch.take(size);
      collected.set(values, offset);
      if (offset + values.length === size) {
        const kernel = scratch.take(size);
        layout.toKernel(collected.subarray(0, size), kernel);
        slot.write(0, kernel.subarray(0, size));
        scratch.give(kernel);
        scratch.give(collected);
        collected = null;
      }
    },
    read() {
      const values = new Float32Array(size);
      layout.toCheckpoint(slot.read(), values);
      return values;
    },
    async fetch() {
      const values = new Float32Array(size);
      layout.toCheckpoint(await slot.fetch(), values);
      return values;
    },
    trainables: slot.trainables,
    in: (lookup) => reorderedSlot(slot.in(lookup), size, layout, scratch),
    elements: slot.elements,
    int8: slot.int8 && reorderedInt8Slot(slot.int8, size, layout, scratch),
  };
}

/** Equal parts of one tensor in slots of their own. */
export function slotSequence(slots: readonly Slot[], size: number): Slot {
  return {
    write(offset, values) {
      for (let at = 0; at < values.length; ) {
        const part = Math.floor((offset + at) / size);
        const from = (offset + at) % size;
        const count = Math.min(size - from, values.length - at);
        slots[part]!.write(from, values.subarray(at, at + count));
        at += count;
      }
    },
    read() {
      const result = new Float32Array(slots.length * size);
      for (const [part, slot] of slots.entries()) {
        result.set(slot.read(), part * size);
      }
      return result;
    },
    async fetch() {
      const result = new Float32Array(slots.length * size);
      for (const [part, values] of (await Promise.all(slots.map((slot) => slot.fetch()))).entries()) {
        result.set(values, part * size);
      }
      return result;
    },
    trainables: slots.flatMap(({ trainables }) => trainables),
    in: (lookup) =>
      slotSequence(
        slots.map((slot) => slot.in(lookup)),
        size,
      ),
    elements: () => slots.flatMap((slot) => slot.elements()),
    int8: int8SlotSequence(
      slots.map(({ int8 }) => int8),
      size,
    ),
  };
}
