import { type ArrayInput, type ConvBertConfig, InputError } from "@convbert/model";
import { checkArguments, floats, integers } from "@convbert/model/internal";
import * as tf from "@tensorflow/tfjs-core";

/** A tensor, or what can be made one: nested lists, `{ data, shape }` as the tokenizer gives it, an ndarray. */
export type TensorInput = tf.Tensor | ArrayInput;

/** The arguments that all six models share, under the reference's names. */
export interface TFConvBertInputs {
  /** `[batch, length]` (`[batch, choices, length]` for choices), below `vocab_size`. Either these or `inputs_embeds`. */
  readonly input_ids?: TensorInput | null | undefined;
  /** 1 for tokens to attend to, 0 for padding, in the shape of `input_ids`; ones by default. */
  readonly attention_mask?: TensorInput | null | undefined;
  /** Below `type_vocab_size`, in the shape of `input_ids`; zeros by default. */
  readonly token_type_ids?: TensorInput | null | undefined;
  /** Below `max_position_embeddings`, in the shape of `input_ids`; 0, 1, 2 ... by default. */
  readonly position_ids?: TensorInput | null | undefined;
  /** The reference's TensorFlow models refuse it; so do these. */
  readonly head_mask?: null | undefined;
  /** In place of `input_ids`, with `embedding_size` as one more axis. */
  readonly inputs_embeds?: TensorInput | null | undefined;
  /** Return the attention probabilities of every block; the configuration's value by default. */
  readonly output_attentions?: boolean | null | undefined;
  /** Return the states before, between and after the blocks; the configuration's value by default. */
  readonly output_hidden_states?: boolean | null | undefined;
  /** False for a list instead of an object. */
  readonly return_dict?: boolean | null | undefined;
  /** Whether elements are dropped; false by default. */
  readonly training?: boolean | null | undefined;
}

/** What models take in first place: an object of arguments, `input_ids` alone, or a list in the order of the signature. */
export type FirstInput<Inputs extends TFConvBertInputs> =
  | Inputs
  | tf.NamedTensorMap
  | TensorInput
  | readonly (TensorInput | boolean | null | undefined)[];

/** What a model says of its arguments. */
export interface Signature {
  /** Name of the class, as "TFConvBertForMaskedLM". */
  readonly modelName: string;
  /** Axes of `input_ids`: 2, or 3 with choices. */
  readonly rank: number;
  /** Names of labels, in the order of the signature. */
  readonly labels: readonly string[];
}

const LEADING = ["input_ids", "attention_mask", "token_type_ids", "position_ids", "head_mask", "inputs_embeds"];
const SWITCHES = ["output_attentions", "output_hidden_states", "return_dict"];

/** The arguments by name. */
export type NamedInputs = Readonly<Record<string, unknown>>;

/**
 * Arguments in any of the reference's forms, by name.
 * @param first an object, a tensor, or a list in the order of the signature.
 * @param keywords arguments by name besides it.
 * @throws InputError with the name of an argument that there is not, or that is given twice.
 */
export function namedInputs(first: unknown, keywords: object, signature: Signature): NamedInputs {
  const named = { ...(first == null ? {} : firstInputs(first, signature)) };
  for (const [name, value] of Object.entries(keywords)) {
    if (named[name] != null && value != null) {
      throw new InputError(name, "it is given twice, in first place and by name");
    }
    named[name] = value ?? named[name];
  }
  checkArguments(named, signature.modelName, ["return_dict", "training", ...signature.labels]);
  return named;
}

function firstInputs(first: unknown, { rank, labels }: Signature): Record<string, unknown> {
  if (isTensor(first) || isShaped(first)) {
    return { input_ids: first };
  }
  if (!Array.isArray(first)) {
    return first as Record<string, unknown>;
  }
  if (isNumbers(first) && depthOf(first) <= rank) {
    return { input_ids: first };
  }
  const names = [...LEADING, ...SWITCHES, ...labels, "training"];
  if (first.length > names.length) {
    throw new InputError("inputs", `a list has at most ${names.length} arguments, not ${first.length}`);
  }
  return Object.fromEntries(first.map((value, index) => [names[index]!, value]));
}

