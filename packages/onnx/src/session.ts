import { printable } from "@convbert/files/internal";
import { type ConvBertConfig, type FloatArray, InputError } from "@convbert/model";
import type { PreparedInputs } from "@convbert/model/internal";
import {
  checkRuntime,
  type Feed,
  floatArray,
  floatFeed,
  integerFeed,
  type OnnxRuntime,
  type OnnxSession,
  type OnnxTensor,
} from "./runtime.js";

/** Fields of a batch that graphs are fed with. */
export interface GraphBatch
  extends Pick<PreparedInputs, "batch" | "length" | "words" | "positions" | "types" | "mask" | "headMask"> {
  /** 1 for tokens, 0 for padding that is not to be seen, `[batch, length]`; null where the reference's rules hold. */
  readonly tokens: Float32Array | null;
  /** How many alternatives make a row of the inputs; null where a row is a sequence. */
  readonly choices: number | null;
  /** Of all tokens those that a decoder is asked for; null for all. */
  readonly selected: Int32Array | null;
}

/** Float32's most negative number, which stands for a hidden key in a prepared mask. */
const MASKED = -3.4028234663852886e38;

/**
 * A graph in a runtime. Calls run one after the other, because sessions of the WebAssembly builds do not run two at a time.
 */
export class GraphSession {
  readonly #config: ConvBertConfig;
  readonly #runtime: OnnxRuntime;
  readonly #session: OnnxSession;
  readonly #inputs: ReadonlySet<string>;
  readonly outputs: readonly string[];
  /** Whether the graph is one of this package's own sessions, in which a padded batch gives what its sequences give alone. */
  readonly isIsolated: boolean;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(runtime: OnnxRuntime, session: OnnxSession, config: ConvBertConfig) {
    this.#config = config;
    this.#runtime = runtime;
    this.#session = session;
    this.#inputs = new Set(session.inputNames);
    this.outputs = session.outputNames;
    this.isIsolated = this.#inputs.has("token_mask");
  }

  /** @throws what the runtime throws for a graph that it cannot run. */
  static async create(
    runtime: OnnxRuntime,
    model: Uint8Array,
    config: ConvBertConfig,
    options: object,
  ): Promise<GraphSession> {
    checkRuntime(runtime);
    return new GraphSession(runtime, await runtime.InferenceSession.create(model, options as never), config);
  }

  /**
   * Runs a batch; gives all outputs.
   * @throws InputError for what the graph has no input for; the signal's reason when it aborts before or after the run.
   */
  run(batch: GraphBatch, signal: AbortSignal | undefined): Promise<Record<string, FloatArray>> {
    const feeds = this.#feeds(batch);
    const run = this.#last.then(async () => {
      signal?.throwIfAborted();
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, { type, data, shape }]) => {
          return [name, new this.#runtime.Tensor(type as never, data as never, shape)];
        }),
      );
      const results = (await this.#session.run(tensors as never)) as Record<string, OnnxTensor>;
      signal?.throwIfAborted();
      return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, floatArray(name, tensor)]));
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** Frees the runtime's memory after the call that runs. */
  release(): Promise<void> {
    const released = this.#last.then(() => this.#session.release());
    this.#last = released.catch(() => undefined);
    return released;
  }

  #feeds(batch: GraphBatch): Record<string, Feed> {
    const { words, positions, types, headMask, tokens, choices, selected } = batch;
    const shape = choices === null || this.isIsolated ? [batch.batch] : [batch.batch / choices, choices];
    shape.push(batch.length);
    const feeds: Record<string, Feed> = {};
    if (words instanceof Int32Array) this.#feed(feeds, integerFeed("input_ids", words, shape));
    else this.#feed(feeds, floatFeed("inputs_embeds", words, [...shape, words.length / positions.length]));
    this.#feed(
      feeds,
      integerFeed("token_type_ids", types, shape),
      types.every((type) => type === 0),
    );
    const areUsual = positions.every((position, index) => position === index % batch.length);
    this.#feed(feeds, integerFeed("position_ids", positions, shape), areUsual);
    if (this.isIsolated) {
      const isUnmasked = batch.mask?.values.every((added) => added === 0) ?? true;
      const extent = isUnmasked ? 1 : batch.length;
      this.#feed(feeds, floatFeed("attention_bias", biasOf(batch, extent), [batch.batch, 1, extent, extent]));
      this.#feed(feeds, { name: "unmasked", type: "bool", data: Uint8Array.of(Number(isUnmasked)), shape: [] });
      this.#feed(feeds, floatFeed("token_mask", tokens ?? new Float32Array(positions.length).fill(1), [...shape, 1]));
      const asked = selected ?? Int32Array.from(positions.keys());
      this.#feed(feeds, integerFeed("selected", asked, [asked.length]), true);
    } else {
      this.#feed(feeds, integerFeed("attention_mask", plainMask(batch), shape), batch.mask === null);
    }
    const { num_hidden_layers: layers, attentionHeads: heads } = this.#config;
    const ones = () => Array.from({ length: layers }, () => new Float32Array(heads).fill(1));
    const weights = Float32Array.from((headMask ?? ones()).flatMap((row) => [...row]));
    this.#feed(feeds, floatFeed("head_mask", weights, [layers, heads]), headMask === null);
    return feeds;
  }

  /** Takes an input for the graph; one that the graph has not may be missing only where it would change nothing. */
  #feed(feeds: Record<string, Feed>, feed: Feed, isNeutral = false): void {
    if (this.#inputs.has(feed.name)) feeds[feed.name] = feed;
    else if (!isNeutral) {
      const hint = this.isIsolated ? HINTS[feed.name] : undefined;
      throw new InputError(
        feed.name,
        `the graph has no such input, its inputs are ${[...this.#inputs].map((name) => printable(name)).join(", ")}${hint ?? ""}`,
      );
    }
  }
}

/** How to load a model whose graph has an input. */
const HINTS: Readonly<Record<string, string>> = {
  head_mask: "; load the model with { graph: { headMask: true } }",
  inputs_embeds: "; load the model with { graph: { inputsEmbeds: true } }",
  input_ids: "; load the model without { graph: { inputsEmbeds: true } }",
};

/** The additive mask for every query, `[batch, 1, length, length]`; zeros of fewer axes where nothing is masked. */
function biasOf({ batch, length, mask }: GraphBatch, extent: number): Float32Array {
  const bias = new Float32Array(batch * extent * extent);
  if (mask === null || extent < length) return bias;
  if (mask.shape.length === 3) return mask.values;
  for (let row = 0; row < batch * length; row++) {
    const sequence = Math.floor(row / length);
    bias.set(mask.values.subarray(sequence * length, (sequence + 1) * length), row * length);
  }
  return bias;
}

/** The mask as it was given, 1 for tokens and 0 for padding. */
function plainMask({ batch, length, mask }: GraphBatch): Int32Array {
  if (mask === null) return new Int32Array(batch * length).fill(1);
  if (mask.shape.length === 3) {
    throw new InputError("attention_mask", "this graph takes a mask [batch, length], the same for every query");
  }
  return Int32Array.from(mask.values, (added) => {
    if (added !== 0 && added !== MASKED) {
      throw new InputError("attention_mask", "this graph takes a mask of 0 and 1");
    }
    return added === 0 ? 1 : 0;
  });
}
