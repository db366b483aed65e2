import { InputError } from "@convbert/nn";
import { ndarrayOf, type Tensor } from "@convbert/tensor";
import { sizeOf } from "@convbert/tensor/internal";
import type { NdArray } from "ndarray";
import type { Encoded } from "./encode.js";
import type { PreparedInputs } from "./inputs.js";

/** An array that the caller owns: a copy outside the kernels' memory, freed by the garbage collector. */
export type FloatArray = NdArray<Float32Array>;

/** What every model can return besides its own outputs. */
export interface EncoderOutputs {
  /** `[batch, length, hidden_size]`: the embeddings' output, then each layer's. */
  readonly hidden_states?: readonly FloatArray[];
  /** `[batch, heads, length, length]` of each layer: the probabilities, after `head_mask`. */
  readonly attentions?: readonly FloatArray[];
  /**
   * `[batch, length, heads, conv_kernel_size]` of each layer: how each head's dynamic convolution weighs the token's
   * neighbours, `conv_kernel_size / 2` (rounded down) before it to as many after it; each kernel's sum is 1. Pruned heads
   * have none.
   */
  readonly kernels?: readonly FloatArray[];
}

/** An output of which everything has been read. */
export type Read<Reading> = { readonly [Name in keyof Reading]: Awaited<Reading[Name]> };

/** Waits until all of an output has been read from the backend's memory. */
export async function readAll<Reading extends object>(reading: Reading): Promise<Read<Reading>> {
  const fields = Object.entries(reading).map(async ([name, value]) => [name, await value] as const);
  return Object.fromEntries(await Promise.all(fields)) as Read<Reading>;
}

/** Copies `[length, channels]` of each sequence's rows of `[tokens, channels]`. */
export function sequenceRows(
  tensor: Tensor<"float32">,
  { sequences }: Pick<Encoded, "sequences">,
): Promise<FloatArray>[] {
  const { offsets } = sequences;
  return offsets.slice(1).map((end, index) => {
    using rows = tensor.slice(0, offsets[index]!, end);
    return rows.read();
  });
}

/** A copy `[batch, length, channels]` of `[tokens, channels]`. */
export function paddedOutput(tensor: Tensor<"float32">, { batch, length }: PreparedInputs): Promise<FloatArray> {
  return inShape(tensor, [batch, length, tensor.extent(-1)]);
}

/** Copies of hidden states, attentions and kernels where they were asked for: promises of {@link EncoderOutputs}. */
export function encoderOutputs(encoded: Encoded, prepared: PreparedInputs) {
  const { batch, length } = prepared;
  const { hiddenStates, attentions, kernels } = encoded;
  return {
    ...(hiddenStates && {
      hidden_states: Promise.all(hiddenStates.map((state) => paddedOutput(state, prepared))),
    }),
    ...(attentions && { attentions: Promise.all(attentions.map((probabilities) => probabilities.read())) }),
    ...(kernels && {
      kernels: Promise.all(
        kernels.map(({ tensor, taps }) => inShape(tensor, [batch, length, tensor.extent(-1) / taps, taps])),
      ),
    }),
  };
}

async function inShape(tensor: Tensor<"float32">, shape: readonly number[]): Promise<FloatArray> {
  return withShape(await tensor.read(), shape);
}

/** The same elements in another shape. */
export function withShape(array: FloatArray, shape: readonly number[]): FloatArray {
  if (sizeOf(shape) !== array.size) {
    throw new InputError("shape", `[${shape.join(", ")}] does not hold ${array.size} elements`);
  }
  return ndarrayOf(array.data, shape);
}
