import { type Pipeline, pipeline } from "@convbert/pipelines";
import { loadingOptions, type ModelFlags } from "../model-options.js";
import type { ProgressLine } from "../progress.js";
import { defaultModel, modelSource } from "../shipped-models.js";
import type { Terminal } from "../terminal.js";

/** Flags of the commands that turn texts into vectors. */
export interface EncoderFlags extends ModelFlags {
  readonly model?: string;
}

/** Texts to vectors of length 1; longer texts than the model takes are cut. */
export interface Encoder extends Disposable {
  (texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]>;
  /** Numbers of a vector. */
  readonly size: number;
}

/**
 * Loads an encoder, by default sentence-encoder. A folder of sentence-transformers says how its vectors are made; of any other ConvBERT they are the mean of
 * its tokens, scaled to length 1.
 */
export async function loadEncoder(flags: EncoderFlags, terminal: Terminal, progress: ProgressLine): Promise<Encoder> {
  progress.show("loading the model");
  const extract: Pipeline<"feature-extraction"> = await pipeline(
    "feature-extraction",
    flags.model === undefined ? defaultModel("feature-extraction") : modelSource(flags.model),
    loadingOptions(flags, terminal, progress),
  );
  const pools = (await extract("a")).shape.length === 1;
  const plain = pools ? {} : ({ pooling: "mean", normalize: true, truncation: true } as const);
  const encode = async (texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> =>
    (await extract(texts, { ...plain, signal })).map(({ data }) => Float32Array.from(data));
  const [first] = await encode(["a"], terminal.signal);
  return Object.assign(encode, { size: first!.length, [Symbol.dispose]: () => extract.dispose() });
}
