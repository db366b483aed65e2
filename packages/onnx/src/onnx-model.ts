import type { ModelSource } from "@convbert/files";
import type { Ragged } from "@convbert/heads";
import {
  type ConvBertConfig,
  type ConvBertInputs,
  DisposedModelError,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  ndarrayOf,
  type SequenceBatch,
} from "@convbert/model";
import {
  asSequenceBatch,
  checkArguments,
  type PreparedInputs,
  prepareInputs,
  prepareSequences,
} from "@convbert/model/internal";
import { sharedBackend, Tensor, tidy } from "@convbert/tensor";
import type { OnnxDType, OnnxFromPretrainedOptions } from "./from-pretrained-options.js";
import { type LoadedGraph, loadGraph } from "./load.js";
import { type PaddedBatch, paddedBatches } from "./ragged.js";
import type { GraphBatch, GraphSession } from "./session.js";

/** Outputs of a graph by name. */
export type GraphOutputs = Readonly<Record<string, FloatArray>>;

/** Not for users. Constructor of a model class. */
export interface OnnxModelClass<M> {
  new (graph: LoadedGraph, options: OnnxFromPretrainedOptions): M;
  readonly modelName: string;
}

/**
 * A ConvBERT on ONNX Runtime: `forward` and `forwardRagged` take and give what those of `@convbert/heads` do, with the same
 * errors. The graph is made from the weights of any checkpoint when the model is loaded. Padding is treated by `forward` as
 * the reference does; `forwardRagged` gives for each sequence what running it alone gives.
 */
export abstract class OnnxConvBert<
  Inputs extends ConvBertInputs = ConvBertInputs,
  Batch extends SequenceBatch = SequenceBatch,
