import { openWeights } from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { createSha256, type FileStore, isStored, openStore } from "@convbert/files/internal";
import { type ConvBertConfig, readConfig } from "@convbert/model";
import type { OnnxFromPretrainedOptions } from "./from-pretrained-options.js";

/**
 * Number of the way in which graphs are made. Raised when the same weights and options make another graph, so that no older one
 * is taken from a cache; a test tells when that is due.
 */
export const GRAPHS = 1;

/** Bytes that are written at a time. */
const PIECE = 8 << 20;

/** A graph that was made for a runtime, and the configuration of its model. */
export interface MadeGraph {
  readonly config: ConvBertConfig;
  readonly bytes: Uint8Array;
}

type Options = Pick<
  OnnxFromPretrainedOptions,
  "cacheDirectory" | "config" | "signal" | "useSafetensors" | "variant" | "onWarning"
>;

/**
 * The graph of a folder's weights from the cache, or made, and then kept there. Graphs with new weights, of which loading
 * warns, are not kept: the warnings would be gone.
 * @param description what a graph depends on besides weights and configuration.
 * @param make makes the graph; what it warns of goes through its argument.
 * @throws what `make` throws; the signal's reason when it aborts. A cache that cannot be used is a warning.
 */
export async function keptOrMade(
  files: FileSet,
  description: object,
  options: Options,
  make: (onWarning: (text: string) => void) => Promise<MadeGraph>,
): Promise<MadeGraph> {
  const { signal, onWarning = console.warn } = options;
  const config = await readConfig(files, options.config);
  const store = await openStore(options);
  const key = `onnx-graphs/${await identity(files, { ...description, config }, options)}.onnx`;
  const kept = await readKept(store, key);
  if (kept !== undefined) return { config, bytes: kept };
  let warnings = 0;
  const made = await make((text) => {
    warnings++;
    onWarning(text);
  });
  if (warnings > 0 || JSON.stringify(made.config) !== JSON.stringify(config)) return made;
  try {
    await keep(store, key, made.bytes, signal);
  } catch (error) {
    signal?.throwIfAborted();
    onWarning(`the graph is not kept for later: ${(error as Error).message}`);
  }
  return made;
}

/** A digest of everything that the graph comes from, each weight's bytes among it. */
async function identity(
  files: FileSet,
  description: object,
  { signal, useSafetensors, variant }: Options,
): Promise<string> {
  const hash = await createSha256();
  const encoder = new TextEncoder();
  const add = (value: unknown) => hash.update(encoder.encode(`${JSON.stringify(value)}\n`));
  add([GRAPHS, description]);
  const reader = await openWeights(files, {
    ...(signal && { signal }),
    ...(useSafetensors !== undefined && { useSafetensors }),
    ...(variant !== undefined && { variant }),
  });
  try {
    for (const [name, { shape, dtype }] of reader.tensors) {
      add([name, shape, dtype]);
      for await (const piece of reader.bytes(name, signal && { signal })) hash.update(piece);
    }
  } finally {
    await reader.close();
  }
  return hash.hex();
}

/** What is kept under a key; undefined where there is nothing, or not what was written. */
async function readKept(store: FileStore, key: string): Promise<Uint8Array | undefined> {
  try {
    const found = await store.find(key);
    if (found === undefined) return undefined;
    const file = await found.open(key);
    try {
      const bytes = new Uint8Array(found.size);
      await file.read(0, bytes);
      return (await digest(bytes)) === found.info.sha256 ? bytes : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Writes a graph; it is there as a whole or not at all. */
async function keep(store: FileStore, key: string, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  // Whatever is there was not good enough to be read.
  const partial = await store.begin(key, () => false, signal);
  if (isStored(partial)) return;
  const info = { url: `convbert:${key}`, size: bytes.length, sha256: await digest(bytes) };
  try {
    await partial.restart(info);
    for (let at = 0; at < bytes.length; at += PIECE) {
      signal?.throwIfAborted();
      await partial.append(bytes.subarray(at, at + PIECE));
    }
    await partial.complete(info);
  } catch (error) {
    await partial.release();
    throw error;
  }
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await createSha256();
  hash.update(bytes);
  return hash.hex();
}
