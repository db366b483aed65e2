import type { FileSet } from "@convbert/files";
import { WeightsError } from "../errors.js";
import { readPyTorch } from "../formats/pytorch/read.js";
import { readSafetensors } from "../formats/safetensors/read.js";
import { findTensor, streamFloats } from "../reader.js";
import type { ReadOptions, TensorInfo, WeightsReader } from "../types.js";
import { type AdapterConfig, readAdapterConfig, scalingOf } from "./config.js";
import { adapterTensors, commonNames, type Update } from "./names.js";

/** Values that are handed on at a time. */
const PIECE = 1 << 18;

const FILES = ["adapter_model.safetensors", "adapter_model.bin"];

/**
 * The weights of a base model with a LoRA adapter merged into them, as PEFT's `merge_and_unload` does: W + s B A, with s
 * from alpha and rank; W's rows brought to the trained lengths for DoRA; modules that were trained whole in place of the
 * model's. A merged tensor is computed when it is read, in float32. Closing closes both.
 * @throws WeightsError for an adapter that is damaged, of another kind, or of another model.
 */
export async function withAdapter(files: FileSet, base: WeightsReader, options: ReadOptions): Promise<WeightsReader> {
  const config = await readAdapterConfig(files);
  const name = (await files.has(FILES[0]!)) ? FILES[0]! : FILES[1]!;
  const file = await files.open(name);
  let adapter: WeightsReader;
  try {
    adapter = name.endsWith(".bin") ? await readPyTorch(file) : await readSafetensors(file);
  } catch (error) {
    await file.close();
    throw error;
  }
  try {
    options.signal?.throwIfAborted();
    return new MergedWeights(config, base, adapter, name);
  } catch (error) {
    await adapter.close();
    throw error;
  }
}

interface Source {
  readonly reader: WeightsReader;
  readonly info: TensorInfo;
  readonly update?: Update;
}

class MergedWeights implements WeightsReader {
  readonly format: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly adapted: ReadonlySet<string>;
  readonly #config: AdapterConfig;
  readonly #base: WeightsReader;
  readonly #adapter: WeightsReader;
  readonly #file: string;
  readonly #sources = new Map<string, Source>();

  constructor(config: AdapterConfig, base: WeightsReader, adapter: WeightsReader, file: string) {
    this.#config = config;
    this.#base = base;
    this.#adapter = adapter;
    this.#file = file;
    this.format = base.format;
    this.metadata = base.metadata;
    const { updates, replaced } = adapterTensors(adapter, file);
    const targets = [...[...updates.keys()].map((module) => `${module}.weight`), ...replaced.keys()];
    const front = commonNames(new Set(base.tensors.keys()), targets);
    for (const info of base.tensors.values()) {
      this.#sources.set(front.base + info.name, { reader: base, info });
    }
    const adapted = new Set<string>();
    for (const [target, info] of replaced) {
      this.#sources.set(front.adapter + target, { reader: adapter, info });
      adapted.add(front.adapter + target);
    }
    for (const update of updates.values()) {
      const target = `${front.adapter}${update.module}.weight`;
      const source = this.#sources.get(target);
      if (source === undefined) {
        const message = `${update.module} has an update, and the base model has no ${target}: is it another model's?`;
        throw new WeightsError("missing", message, { file, tensor: target });
      }
      this.#check(update, source.info);
      this.#sources.set(target, { ...source, update });
      adapted.add(target);
    }
    this.adapted = adapted;
    this.tensors = new Map(
      [...this.#sources].map(([name, source]) => [name, this.#described(name, source, adapted, front.base)]),
    );
  }

  /** Ties of the base model hold where the adapter has changed neither end. */
  #described(name: string, { info, update }: Source, changed: ReadonlySet<string>, front: string): TensorInfo {
    const { tiedTo, ...plain } = info;
    const size = info.shape.reduce((product, extent) => product * extent, 1);
    if (update) return { ...plain, name, dtype: "F32", byteLength: 4 * size };
    const kept = tiedTo !== undefined && !changed.has(name) && !changed.has(front + tiedTo);
    return { ...plain, name, ...(kept && { tiedTo: front + tiedTo }) };
  }