> implements Disposable
{
  readonly config: ConvBertConfig;
  readonly dtype: OnnxDType;
  /** What computes. */
  readonly backend: { readonly description: string; readonly threads: number };
  /** Arguments of `forward` besides those of every model. */
  protected abstract readonly ownArguments: readonly string[];

  /** The same of a batch without padding. */
  protected get ownBatchArguments(): readonly string[] {
    return this.ownArguments;
  }

  readonly #session: GraphSession;
  readonly #exact: boolean;
  readonly #batchTokens: number;
  #isDisposed = false;

  /** Not for users. Use `fromPretrained`. */
  constructor({ config, session, dtype, origin }: LoadedGraph, options: OnnxFromPretrainedOptions) {
    const { exact = true, batchTokens = 1024, session: given = {} } = options;
    this.config = config;
    this.dtype = dtype;
    this.#session = session;
    this.#exact = exact;
    this.#batchTokens = batchTokens;
    const { executionProviders: providers, intraOpNumThreads: threads = 1 } = given as {
      readonly executionProviders?: readonly (string | { readonly name: string })[];
      readonly intraOpNumThreads?: number;
    };
    const names = (providers ?? []).map((provider) => (typeof provider === "string" ? provider : provider.name));
    const description = ["onnxruntime", ...names].join(" ");
    this.backend = { description: `${description}, ${origin}`, threads };
  }

  /** The reference's name of the class, as `architectures` in config.json has it. */
  get modelName(): string {
    return (this.constructor as unknown as OnnxModelClass<this>).modelName;
  }

  /**
   * Loads a model: a graph is made from a folder's weights, whatever format they are in, and given to the runtime. A folder
   * that has a graph only (`onnx/model.onnx`) runs with that.
   * @throws what `fromPretrained` of `@convbert/heads` throws; InputError without a runtime; what the runtime throws.
   */
  static async fromPretrained<M>(
    this: OnnxModelClass<M>,
    source: ModelSource,
    options: OnnxFromPretrainedOptions,
  ): Promise<M> {
    const { batchTokens } = options ?? {};
    if (batchTokens !== undefined && !(Number.isInteger(batchTokens) && batchTokens > 0)) {
      throw new InputError("batchTokens", `expected a positive number of tokens, got ${String(batchTokens)}`);
    }
    return new this(await loadGraph(this.modelName, source, options ?? {}), options);
  }

  /** Frees the runtime's memory once the calls that run have ended. Later calls throw DisposedModelError. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#session.release().catch(() => undefined);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The inputs as `[sequences, length]`, and how many of them make a row. */
  protected encoderInputs(inputs: Inputs): { readonly inputs: ConvBertInputs; readonly choices: number | null } {
    return { inputs, choices: null };
  }

  /** Whether a sequence is read from its end, so that padding has to stand before it. */
  protected get readsLast(): boolean {
    return false;
  }

  /** Checks the arguments and runs a padded batch. */
  protected async run(
    inputs: Inputs,
    { signal }: ForwardOptions,
  ): Promise<{ readonly outputs: GraphOutputs; readonly prepared: PreparedInputs; readonly encoder: EncoderOutputs }> {
    checkArguments(inputs, this.modelName, this.ownArguments);
    const { inputs: flat, choices } = this.encoderInputs(inputs);
    const prepared = prepareInputs(flat, this.config);
    this.#assertUsable();
    this.#checkOutputs(prepared);
    const outputs = await this.#session.run({ ...prepared, tokens: null, choices, selected: null }, signal);
    this.#assertUsable();
    return { outputs, prepared, encoder: this.#encoderOutputs(outputs, prepared) };
  }

  /** The arguments of `forwardRagged` in one form. Throws InputError for others. */
  protected batch(inputs: Ragged<Batch>): Batch {
    return asSequenceBatch(inputs, this.modelName, this.ownBatchArguments as never) as SequenceBatch as Batch;
  }

  /**
   * Runs sequences of any lengths, padded in batches of like lengths; the outputs of each, without padding.
   * @param positions of each sequence those that are decoded; null for all.
   */
  protected async runRagged<Output>(
    batch: SequenceBatch,
    { signal }: ForwardOptions,
    pick: (outputs: GraphOutputs, row: RaggedRow) => Output,
    positions: readonly ArrayLike<number>[] | null = null,
  ): Promise<Output[]> {
    if (batch.input_ids == null) throw new InputError("input_ids", "without padding only ids can be run here");
    if (batch.head_mask != null) throw new InputError("head_mask", "without padding none can be given here");
    const prepared = prepareSequences(batch, this.config);
    this.#assertUsable();
    const { offsets } = prepared.sequences;
    const { isIsolated } = this.#session;
    const results = new Array<Output>(offsets.length - 1);
    const equal = !isIsolated && (this.#exact || this.readsLast);
    for (const padded of paddedBatches(prepared, { tokens: this.#batchTokens, equal, left: this.readsLast })) {
      signal?.throwIfAborted();
      const selected = isIsolated && positions !== null ? selectedTokens(padded, positions) : null;
      const outputs =
        selected?.tokens.length === 0 ? {} : await this.#session.run(this.#raggedBatch(padded, selected), signal);
      this.#assertUsable();
      for (const [row, index] of padded.rows.entries()) {
        const start = row * padded.length + padded.starts[row]!;
        const length = offsets[index + 1]! - offsets[index]!;
        const [from, to] = selected === null ? [start, start + length] : selected.ends.slice(row, row + 2);
        results[index] = pick(outputs, { index, row, start: from!, end: to!, isSelected: selected !== null });
      }
    }
    return results;
  }

  #raggedBatch(batch: PaddedBatch, selected: { readonly tokens: Int32Array } | null): GraphBatch {
    const { rows, length, words, types, tokens } = batch;
    const shape = [rows.length, length];
    const prepared = prepareInputs(
      {
        input_ids: { data: words, shape },
        token_type_ids: { data: types, shape },
        attention_mask: { data: tokens, shape },
        position_ids: { data: batch.positions, shape },
      },
      this.config,
    );
    const isPadded = tokens.some((token) => token === 0);
    return {
      ...prepared,
      tokens: isPadded ? tokens : null,
      choices: this.readsLast ? 1 : null,
      selected: selected?.tokens ?? null,
    };
  }

  /** A loss of this model's outputs, computed as `@convbert/heads` does. */
  protected async loss(
    logits: readonly FloatArray[],
    shape: readonly number[],
    compute: (...logits: Tensor<"float32">[]) => Tensor<"float32"> | null,
  ): Promise<{ readonly loss?: number }> {
    const backend = await sharedBackend({ backend: "reference" });
    return tidy(() => {
      const tensors = logits.map(({ data }) => Tensor.from(backend, data, shape));
      const loss = compute(...tensors);
      return loss === null ? {} : { loss: loss.item() };
    });
  }

  /** Each sequence's result with its own loss. */
  protected async withLosses<Result extends object>(
    results: readonly Result[],
    lossOf: (result: Result, sequence: number) => Promise<{ readonly loss?: number }>,
  ): Promise<(Result & { readonly loss?: number })[]> {
    const all: (Result & { readonly loss?: number })[] = [];
    for (const [sequence, result] of results.entries()) all.push({ ...(await lossOf(result, sequence)), ...result });
    return all;
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw new DisposedModelError(this.modelName);
  }

  #checkOutputs({ outputHiddenStates, outputAttentions, outputKernels }: PreparedInputs): void {
    const hasLayers = this.config.num_hidden_layers > 0;
    const wanted = [
      ["output_hidden_states", outputHiddenStates, "hidden_states.0", "hiddenStates"],
      ["output_attentions", outputAttentions && hasLayers, "attentions.0", "attentions"],
      ["output_kernels", outputKernels && hasLayers, "kernels.0", "kernels"],
    ] as const;
    for (const [argument, isWanted, output, option] of wanted) {
      if (isWanted && !this.#session.outputs.includes(output)) {
        const hint = this.#session.isIsolated ? `; load the model with { graph: { ${option}: true } }` : "";
        throw new InputError(argument, `the graph does not give them${hint}`);
      }
    }
  }

  #encoderOutputs(
    outputs: GraphOutputs,
    { outputHiddenStates, outputAttentions, outputKernels }: PreparedInputs,
  ): EncoderOutputs {
    const { num_hidden_layers: layers } = this.config;
    const all = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => outputs[`${name}.${index}`]!);
    return {
      ...(outputHiddenStates && { hidden_states: all("hidden_states", layers + 1) }),
      ...(outputAttentions && { attentions: all("attentions", layers) }),
      ...(outputKernels && { kernels: all("kernels", layers) }),
    };
  }
}

