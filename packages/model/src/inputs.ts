import { InputError } from "@convbert/nn";
import { type Sequences, uniformSequences } from "@convbert/tensor";
import { type ArrayInput, floats, type HostArray, integers } from "./arrays.js";
import type { ConvBertConfig } from "./config.js";

/** The reference's arguments of `forward` that all six models share. */
export interface ConvBertInputs {
  /** `[batch, length]`, ids below `vocab_size`. Either these or `inputs_embeds`. */
  readonly input_ids?: ArrayInput | null | undefined;
  /** 1 for tokens to attend to, 0 for padding: `[batch, length]`, or `[batch, from, to]` for each query by itself. */
  readonly attention_mask?: ArrayInput | null | undefined;
  /** `[batch, length]`, below `type_vocab_size`; zeros by default. */
  readonly token_type_ids?: ArrayInput | null | undefined;
  /** `[batch, length]`, below `max_position_embeddings`; 0, 1, 2 ... by default. */
  readonly position_ids?: ArrayInput | null | undefined;
  /** `[heads]`, or `[layers, heads]`; multiplies the attention probabilities. Heads are those after `head_ratio`. */
  readonly head_mask?: ArrayInput | null | undefined;
  /** `[batch, length, embedding_size]`, in place of the rows that `input_ids` would look up. */
  readonly inputs_embeds?: ArrayInput | null | undefined;
  /** Return the attention probabilities of every layer; the configuration's value by default. */
  readonly output_attentions?: boolean | undefined;
  /** Return the hidden states before, between and after the layers; the configuration's value by default. */
  readonly output_hidden_states?: boolean | undefined;
  /** Return the convolution's kernels of every layer, which the reference does not give out; false by default. */
  readonly output_kernels?: boolean | undefined;
}

/** What the encoder computes from: arguments checked, defaults filled in, the tokens of one or more sequences in a row. */
export interface PreparedSequences {
  readonly sequences: Sequences;
  /** Int32 ids, or float32 embeddings `[tokens, embedding_size]`. */
  readonly words: Int32Array | Float32Array;
  readonly positions: Int32Array;
  readonly types: Int32Array;
  /** Additive, `[sequences, length]` or `[sequences, length, length]`; null where everything is attended to. */
  readonly mask: HostArray<Float32Array> | null;
  /** A row for each layer. */
  readonly headMask: readonly Float32Array[] | null;
  readonly outputAttentions: boolean;
  readonly outputHiddenStates: boolean;
  readonly outputKernels: boolean;
}

/** The same of a padded batch, whose sequences all have one length. */
export interface PreparedInputs extends PreparedSequences {
  readonly batch: number;
  readonly length: number;
}

/** Float32's most negative number, which the reference adds to masked scores. */
export const MASKED = -3.4028234663852886e38;

/**
 * Checks the arguments against the configuration as the reference's forward does, but before any work.
 * Throws InputError with the name of the argument.
 */
export function prepareInputs(inputs: ConvBertInputs, config: ConvBertConfig): PreparedInputs {
  const { batch, length, words } = prepareWords(inputs, config);
  const shape = [batch, length];
  const tokens = batch * length;

  let positions: Int32Array;
  if (inputs.position_ids == null) {
    checkLength(length, config.max_position_embeddings);
    positions = Int32Array.from({ length: tokens }, (_, index) => index % length);
  } else {
    positions = tokenIntegers("position_ids", inputs.position_ids, shape);
    checkRange("position_ids", positions, config.max_position_embeddings, "max_position_embeddings");
  }
  let types: Int32Array;
  if (inputs.token_type_ids == null) {
    types = new Int32Array(tokens);
  } else {
    types = tokenIntegers("token_type_ids", inputs.token_type_ids, shape);
    checkRange("token_type_ids", types, config.type_vocab_size, "type_vocab_size");
  }

  return {
    batch,
    length,
    sequences: uniformSequences(batch, length),
    words,
    positions,
    types,
    mask: prepareMask(inputs.attention_mask, batch, length, config.is_decoder),
    headMask: prepareHeadMask(inputs.head_mask, config),
    outputAttentions: inputs.output_attentions ?? config.output_attentions,
    outputHiddenStates: inputs.output_hidden_states ?? config.output_hidden_states,
    outputKernels: inputs.output_kernels ?? false,
  };
}

function prepareWords(inputs: ConvBertInputs, config: ConvBertConfig) {
  const words = paddedWords(inputs);
  if (words.values instanceof Int32Array) {
    checkRange("input_ids", words.values, config.vocab_size, "vocab_size");
  } else if (words.size !== config.embedding_size) {
    const shape = [words.batch, words.length, words.size];
    throw new InputError(
      "inputs_embeds",
      `expected [batch, length, embedding_size ${config.embedding_size}], got shape [${shape.join(", ")}]`,
    );
  }
  return { ...words, words: words.values };
}

/** Ids, or embeddings of `size` numbers, of a padded batch. Throws InputError unless there is exactly one of both. */
export function paddedWords({ input_ids: ids, inputs_embeds: embeds }: ConvBertInputs) {
  if (ids != null && embeds != null) {
    throw new InputError("inputs_embeds", "you cannot specify both input_ids and inputs_embeds at the same time");
  }
  if (ids == null && embeds == null) {
    throw new InputError("input_ids", "you have to specify either input_ids or inputs_embeds");
  }
  const [argument, axes, given] =
    ids != null
      ? (["input_ids", ["batch", "length"], integers("input_ids", ids)] as const)
      : (["inputs_embeds", ["batch", "length", "embedding_size"], floats("inputs_embeds", embeds!)] as const);
  const { shape, values } = given;
  if (shape.length !== axes.length) {
    throw new InputError(argument, `expected [${axes.join(", ")}], got shape [${shape.join(", ")}]`);
  }
  const [batch, length, size = 1] = shape as [number, number, number?];
  if (batch === 0 || length === 0) {
    throw new InputError(argument, `there are no tokens in shape [${shape.join(", ")}]`);
  }
  return { batch, length, size, values: values as Int32Array | Float32Array };
}

