import { type ConvBertConfig, type SequenceBatch, sequenceBatch, type TokenIdBatch } from "@convbert/model";
import type { ConvBertTokenizer, ConvBertTokenizerFast } from "@convbert/tokenizer";
import { PipelineError, textOf, wordsOf } from "./errors.js";
import { abortSignal, callback, choice, count, flag, type OptionRules, orDefault, readOptions } from "./options.js";
import { type PipelineRunOptions, runSteps, type Steps, streamSteps, type TokenRow } from "./schedule.js";

/** Options of the calls that take one text, or a pair, as it is. */
export interface TextOptions extends PipelineRunOptions {
  /** Every text is given as the list of its words, as data sets of tagged words have it; false by default. */
  readonly is_split_into_words?: boolean;
  /** Cut a text that is longer than the model takes; false by default, and such a text is an error. */
  readonly truncation?: boolean | "longest_first" | "only_first" | "only_second";
  /** Tokens at most, special ones counted; what the model takes by default. */
  readonly max_length?: number;
}

/** What a pipeline needs of a model: every model of `@convbert/heads` and `@convbert/model` has it. */
export interface PipelineModel<Output, Batch extends SequenceBatch = SequenceBatch> {
  readonly config: ConvBertConfig;
  /** What computes: `description` says "wasm relaxed-simd, 2 threads". */
  readonly backend: { readonly description: string; readonly threads: number };
  /** Sequences of any lengths without padding, and a result for each. */
  forwardRagged(batch: Batch, options?: { readonly signal?: AbortSignal | undefined }): Promise<readonly Output[]>;
  dispose(): void;
}

/** Either tokenizer: the fast one knows the offsets of every token, for the slow one offsets are worked out by words. */
export type PipelineTokenizer = ConvBertTokenizerFast | ConvBertTokenizer;

/** A loaded model with the tokenizer that it was trained with. */
export interface PipelineParts<Model> {
  readonly model: Model;
  readonly tokenizer: PipelineTokenizer;
}

export const RUN_RULES: OptionRules<PipelineRunOptions> = {
  signal: abortSignal,
  onProgress: callback,
  batchTokens: count(1),
  onWarning: callback,
};

export const TEXT_RULES: OptionRules<TextOptions> = {
  ...RUN_RULES,
  truncation: orDefault(choice(true, false, "longest_first", "only_first", "only_second")),
  max_length: orDefault(count(1)),
  is_split_into_words: flag,
};

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

/** Rows one after the other, which is how models run them: no row sees another, or padding. */
export function sequencesOf(rows: readonly TokenRow[]): TokenIdBatch {
  return sequenceBatch(
    rows.map(({ ids }) => ids),
    rows.map(({ typeIds }) => typeIds),
  );
}

/** Tokens that a row may have: the tokenizer's limit, but never more than the model has positions for. */
export function longestRow({ model, tokenizer }: PipelineParts<{ readonly config: ConvBertConfig }>): number {
  return Math.min(tokenizer.modelMaxLength, model.config.max_position_embeddings);
}

/**
 * Tokenizes one text, or a pair.
 * @throws PipelineError "too-long".
 */