/** Where a sequence's results are in those of its batch. */
export interface RaggedRow {
  /** Number of the sequence. */
  readonly index: number;
  /** Its row in the batch. */
  readonly row: number;
  /** Its first token among all of the batch, or its first decoded one among those. */
  readonly start: number;
  /** The one behind its last. */
  readonly end: number;
  /** Whether only the positions that were asked for have been decoded. */
  readonly isSelected: boolean;
}

/** A copy of the rows `start` to `end` of `[..., channels]`, all axes but the last counted as one. */
export function rowsOf(array: FloatArray, start: number, end: number, channels: number): FloatArray {
  return ndarrayOf(array.data.slice(start * channels, end * channels), [end - start, channels]);
}

/** The output of that name. Throws InputError where a foreign graph has none. */
export function outputOf(outputs: GraphOutputs, name: string): FloatArray {
  const found = outputs[name];
  if (found === undefined) {
    const names = Object.keys(outputs)
      .slice(0, 8)
      .map((known) => JSON.stringify(known))
      .join(", ");
    throw new InputError(name, `the graph has no such output, it gives ${names}; is it one of this model's class?`);
  }
  return found;
}

/** The tokens to decode among all of a batch, and where those of each row end. */
function selectedTokens({ rows, length, starts }: PaddedBatch, positions: readonly ArrayLike<number>[]) {
  const tokens: number[] = [];
  const ends = [0];
  for (const [row, index] of rows.entries()) {
    for (const position of Array.from(positions[index]!)) tokens.push(row * length + starts[row]! + position);
    ends.push(tokens.length);
  }
  return { tokens: Int32Array.from(tokens), ends };
}