/** Throws InputError for sequences that are longer than the model has positions for. */
export function checkLength(length: number, limit: number): void {
  if (length <= limit) return;
  throw new InputError(
    "input_ids",
    `sequences of ${length} tokens are longer than max_position_embeddings ${limit}; ` +
      "truncate them in the tokenizer or split them into windows",
  );
}

/** Throws InputError for a number that is none of `limit`, which the configuration has in `field`. */
export function checkRange(argument: string, values: Int32Array, limit: number, field: string): void {
  const index = values.findIndex((value) => value < 0 || value >= limit);
  if (index >= 0) {
    throw new InputError(
      argument,
      `${values[index]} at element ${index} is outside 0 to ${limit - 1} (${field} ${limit}); does the tokenizer belong to this model?`,
    );
  }
}

/** Integers a token; one row serves the whole batch, as by the reference's broadcasting. */
export function tokenIntegers(argument: string, input: ArrayInput, shape: readonly number[]): Int32Array {
  const given = integers(argument, input);
  const [batch, length] = shape as [number, number];
  const rows = given.shape.length === 1 ? 1 : given.shape[0]!;
  if (given.shape.length > 2 || given.shape.at(-1) !== length || (rows !== 1 && rows !== batch)) {
    throw new InputError(
      argument,
      `expected [${batch}, ${length}] like the tokens, got shape [${given.shape.join(", ")}]`,
    );
  }
  return repeatRows(given.values, batch, rows, length, Int32Array);
}

/** Rows for the whole batch, where there may be one for all. */
export function repeatRows<A extends Int32Array | Float32Array>(
  values: A,
  batch: number,
  rows: number,
  size: number,
  Kind: new (length: number) => A,
): A {
  if (rows === batch) {
    return values;
  }
  const repeated = new Kind(batch * size);
  for (let row = 0; row < batch; row++) {
    repeated.set(values, row * size);
  }
  return repeated;
}

/** `(1 - mask) * minimum`, as the reference's `get_extended_attention_mask`; causal for decoders with a 2-D mask. */
function prepareMask(
  input: ArrayInput | null | undefined,
  batch: number,
  length: number,
  causal: boolean,
): HostArray<Float32Array> | null {
  const mask =
    input == null ? { shape: [1, length], values: new Float32Array(length).fill(1) } : floats("attention_mask", input);
  const { shape } = mask;
  const fits2d = shape.length === 2 && shape[1] === length;
  const fits3d = shape.length === 3 && shape[1] === length && shape[2] === length;
  if (!(fits2d || fits3d) || (shape[0] !== batch && shape[0] !== 1)) {
    throw new InputError(
      "attention_mask",
      `expected [${batch}, ${length}] or [${batch}, ${length}, ${length}] like the tokens, got shape [${shape.join(", ")}]`,
    );
  }
  const size = fits3d ? length * length : length;
  let values = repeatRows(mask.values, batch, shape[0]!, size, Float32Array);
  let perQuery = fits3d;
  if (causal && fits2d) {
    const triangle = new Float32Array(batch * length * length);
    for (let row = 0; row < batch * length; row++) {
      const sequence = Math.floor(row / length) * length;
      triangle.set(values.subarray(sequence, sequence + (row % length) + 1), row * length);
    }
    values = triangle;
    perQuery = true;
  }
  if (values.every((value) => value === 1)) {
    return null;
  }
  const additive = values.map((value) => (value === 1 ? 0 : (1 - value) * MASKED));
  const overflow = additive.findIndex((value) => !Number.isFinite(value));
  if (overflow >= 0) {
    throw new InputError(
      "attention_mask",
      `expected 1 for tokens to attend to and 0 for padding, got ${values[overflow]} at element ${overflow}`,
    );
  }
  return { shape: perQuery ? [batch, length, length] : [batch, length], values: additive };
}

/** The head mask, a row for each layer. */
export function prepareHeadMask(input: ArrayInput | null | undefined, config: ConvBertConfig): Float32Array[] | null {
  if (input == null) {
    return null;
  }
  const { attentionHeads: heads, num_hidden_layers: layers } = config;
  const { shape, values } = floats("head_mask", input);
  const forAll = shape.length === 1 && shape[0] === heads;
  if (!forAll && !(shape.length === 2 && shape[0] === layers && shape[1] === heads)) {
    throw new InputError("head_mask", `expected [${heads}] or [${layers}, ${heads}], got shape [${shape.join(", ")}]`);
  }
  return Array.from({ length: layers }, (_, layer) =>
    forAll ? values : values.slice(layer * heads, (layer + 1) * heads),
  );
}

/** The mask of decoders whose sequences have lengths of their own: `[tokens, longest]`, a row of keys for each query. */
export function causalMask(offsets: readonly number[]): HostArray<Float32Array> {
  const tokens = offsets.at(-1)!;
  const longest = Math.max(...offsets.slice(1).map((end, index) => end - offsets[index]!));
  const values = new Float32Array(tokens * longest).fill(MASKED);
  let sequence = 0;
  for (let token = 0; token < tokens; token++) {
    while (token >= offsets[sequence + 1]!) {
      sequence++;
    }
    values.fill(0, token * longest, token * longest + token - offsets[sequence]! + 1);
  }
  return { shape: [tokens, longest], values };
}