  #check({ module, isEmbedding, a, b, magnitude }: Update, { shape }: TensorInfo): void {
    const fail = (message: string, code: "format" | "unsupported" = "format"): never => {
      throw new WeightsError(code, `the update of ${module} ${message}`, { file: this.#file });
    };
    const [rows = 0, ...rest] = shape;
    const columns = rest.reduce((product, extent) => product * extent, 1);
    const [rank = 0, ...inner] = a.shape;
    const across = inner.reduce((product, extent) => product * extent, 1);
    const [out = 0, ...ranks] = b.shape;
    const fits = isEmbedding ? across === rows && out === columns : out === rows && across === columns;
    if (rank === 0 || ranks[0] !== rank || ranks.slice(1).some((extent) => extent !== 1) || !fits) {
      fail(`has the shapes [${a.shape}] and [${b.shape}], which do not fit a weight [${shape}]`);
    }
    if (this.#config.weightDecomposed !== (magnitude !== undefined)) {
      fail("has lengths of rows where use_dora is not set, or lacks them where it is");
    }
    if (magnitude && (isEmbedding || shape.length !== 2))
      fail("is weight-decomposed and not of a matrix", "unsupported");
    const lengths = magnitude?.shape.reduce((product, extent) => product * extent, 1);
    if (lengths !== undefined && lengths !== rows) fail(`has ${lengths} lengths for ${rows} rows`);
  }

  async read(name: string, options?: ReadOptions) {
    const { reader, info, update } = this.#source(name);
    return update ? this.#merged(info, update, options) : reader.read(info.name, options);
  }

  async stream(
    name: string,
    sink: (elementOffset: number, values: Float32Array) => void,
    options?: ReadOptions,
  ): Promise<void> {
    const { reader, info, update } = this.#source(name);
    if (!update) return reader.stream(info.name, sink, options);
    await streamFloats(this, this.tensors.get(name)!, sink, options);
  }

  async *bytes(name: string, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    const { reader, info, update } = this.#source(name);
    if (!update) {
      yield* reader.bytes(info.name, options);
      return;
    }
    const merged = await this.#merged(info, update, options);
    for (let at = 0; at < merged.length; at += PIECE) {
      options?.signal?.throwIfAborted();
      const piece = merged.subarray(at, at + PIECE);
      yield new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#base.close(), this.#adapter.close()]);
  }

  #source(name: string): Source {
    return this.#sources.get(findTensor(this.tensors, name, this.#file).name)!;
  }

  async #merged(info: TensorInfo, update: Update, options?: ReadOptions): Promise<Float32Array> {
    const { module, isEmbedding, magnitude } = update;
    const weight = await floats(this.#base, info, options);
    const a = await floats(this.#adapter, update.a, options);
    const b = await floats(this.#adapter, update.b, options);
    const rank = update.a.shape[0]!;
    const rows = info.shape[0]!;
    const columns = weight.length / rows;
    const scaling = scalingOf(this.#config, module, rank);
    const delta = new Float64Array(columns);
    for (let row = 0; row < rows; row++) {
      delta.fill(0);
      for (let r = 0; r < rank; r++) {
        if (isEmbedding) {
          const factor = a[r * rows + row]!;
          for (let i = 0; i < columns; i++) delta[i]! += factor * b[i * rank + r]!;
        } else {
          const factor = b[row * rank + r]!;
          for (let i = 0; i < columns; i++) delta[i]! += factor * a[r * columns + i]!;
        }
      }
      for (let i = 0; i < columns; i++) weight[row * columns + i]! += scaling * delta[i]!;
    }
    if (magnitude) stretch(weight, columns, await floats(this.#adapter, magnitude, options));
    return weight;
  }
}

/** Gives each row the length that was trained. */
function stretch(weight: Float32Array, columns: number, lengths: Float32Array): void {
  for (const [row, length] of lengths.entries()) {
    const values = weight.subarray(row * columns, (row + 1) * columns);
    const factor = length / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    for (let i = 0; i < columns; i++) values[i]! *= factor;
  }
}

/** A tensor of its own, in float32. */
async function floats(reader: WeightsReader, info: TensorInfo, options?: ReadOptions): Promise<Float32Array> {
  const values = new Float32Array(info.shape.reduce((product, extent) => product * extent, 1));
  await reader.stream(info.name, (offset, piece) => values.set(piece, offset), options);
  return values;
}
