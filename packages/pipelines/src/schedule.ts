import { turn } from "@convbert/files/internal";
import type { Encoding } from "@convbert/tokenizer";
import { PipelineError } from "./errors.js";
import { InputSource } from "./input-source.js";

/** How far a call has come. */
export interface RunProgress {
  /** Rows of tokens computed so far: texts, windows of a long text, or choices. */
  readonly done: number;
  /** All rows; of a stream those that were read so far. */
  readonly total: number;
  /** Tokens in the rows computed so far. */
  readonly tokens: number;
}

/** Options of every call. */
export interface PipelineRunOptions {
  /** Stops between batches and between layers; the call rejects with the signal's reason and the pipeline stays usable. */
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: RunProgress) => void;
  /**
   * Tokens that run through the model together, 512 by default; a longer row runs alone. Results do not depend on it: more
   * take more memory, fewer more time.
   */
  readonly batchTokens?: number;
  /** Receives warnings; `console.warn` by default. */
  readonly onWarning?: (message: string) => void;
}

/** A row of tokens. */
export type TokenRow = Pick<Encoding, "ids" | "typeIds">;

/** One task's three steps over one input. */
export interface Steps<Input, Prepared extends { readonly rows: readonly TokenRow[] }, Output, Result> {
  /** Text to rows of tokens. */
  prepare(input: Input): Prepared;
  /** Rows of several inputs to the model's outputs, in the same order. */
  compute(rows: readonly Prepared["rows"][number][]): Promise<readonly Output[]>;
  /** The outputs of all rows of an input to its answer. */
  answer(input: Input, prepared: Prepared, outputs: Output[]): Result;
}

/**
 * Measured on ConvBERT-base: from here on larger batches gain nothing, since the products' time is the arithmetic's and no
 * longer that of reading the weights.
 */
const BATCH_TOKENS = 512;

/** Batches that a stream reads ahead, to have rows of one length to put together. */
const BATCHES_AHEAD = 16;

/** How long a stream waits for its next input before it computes those that it has, in milliseconds. */
const PATIENCE = 4;

/** The longest stretch of work before waiting events (an abort, a key, a page's frame) get a turn, in milliseconds. */
const SLICE = 25;

/** An input on its way. */
interface Entry<Input, Prepared, Output> {
  readonly index: number;
  readonly input: Input;
  readonly prepared: Prepared;
  readonly outputs: Output[];
  missing: number;
}

/** Takes inputs through the steps of a task, results in their order. */
export async function runSteps<Input, Prepared extends { readonly rows: readonly TokenRow[] }, Output, Result>(
  inputs: readonly Input[],
  options: PipelineRunOptions,
  steps: Steps<Input, Prepared, Output, Result>,
): Promise<Result[]> {
  options.signal?.throwIfAborted();
  const run = new Run(options, steps, inputs.length > 1);
  // All first, so that an input that cannot be read costs no time.
  const entries = inputs.map((input, index) => run.prepare(input, index));
  return run.compute(entries);
}

/**
 * The same for inputs that come one by one, in bounded memory: some batches are read ahead, and when the source pauses, what
 * was read is answered. An input that cannot be read ends the stream after the answers before it.
 */
export async function* streamSteps<Input, Prepared extends { readonly rows: readonly TokenRow[] }, Output, Result>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  options: PipelineRunOptions,
  steps: Steps<Input, Prepared, Output, Result>,
): AsyncGenerator<Result, void, undefined> {
  options.signal?.throwIfAborted();
  const run = new Run(options, steps, true);
  const source = new InputSource(inputs);
  let index = 0;
  try {
    for (;;) {
      const entries: Entry<Input, Prepared, Output>[] = [];
      let tokens = 0;
      let rejected: { readonly error: unknown } | null = null;
      while (tokens < run.batchTokens * BATCHES_AHEAD) {
        options.signal?.throwIfAborted();
        try {
          const next = await source.next(entries.length === 0 ? null : PATIENCE, options.signal);
          if (next === null) {
            break;
          }
          const entry = run.prepare(next.value, index++);
          entries.push(entry);
          tokens += entry.prepared.rows.reduce((sum, { ids }) => sum + ids.length, 0);
        } catch (error) {
          rejected = { error };
          break;
        }
      }
      yield* await run.compute(entries);
      if (rejected !== null) {
        throw rejected.error;
      }
      if (source.ended && entries.length === 0) {
        return;
      }
    }
  } finally {
    await source.close();
  }
}