function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

/** Whether it is one array with its shape, and no object of arguments. */
function isShaped(value: unknown): value is ArrayInput {
  return typeof value === "object" && value !== null && "shape" in value && "data" in value;
}

function isNumbers(list: readonly unknown[]): boolean {
  return list.every((item) =>
    Array.isArray(item) ? isNumbers(item) : typeof item === "number" || typeof item === "bigint",
  );
}

function depthOf(list: unknown): number {
  return Array.isArray(list) ? 1 + depthOf(list[0]) : 0;
}

/** Backends whose tensors lie in memory that can be read at once; elsewhere a look at a value waits for the device. */
export function readsAtOnce(): boolean {
  return ["cpu", "wasm"].includes(tf.getBackend());
}

/** An int32 tensor, checked. The caller owns it unless it is `input` itself. */
export function integerTensor(
  argument: string,
  input: TensorInput,
  check?: (values: ArrayLike<number>) => void,
): tf.Tensor {
  if (!isTensor(input)) {
    const { shape, values } = integers(argument, input);
    check?.(values);
    return tf.tensor(values, [...shape], "int32");
  }
  if (input.dtype === "string" || input.dtype === "complex64") {
    throw new InputError(argument, `expected integers, got a tensor of ${input.dtype}`);
  }
  if (readsAtOnce()) {
    const values = input.dataSync() as Int32Array | Float32Array | Uint8Array;
    const odd = input.dtype === "float32" ? values.findIndex((value) => (value | 0) !== value) : -1;
    if (odd >= 0) {
      throw new InputError(argument, `expected integers of 32 bits, got ${values[odd]} at element ${odd}`);
    }
    check?.(values);
  }
  return input.dtype === "int32" ? input : tf.cast(input, "int32");
}

/** A float32 tensor. The caller owns it unless it is `input` itself. */
export function floatTensor(argument: string, input: TensorInput): tf.Tensor {
  if (!isTensor(input)) {
    const { shape, values } = floats(argument, input);
    return tf.tensor(values, [...shape], "float32");
  }
  if (input.dtype === "string" || input.dtype === "complex64") {
    throw new InputError(argument, `expected numbers, got a tensor of ${input.dtype}`);
  }
  return input.dtype === "float32" ? input : tf.cast(input, "float32");
}

/** The tensors of one batch, checked. What is null was not given. */
export interface PreparedTensors {
  /** Extents before the length: `[batch]`, or `[batch, choices]`. */
  readonly leading: readonly number[];
  readonly length: number;
  /** int32 in the shape of `input_ids`. */
  readonly ids: tf.Tensor | null;
  readonly embeds: tf.Tensor | null;
  readonly mask: tf.Tensor | null;
  readonly types: tf.Tensor | null;
  readonly positions: tf.Tensor | null;
}

/**
 * Checks arguments and makes tensors of them; call it in `tf.tidy`.
 * @throws InputError with the name of the argument.
 */
