import { InputError } from "@convbert/nn";
import type { Sequences } from "@convbert/tensor";
import { checkNames } from "./arguments.js";
import { type ArrayInput, floats, integers } from "./arrays.js";
import type { ConvBertConfig } from "./config.js";
import { causalMask, checkLength, checkRange, type PreparedSequences, prepareHeadMask } from "./inputs.js";

/**
 * A batch of sequences of any lengths without padding, their tokens one after the other: the form that tokenizer, collators,
 * encoder and heads hand on. Each sequence is computed as if it were alone. Make one of lists with {@link sequenceBatch}, of a
 * padded batch with {@link withoutPadding}, of texts with `encodeSequences` of `@convbert/tokenizer`.
 */
export interface SequenceBatch {
  /** Where each sequence begins among all tokens, and behind the last one how many tokens there are: `[0, 5, 12]` for two. */
  readonly offsets: ArrayLike<number>;
  /** `[tokens]`, ids below `vocab_size`. Either these or `inputs_embeds`. */
  readonly input_ids?: ArrayLike<number> | null | undefined;
  /** `[tokens]`, below `type_vocab_size`; zeros by default. */
  readonly token_type_ids?: ArrayLike<number> | null | undefined;
  /** `[tokens]`, below `max_position_embeddings`; 0, 1, 2 ... in each sequence by default. */
  readonly position_ids?: ArrayLike<number> | null | undefined;
  /** `[tokens, embedding_size]`, in place of the rows that `input_ids` would look up. */
  readonly inputs_embeds?: ArrayInput | null | undefined;
  /** As that of a padded batch. */
  readonly head_mask?: ArrayInput | null | undefined;
}

/** The same as lists, for writing by hand. */
export interface RaggedInputs {
  /** Token ids of each sequence. */
  readonly sequences: readonly ArrayLike<number>[];
  /** Token types of each sequence; zeros by default. */
  readonly token_type_ids?: readonly ArrayLike<number>[] | undefined;
}

/** Arguments of a batch without padding. */
const NAMES: Readonly<Record<keyof SequenceBatch, true>> = {
  offsets: true,
  input_ids: true,
  token_type_ids: true,
  position_ids: true,
  inputs_embeds: true,
  head_mask: true,
};

/** Whether the arguments are a batch without padding: only such a one has offsets. */
export function isSequenceBatch(inputs: object): inputs is SequenceBatch {
  return "offsets" in inputs;
}

/** Token ids of a batch without padding, in the form that costs least to hand on. */
export interface TokenIdBatch extends SequenceBatch {
  readonly offsets: readonly number[];
  readonly input_ids: Int32Array;
  readonly token_type_ids?: Int32Array;
}

/**
 * Sequences, given as lists, in one batch without padding.
 * @param sequences ids of each sequence.
 * @param types token types of each; zeros by default.
 * @throws InputError for what is no integer of 32 bits, and where the types are not as many as the ids.
 */
export function sequenceBatch(
  sequences: readonly ArrayLike<number>[],
  types?: readonly ArrayLike<number>[],
): TokenIdBatch {
  checkLists("sequences", sequences, sequences.length);
  if (types !== undefined) checkLists("token_type_ids", types, sequences.length);
  const offsets = [0];
  for (const [index, sequence] of sequences.entries()) {
    const { length } = sequence ?? [];
    if (types !== undefined && types[index]?.length !== length) {
      const counts = `${types[index]?.length ?? 0} types of sequence ${index}, which has ${length} tokens`;
      throw new InputError("token_type_ids", `expected one for each token, got ${counts}`);
    }
    offsets.push(offsets[index]! + length);
  }
  return {
    offsets,
    input_ids: joined("input_ids", sequences),
    ...(types !== undefined && { token_type_ids: joined("token_type_ids", types) }),
  };
}

function checkLists(argument: string, lists: readonly ArrayLike<number>[], count: number): void {
  const isList: boolean = Array.isArray(lists);
  if (!isList || lists.length !== count) {
    throw new InputError(argument, "expected a list with one list of numbers for each sequence");
  }
}

function joined(argument: string, lists: readonly ArrayLike<number>[]): Int32Array {
  return flatIntegers(
    argument,
    lists.flatMap((list) => Array.from(list ?? [])),
  );
}

/** Integers of 32 bits in a row. Throws InputError for others. */
function flatIntegers(argument: string, given: ArrayLike<number>): Int32Array {
  return given instanceof Int32Array ? given : integers(argument, { data: given, shape: [given.length] }).values;
}

/**
 * Either form as a batch, a head's own arguments beside it.
 * @param where what has been called. @param own names of those arguments.
 * @throws InputError for arguments of other names.
 */
