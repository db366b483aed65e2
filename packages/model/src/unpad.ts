import { InputError } from "@convbert/nn";
import { floats } from "./arrays.js";
import { type ConvBertInputs, paddedWords, repeatRows, tokenIntegers } from "./inputs.js";
import type { SequenceBatch } from "./sequences.js";

/** A padded batch without its padding. */
export interface Unpadded {
  readonly batch: SequenceBatch;
  /** For each token that is left its number in the padded batch, `sequence * length + position`. */
  readonly kept: readonly number[];
  /** Tokens of a padded sequence. */
  readonly length: number;
}

/**
 * The tokens of a padded batch alone, so that each sequence runs at its own length: what the reference computes for a batch of
 * one, since padding, which its attention mask keeps from the attention alone, reaches no convolution.
 * @param inputs `[batch, length]` each, as `forward` takes them; `attention_mask` tells what is padding.
 * @throws InputError for a mask that is not 0 or 1 for each position, and for a sequence of padding alone.
 */
export function withoutPadding(inputs: ConvBertInputs): Unpadded {
  const { batch, length, size, values: words } = paddedWords(inputs);
  const kept: number[] = [];
  const offsets = [0];
  const mask = tokenMask(inputs, batch, length);
  for (let sequence = 0; sequence < batch; sequence++) {
    for (let token = sequence * length; token < (sequence + 1) * length; token++) {
      if (mask === null || mask[token] === 1) kept.push(token);
    }
    if (kept.length === offsets.at(-1)) {
      throw new InputError("attention_mask", `sequence ${sequence} is nothing but padding`);
    }
    offsets.push(kept.length);
  }
  const pick = (argument: "token_type_ids" | "position_ids") => {
    const given = inputs[argument];
    if (given == null) return undefined;
    const all = tokenIntegers(argument, given, [batch, length]);
    return { [argument]: Int32Array.from(kept, (token) => all[token]!) };
  };
  return {
    kept,
    length,
    batch: {
      offsets,
      ...(words instanceof Int32Array
        ? { input_ids: Int32Array.from(kept, (token) => words[token]!) }
        : { inputs_embeds: { data: pickedRows(words, kept, size), shape: [kept.length, size] } }),
      ...pick("token_type_ids"),
      ...pick("position_ids"),
      ...(inputs.head_mask != null && { head_mask: inputs.head_mask }),
    },
  };
}

/** 1 for each token and 0 for padding; null where nothing is padded. */
function tokenMask({ attention_mask: given }: ConvBertInputs, batch: number, length: number): Float32Array | null {
  if (given == null) return null;
  const { shape, values } = floats("attention_mask", given);
  const [rows, columns] = shape;
  if (shape.length !== 2 || columns !== length || (rows !== batch && rows !== 1)) {
    const problem = `only a mask [${batch}, ${length}] tells what is padding, got shape [${shape.join(", ")}]`;
    throw new InputError("attention_mask", problem);
  }
  if (values.some((value) => value !== 0 && value !== 1)) {
    throw new InputError("attention_mask", "to leave out padding it has to be 0 or 1 everywhere");
  }
  return repeatRows(values, batch, rows!, length, Float32Array);
}

function pickedRows(words: Float32Array, kept: readonly number[], size: number): Float32Array {
  const picked = new Float32Array(kept.length * size);
  for (const [to, from] of kept.entries()) picked.set(words.subarray(from * size, (from + 1) * size), to * size);
  return picked;
}
