import type { ConvBertConfig, RaggedInputs } from "@convbert/model";
import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { PipelineError, textOf } from "./errors.js";
import { type Row, type RunOptions, runSteps, type Steps, streamSteps } from "./schedule.js";

/** Options of the calls that take one text, or a pair, as it is. */
export interface TextOptions extends RunOptions {
  /** Cut a text that is longer than the model takes; false by default, and such a text is an error. */
  readonly truncation?: boolean | "longest_first" | "only_first" | "only_second";
  /** Tokens at most, special ones counted; what the model takes by default. */
  readonly max_length?: number;
}

/** What a pipeline needs of a model: every model of `@convbert/heads` and `@convbert/model` has it. */
export interface PipelineModel<Output, Inputs extends RaggedInputs = RaggedInputs> {
  readonly config: ConvBertConfig;
  /** What computes: `description` says "wasm relaxed-simd, 2 threads". */
  readonly backend: { readonly description: string; readonly threads: number };
  /** Sequences of any lengths without padding, and a result for each. */
  forwardRagged(inputs: Inputs, options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly Output[]>;
  dispose(): void;
}

/** A loaded model with the tokenizer that it was trained with. */
export interface PipelineParts<Model> {
  readonly model: Model;
  readonly tokenizer: ConvBertTokenizerFast;
}

/** What every pipeline has beside being callable. */
export interface PipelineBase<Task extends string, Model> extends PipelineParts<Model>, Disposable {
  readonly task: Task;
  /** Frees the model's memory; the pipeline cannot be called any more. Harmless when repeated. */
  dispose(): void;
}

/** What a stream takes: a list, a generator, lines of a file, whatever can be gone through. */
export type Inputs<Input> = Iterable<Input> | AsyncIterable<Input>;

/** What a stream gives: a result for each input, in their order. */
export type Results<Result> = AsyncGenerator<Result, void, undefined>;

/** Rows as a model's arguments. */
export function raggedInputs(rows: readonly Row[]): RaggedInputs {
  return { sequences: rows.map(({ ids }) => ids), token_type_ids: rows.map(({ typeIds }) => typeIds) };
}

/** Tokens that a row may have: the tokenizer's limit, but never more than the model has positions for. */
export function longestRow({ model, tokenizer }: PipelineParts<{ readonly config: ConvBertConfig }>): number {
  return Math.min(tokenizer.modelMaxLength, model.config.max_position_embeddings);
}

/**
 * Tokenizes one text, or a pair.
 * @param paddedTo a length that the row fits into and is padded to.
 * @throws PipelineError "too-long".
 */
export function encodeText(
  parts: PipelineParts<{ readonly config: ConvBertConfig }>,
  text: unknown,
  pair: unknown,
  { truncation = false, max_length: asked }: TextOptions,
  paddedTo?: number,
): Row {
  const limit = longestRow(parts);
  if (asked !== undefined && !(Number.isSafeInteger(asked) && asked > 0 && asked <= limit)) {
    throw new PipelineError("invalid-option", `max_length is ${asked}; this model takes 1 to ${limit} tokens`, {
      option: "max_length",
      value: asked,
      limit,
    });
  }
  const length = asked ?? limit;
  const { input_ids, attention_mask, token_type_ids } = parts.tokenizer(textOf("text", text), {
    ...(pair === undefined ? {} : { text_pair: textOf("text_pair", pair) }),
    truncation: truncation || (asked !== undefined && "longest_first"),
    ...(paddedTo === undefined
      ? { max_length: length, padding: false }
      : { max_length: paddedTo, padding: "max_length" }),
    return_attention_mask: true,
    return_token_type_ids: true,
    verbose: false,
  });
  if (input_ids.length > length) {
    throw new PipelineError(
      "too-long",
      `the text has ${input_ids.length} tokens and the model takes ${length}; shorten it, or set truncation`,
      { tokens: input_ids.length, limit: length },
    );
  }
  return { ids: input_ids, attentionMask: attention_mask!, typeIds: token_type_ids! };
}

/** A task's steps with the options that came with a call. */
export interface Job<Input, Result> {
  readonly options: RunOptions;
  run(inputs: readonly Input[]): Promise<Result[]>;
  stream(inputs: Inputs<Input>): Results<Result>;
}

/** Puts steps and options together. */
export function makeJob<Input, Prepared extends { readonly rows: readonly Row[] }, Output, Result>(
  options: RunOptions,
  steps: Steps<Input, Prepared, Output, Result>,
): Job<Input, Result> {
  return {
    options,
    run: (inputs) => runSteps(inputs, options, steps),
    stream: (inputs) => streamSteps(inputs, options, steps),
  };
}

/**
 * Makes a pipeline out of what a call's further arguments mean. One input gives its result, a list of inputs a list; of each
 * in a list or a stream the result is what `among` makes of it.
 */
export function makePipeline<Made, Task extends string, Model, Input, Arguments extends unknown[], Result>(
  task: Task,
  parts: PipelineParts<Model>,
  job: (...args: Arguments) => Job<Input, Result>,
  among?: (result: Result, ...args: Arguments) => unknown,
): Made {
  const call = async (input: Input | readonly Input[], ...args: Arguments): Promise<unknown> => {
    const { run } = job(...args);
    if (!Array.isArray(input)) {
      return (await run([input as Input]))[0];
    }
    return (await run(input)).map((result) => (among ? among(result, ...args) : result));
  };
  async function* stream(inputs: unknown, ...args: Arguments): Results<unknown> {
    const { stream: results } = job(...args);
    for await (const result of results(expectMany<Input>(inputs))) {
      yield among ? among(result, ...args) : result;
    }
  }
  const dispose = (): void => (parts.model as { dispose?(): void }).dispose?.();
  return Object.assign(call, { task, ...parts, stream, dispose, [Symbol.dispose]: dispose }) as Made;
}

/** A single text is iterable too, character by character; nobody means that. */
function expectMany<Input>(inputs: unknown): Inputs<Input> {
  if (typeof inputs === "object" && inputs !== null && (Symbol.iterator in inputs || Symbol.asyncIterator in inputs)) {
    return inputs as Iterable<Input>;
  }
  throw new PipelineError("invalid-input", "stream takes inputs one after the other: an iterable or async iterable");
}
