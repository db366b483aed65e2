import { InputError } from "@convbert/nn";
import type { EncodeInputs } from "./encode.js";
import { MASKED, type PreparedInputs } from "./inputs.js";

/** A padded batch without its padding. */
export interface Unpadded {
  readonly inputs: EncodeInputs;
  /** For each token that is left its number in the padded batch, `sequence * length + position`. */
  readonly kept: readonly number[];
}

/**
 * Leaves out the positions that the attention mask hides, so that each sequence runs at its own length: what the reference
 * computes for a batch of one, since padding, which its attention mask keeps from the attention alone, reaches no convolution.
 * Throws InputError for a mask that is not 0 or 1 for each position, and for a sequence of padding alone.
 */
export function withoutPadding(prepared: PreparedInputs): Unpadded {
  const { batch, length, mask, words, positions, types, ...rest } = prepared;
  const values = mask?.values;
  if (values !== undefined && values.length !== batch * length) {
    throw new InputError("attention_mask", "only a mask [batch, length] tells what is padding");
  }
  const kept: number[] = [];
  const offsets = [0];
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let token = sequence * length; token < (sequence + 1) * length; token++) {
      const added = values?.[token] ?? 0;
      if (added === 0) {
        kept.push(token);
      } else if (added !== MASKED) {
        throw new InputError("attention_mask", "to leave out padding it has to be 0 or 1 everywhere");
      }
    }
    if (kept.length === offsets.at(-1)) {
      throw new InputError("attention_mask", `sequence ${sequence} is nothing but padding`);
    }
    offsets.push(kept.length);
  }
  const size = words instanceof Int32Array ? 1 : words.length / positions.length;
  const picked = new (words.constructor as new (length: number) => Int32Array | Float32Array)(kept.length * size);
  for (const [to, from] of kept.entries()) {
    picked.set(words.subarray(from * size, (from + 1) * size), to * size);
  }
  const pick = (all: Int32Array) => Int32Array.from(kept, (token) => all[token]!);
  return {
    kept,
    inputs: {
      ...rest,
      sequences: { offsets },
      words: picked,
      positions: pick(positions),
      types: pick(types),
      mask: null,
      outputAttentions: false,
      outputKernels: false,
    },
  };
}
