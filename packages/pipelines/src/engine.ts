import type { ConvBertConfig } from "@convbert/model";
import type { ConvBertTokenizerFast, Encoding } from "@convbert/tokenizer";
import { PipelineError, textOf } from "./errors.js";

/** How far a call has come. */
export interface RunProgress {
  /** Rows of tokens computed so far: texts, windows of a long text, or choices. */
  readonly done: number;
  readonly total: number;
  /** Tokens in the rows computed so far. */
  readonly tokens: number;
}

/** Options of every call. */
export interface RunOptions {
  /** Stops between texts and between layers; the call rejects with the signal's reason and the pipeline stays usable. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RunProgress) => void;
}

/** Options of the calls that take one text, or a pair, as it is. */
export interface TextOptions extends RunOptions {
  /** Cut a text that is longer than the model takes; false by default, and such a text is an error. */
  readonly truncation?: boolean | "longest_first" | "only_first" | "only_second";
  /** Tokens at most, special ones counted; what the model takes by default. */
  readonly max_length?: number;
}

/** What a model is given: one row of tokens. */
export interface RowInputs {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly token_type_ids: number[][];
}

/** What a pipeline needs of a model: every model of `@convbert/heads` and `@convbert/model` has it. */
export interface PipelineModel<Inputs, Output> {
  readonly config: ConvBertConfig;
  forward(inputs: Inputs, options?: { readonly signal?: AbortSignal | undefined }): Promise<Output>;
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

/** A row of tokens. */
export type Row = Pick<Encoding, "ids" | "typeIds" | "attentionMask">;

/** One task's three steps over one input. */
export interface Steps<Input, Prepared extends { readonly rows: readonly Row[] }, Output, Result> {
  /** Text to rows of tokens. */
  prepare(input: Input): Prepared;
  /** One row to the model's outputs. */
  compute(row: Row): Promise<Output>;
  /** The outputs of all rows of an input to its answer. */
  answer(input: Input, prepared: Prepared, outputs: Output[]): Result;
}

/** The longest stretch of work before waiting events (an abort, a key, a page's frame) get a turn, in milliseconds. */
const SLICE = 25;

/**
 * Takes inputs through the steps of a task, results in their order. Every row runs alone, at its own length: ConvBERT's
 * convolution sees padding, so that a text's answer would depend on its neighbours in a padded batch.
 */
export async function runSteps<Input, Prepared extends { readonly rows: readonly Row[] }, Output, Result>(
  inputs: readonly Input[],
  { signal, onProgress }: RunOptions,
  steps: Steps<Input, Prepared, Output, Result>,
): Promise<Result[]> {
  const located = <Value>(index: number, work: () => Value): Value => {
    try {
      return work();
    } catch (error) {
      throw inputs.length > 1 ? withPlace(error, index) : error;
    }
  };
  signal?.throwIfAborted();
  const prepared = inputs.map((input, index) => located(index, () => steps.prepare(input)));
  const total = prepared.reduce((sum, { rows }) => sum + rows.length, 0);
  const results: Result[] = [];
  let done = 0;
  let tokens = 0;
  let paused = performance.now();
  for (const [index, input] of inputs.entries()) {
    const outputs: Output[] = [];
    for (const row of prepared[index]!.rows) {
      if (performance.now() - paused > SLICE) {
        await turn();
        paused = performance.now();
      }
      signal?.throwIfAborted();
      outputs.push(await steps.compute(row));
      done++;
      tokens += row.ids.length;
      onProgress?.({ done, total, tokens });
    }
    results.push(located(index, () => steps.answer(input, prepared[index]!, outputs)));
  }
  return results;
}

/** Lets waiting events come through. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve);
  });
}

/** A row as a model's arguments, a batch of one. */
export function rowInputs(row: Row): RowInputs {
  return {
    input_ids: [[...row.ids]],
    attention_mask: [[...row.attentionMask]],
    token_type_ids: [[...row.typeIds]],
  };
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

/** Makes a pipeline out of its call. */
export function makePipeline<Call extends (...args: never[]) => unknown, Task extends string, Model>(
  task: Task,
  parts: PipelineParts<Model>,
  call: Call,
): Call & PipelineBase<Task, Model> {
  const dispose = (): void => (parts.model as { dispose?(): void }).dispose?.();
  return Object.assign(call, { task, ...parts, dispose, [Symbol.dispose]: dispose });
}

/** Runs a call that takes one input or a list of them. */
export async function eachOrOne<Input, Result>(
  input: Input | readonly Input[],
  run: (inputs: readonly Input[]) => Promise<Result[]>,
): Promise<Result | Result[]> {
  if (Array.isArray(input)) return run(input);
  return (await run([input as Input]))[0]!;
}

function withPlace(error: unknown, index: number): unknown {
  const message = `input ${index}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof PipelineError) {
    return new PipelineError(error.code, message, error.details, { index, cause: error });
  }
  return new PipelineError("invalid-input", message, {}, { index, cause: error });
}