export function prepareTensors(named: NamedInputs, config: ConvBertConfig, { rank }: Signature): PreparedTensors {
  if (named["head_mask"] != null) {
    throw new InputError("head_mask", "the reference's TensorFlow models do not take one; @convbert/model's do");
  }
  const { input_ids, inputs_embeds } = named as TFConvBertInputs;
  if (input_ids != null && inputs_embeds != null) {
    throw new InputError("inputs_embeds", "you cannot specify both input_ids and inputs_embeds at the same time");
  }
  if (input_ids == null && inputs_embeds == null) {
    throw new InputError("input_ids", "you have to specify either input_ids or inputs_embeds");
  }
  const ids =
    input_ids == null
      ? null
      : integerTensor("input_ids", input_ids, inRange("input_ids", config.vocab_size, "vocab_size"));
  const embeds = inputs_embeds == null ? null : floatTensor("inputs_embeds", inputs_embeds);
  const shape = ids?.shape ?? embeds!.shape.slice(0, -1);
  const axes = rank === 2 ? "[batch, length]" : "[batch, choices, length]";
  if (ids !== null && (shape.length !== rank || ids.size === 0)) {
    throw new InputError("input_ids", `expected ${axes}, got shape [${ids.shape.join(", ")}]`);
  }
  if (
    embeds !== null &&
    (shape.length !== rank || embeds.shape.at(-1) !== config.embedding_size || embeds.size === 0)
  ) {
    const expected = `${axes.slice(0, -1)}, embedding_size ${config.embedding_size}]`;
    throw new InputError("inputs_embeds", `expected ${expected}, got shape [${embeds.shape.join(", ")}]`);
  }
  const length = shape.at(-1)!;
  const { position_ids, token_type_ids, attention_mask } = named as TFConvBertInputs;
  const limit = config.max_position_embeddings;
  if (position_ids == null && length > limit) {
    throw new InputError(
      ids !== null ? "input_ids" : "inputs_embeds",
      `sequences of ${length} tokens are longer than max_position_embeddings ${limit}; truncate them in the tokenizer`,
    );
  }
  const likeTokens = (argument: string, input: TensorInput, most: number, field: string) =>
    spread(argument, integerTensor(argument, input, inRange(argument, most, field)), shape);
  return {
    leading: shape.slice(0, -1),
    length,
    ids,
    embeds,
    mask: attention_mask == null ? null : maskTensor(attention_mask, shape),
    types:
      token_type_ids == null
        ? null
        : likeTokens("token_type_ids", token_type_ids, config.type_vocab_size, "type_vocab_size"),
    positions: position_ids == null ? null : likeTokens("position_ids", position_ids, limit, "max_position_embeddings"),
  };
}

function inRange(argument: string, limit: number, field: string) {
  return (values: ArrayLike<number>) => {
    const at = Array.prototype.findIndex.call(values, (value: number) => value < 0 || value >= limit);
    if (at >= 0) {
      throw new InputError(
        argument,
        `${values[at]} at element ${at} is outside 0 to ${limit - 1} (${field} ${limit}); does the tokenizer belong to this model?`,
      );
    }
  };
}

/** One row, or one row for each sequence, in the shape of the tokens. */
function spread(argument: string, values: tf.Tensor, shape: readonly number[]): tf.Tensor {
  if (values.shape.join() === shape.join()) {
    return values;
  }
  if (values.shape.at(-1) === shape.at(-1) && values.size === shape.at(-1)) {
    return tf.tile(tf.reshape(values, [...shape.slice(0, -1).fill(1), shape.at(-1)!]), [...shape.slice(0, -1), 1]);
  }
  throw new InputError(
    argument,
    `expected [${shape.join(", ")}] like the tokens, got shape [${values.shape.join(", ")}]`,
  );
}

function maskTensor(input: TensorInput, shape: readonly number[]): tf.Tensor {
  const mask = floatTensor("attention_mask", input);
  if (mask.shape.join() === shape.join()) {
    return mask;
  }
  const hint =
    mask.rank > shape.length ? "; the reference's TensorFlow models take no mask for each query by itself" : "";
  throw new InputError(
    "attention_mask",
    `expected [${shape.join(", ")}] like the tokens, got shape [${mask.shape.join(", ")}]${hint}`,
  );
}

/** The tensors that a model's graph takes, defaults filled in; call it in `tf.tidy`. */
export function graphInputs({ ids, mask, types, positions, leading, length }: PreparedTensors): tf.Tensor[] {
  if (ids === null) {
    throw new InputError(
      "inputs_embeds",
      "a model's graph takes input_ids; forward and predict take inputs_embeds too",
    );
  }
  const row = tf.range(0, length, 1, "int32");
  return [
    ids,
    mask ?? tf.ones(ids.shape),
    types ?? tf.zeros(ids.shape, "int32"),
    positions ?? tf.tile(tf.reshape(row, [...leading.map(() => 1), length]), [...leading, 1]),
  ];
}