export function asSequenceBatch<Own extends object>(
  inputs: (SequenceBatch | RaggedInputs) & Own,
  where: string,
  own: readonly (string & keyof Own)[] = [],
): SequenceBatch & Own {
  if (typeof inputs !== "object" || inputs === null) {
    throw new InputError("inputs", "expected a batch of sequences, as { sequences: [[101, 102]] }");
  }
  if (isSequenceBatch(inputs)) {
    checkNames(inputs, where, [...Object.keys(NAMES), ...own]);
    return inputs;
  }
  checkNames(inputs, where, ["sequences", "token_type_ids", ...own]);
  const { sequences, token_type_ids: types, ...rest } = inputs as RaggedInputs & Own;
  return { ...(rest as unknown as Own), ...sequenceBatch(sequences, types) };
}

/** The sequences from number `from` to `to`, the last one not included. */
export function sliceSequences(batch: SequenceBatch, from: number, to: number): SequenceBatch {
  const [start, end] = [batch.offsets[from]!, batch.offsets[to]!];
  const perToken = (name: "input_ids" | "token_type_ids" | "position_ids") => {
    const values = batch[name];
    if (values == null) return undefined;
    return {
      [name]: values instanceof Int32Array ? values.subarray(start, end) : Array.from(values).slice(start, end),
    };
  };
  const { inputs_embeds: embeds } = batch;
  const vectors = embeds == null ? undefined : floats("inputs_embeds", embeds);
  const size = vectors?.shape[1] ?? 0;
  return {
    ...batch,
    offsets: Array.from({ length: to - from + 1 }, (_, i) => batch.offsets[from + i]! - start),
    ...perToken("input_ids"),
    ...perToken("token_type_ids"),
    ...perToken("position_ids"),
    ...(vectors && {
      inputs_embeds: { data: vectors.values.subarray(start * size, end * size), shape: [end - start, size] },
    }),
  };
}

/**
 * Checks a batch without padding as `prepareInputs` checks a padded one.
 * @throws InputError with the name of the argument.
 */
export function prepareSequences(batch: SequenceBatch, config: ConvBertConfig): PreparedSequences {
  const sequences = { offsets: checkedOffsets(batch.offsets) };
  const tokens = sequences.offsets.at(-1)!;
  const perToken = (argument: "input_ids" | "token_type_ids" | "position_ids", field: keyof ConvBertConfig) => {
    const values = flatIntegers(argument, batch[argument]!);
    if (values.length !== tokens) {
      throw new InputError(argument, `expected one for each of the ${tokens} tokens, got ${values.length}`);
    }
    checkRange(argument, values, config[field] as number, field);
    return values;
  };
  if (batch.input_ids != null && batch.inputs_embeds != null) {
    throw new InputError("inputs_embeds", "you cannot specify both input_ids and inputs_embeds at the same time");
  }
  return {
    sequences,
    words: batch.input_ids == null ? embeddings(batch, tokens, config) : perToken("input_ids", "vocab_size"),
    types: batch.token_type_ids == null ? new Int32Array(tokens) : perToken("token_type_ids", "type_vocab_size"),
    positions:
      batch.position_ids == null
        ? countedPositions(sequences, config)
        : perToken("position_ids", "max_position_embeddings"),
    mask: config.is_decoder ? causalMask(sequences.offsets) : null,
    headMask: prepareHeadMask(batch.head_mask, config),
    outputAttentions: false,
    outputHiddenStates: false,
    outputKernels: false,
  };
}

function checkedOffsets(given: ArrayLike<number>): number[] {
  const offsets = Array.from(given ?? []);
  if (offsets.length < 2) throw new InputError("sequences", "there are no tokens");
  for (const [index, offset] of offsets.entries()) {
    const before = offsets[index - 1];
    if (!Number.isSafeInteger(offset) || (before === undefined ? offset !== 0 : offset < before)) {
      throw new InputError("offsets", `expected 0 and then ascending whole numbers, got ${offset} at element ${index}`);
    }
    if (offset === before) throw new InputError("sequences", `there are no tokens in sequence ${index - 1}`);
  }
  return offsets;
}

function embeddings({ inputs_embeds: embeds }: SequenceBatch, tokens: number, config: ConvBertConfig): Float32Array {
  if (embeds == null) {
    throw new InputError("input_ids", "you have to specify either input_ids or inputs_embeds");
  }
  const { shape, values } = floats("inputs_embeds", embeds);
  const { embedding_size: size } = config;
  if (shape.length !== 2 || shape[0] !== tokens || shape[1] !== size) {
    const wanted = `[${tokens} tokens, embedding_size ${size}]`;
    throw new InputError("inputs_embeds", `expected ${wanted}, got shape [${shape.join(", ")}]`);
  }
  return values;
}

function countedPositions({ offsets }: Sequences, { max_position_embeddings: limit }: ConvBertConfig): Int32Array {
  const positions = new Int32Array(offsets.at(-1)!);
  for (let sequence = 1; sequence < offsets.length; sequence++) {
    const start = offsets[sequence - 1]!;
    const end = offsets[sequence]!;
    checkLength(end - start, limit);
    for (let token = start; token < end; token++) positions[token] = token - start;
  }
  return positions;
}