export function encodeText(
  parts: PipelineParts<{ readonly config: ConvBertConfig }>,
  text: unknown,
  pair: unknown,
  { truncation = false, max_length: asked, is_split_into_words: isWords = false }: TextOptions,
): TokenRow {
  const limit = longestRow(parts);
  if (asked !== undefined && asked > limit) {
    throw new PipelineError("invalid-option", `max_length is ${asked}; this model takes 1 to ${limit} tokens`, {
      option: "max_length",
      value: asked,
      limit,
    });
  }
  const length = asked ?? limit;
  const read = (name: string, value: unknown): string => (isWords ? wordsOf : textOf)(name, value) as string;
  // The types tell one text from a list of them; here a list of words is one text.
  const { input_ids, token_type_ids } = parts.tokenizer(read("text", text), {
    ...(pair === undefined ? {} : { text_pair: read("text_pair", pair) }),
    is_split_into_words: isWords,
    truncation: truncation || (asked !== undefined && "longest_first"),
    max_length: length,
    return_attention_mask: false,
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
  return { ids: input_ids, typeIds: token_type_ids! };
}

/** What a pipeline does with some inputs, under the options of a call. */
export interface Job<Input, Result> {
  run(inputs: readonly Input[]): Promise<Result[]>;
  stream(inputs: Inputs<Input>): Results<Result>;
}

/** Puts steps and options together. */
export function makeJob<Input, Prepared extends { readonly rows: readonly TokenRow[] }, Output, Result>(
  options: PipelineRunOptions,
  steps: Steps<Input, Prepared, Output, Result>,
): Job<Input, Result> {
  return {
    run: (inputs) => runSteps(inputs, options, steps),
    stream: (inputs) => streamSteps(inputs, options, steps),
  };
}

/** What makes a pipeline. */
export interface PipelinePlan<Options, Input, Result> {
  readonly task: string;
  readonly rules: OptionRules<Options>;
  /** Options of calls that do not give their own. */
  readonly defaults: Options;
  /** @param between arguments that stand between the input and the options. */
  job(options: Options, ...between: unknown[]): Job<Input, Result>;
  /** What becomes of a result in a list or a stream of them. */
  among?(result: Result, options: Options): unknown;
  /** How many arguments stand between the input and the options; 0. */
  readonly argumentsBetween?: number;
}

/**
 * Makes a pipeline. One input gives its result, a list of inputs a list. Where inputs are lists themselves (words), a list of
 * lists is meant by "a list of inputs".
 */
export function makePipeline<Made, Model, Options extends PipelineRunOptions, Input, Result>(
  parts: PipelineParts<Model>,
  { task, rules, defaults: given, job, among, argumentsBetween: between = 0 }: PipelinePlan<Options, Input, Result>,
): Made {
  const defaults = readOptions(task, given, rules);
  const prepare = (args: readonly unknown[]) => {
    // An argument between input and options may have a default; the options then come first.
    const skipped = between > 0 && args.length <= between && isPlainObject(args.at(-1)) ? 1 : 0;
    const options: Options = { ...defaults, ...readOptions(task, args[between - skipped], rules) };
    return { options, ...job(options, ...args.slice(0, between - skipped)) };
  };
  const finish = (result: Result, options: Options): unknown => (among ? among(result, options) : result);
  const call = async (input: unknown, ...args: unknown[]): Promise<unknown> => {
    const { options, run } = prepare(args);
    if (!isList(input, options)) return (await run([input as Input]))[0];
    return (await run(input as readonly Input[])).map((result) => finish(result, options));
  };
  async function* stream(inputs: unknown, ...args: unknown[]): Results<unknown> {
    const { options, stream: results } = prepare(args);
    for await (const result of results(expectMany<Input>(inputs))) yield finish(result, options);
  }
  const dispose = (): void => (parts.model as { dispose?(): void }).dispose?.();
  return Object.assign(call, { task, ...parts, stream, dispose, [Symbol.dispose]: dispose }) as Made;
}

/** Whether several inputs were given, and not the words of one. */
function isList(input: unknown, options: PipelineRunOptions & Pick<TextOptions, "is_split_into_words">): boolean {
  if (!Array.isArray(input)) return false;
  return !options.is_split_into_words || input.length === 0 || input.some((item) => typeof item !== "string");
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A single text is iterable too, character by character; nobody means that. */
function expectMany<Input>(inputs: unknown): Inputs<Input> {
  if (typeof inputs === "object" && inputs !== null && (Symbol.iterator in inputs || Symbol.asyncIterator in inputs)) {
    return inputs as Iterable<Input>;
  }
  throw new PipelineError("invalid-input", "stream takes inputs one after the other: an iterable or async iterable");
}