class Run<Input, Prepared extends { readonly rows: readonly TokenRow[] }, Output, Result> {
  readonly batchTokens: number;
  readonly #options: PipelineRunOptions;
  readonly #steps: Steps<Input, Prepared, Output, Result>;
  /** Whether errors say which input they are about. */
  readonly #located: boolean;
  #paused = performance.now();
  #done = 0;
  #total = 0;
  #tokens = 0;

  constructor(options: PipelineRunOptions, steps: Steps<Input, Prepared, Output, Result>, located: boolean) {
    const { batchTokens = BATCH_TOKENS } = options;
    this.batchTokens = batchTokens;
    this.#options = options;
    this.#steps = steps;
    this.#located = located;
  }

  prepare(input: Input, index: number): Entry<Input, Prepared, Output> {
    const prepared = this.#locate(index, () => this.#steps.prepare(input));
    const { length } = prepared.rows;
    this.#total += length;
    return { index, input, prepared, outputs: new Array<Output>(length), missing: length };
  }

  /**
   * The answers in the order of the entries. Rows run together without padding, so that an answer does not depend on its
   * neighbours; ConvBERT's convolution would see padding.
   */
  async compute(entries: readonly Entry<Input, Prepared, Output>[]): Promise<Result[]> {
    const results = new Array<Result>(entries.length);
    const finish = (at: number) => {
      const { index, input, prepared, outputs } = entries[at]!;
      results[at] = this.#locate(index, () => this.#steps.answer(input, prepared, outputs));
      outputs.length = 0;
    };
    const rows = entries.flatMap((entry, at) => {
      if (entry.missing === 0) {
        finish(at);
      }
      return entry.prepared.rows.map((row, index) => ({ row, at, index }));
    });
    // Longest first: the first batch shows how much memory is needed, and rows of a batch are of like lengths.
    rows.sort((a, b) => b.row.ids.length - a.row.ids.length);
    for (const batch of batches(rows, this.batchTokens)) {
      await this.#rest();
      const outputs = await this.#steps.compute(batch.map(({ row }) => row));
      for (const [i, { at, index, row }] of batch.entries()) {
        const entry = entries[at]!;
        entry.outputs[index] = outputs[i]!;
        this.#tokens += row.ids.length;
        if (--entry.missing === 0) {
          finish(at);
        }
      }
      this.#done += batch.length;
      this.#options.onProgress?.({ done: this.#done, total: this.#total, tokens: this.#tokens });
    }
    return results;
  }

  async #rest(): Promise<void> {
    if (performance.now() - this.#paused > SLICE) {
      await turn();
      this.#paused = performance.now();
    }
    this.#options.signal?.throwIfAborted();
  }

  #locate<Value>(index: number, work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw this.#located ? withIndex(error, index) : error;
    }
  }
}

/** Neighbours that have at most so many tokens together, or one alone. */
function* batches<Item extends { readonly row: TokenRow }>(items: readonly Item[], tokens: number): Generator<Item[]> {
  let batch: Item[] = [];
  let held = 0;
  for (const item of items) {
    const { length } = item.row.ids;
    if (batch.length > 0 && held + length > tokens) {
      yield batch;
      batch = [];
      held = 0;
    }
    batch.push(item);
    held += length;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

function withIndex(error: unknown, index: number): unknown {
  const message = `input ${index}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof PipelineError) {
    return new PipelineError(error.code, message, error.details, { index, cause: error });
  }
  return new PipelineError("invalid-input", message, {}, { index, cause: error });
}
