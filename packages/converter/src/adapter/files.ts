import { type FileSet, type ModelSource, type OpenFilesOptions, openFiles } from "@convbert/files";
import { pathIn } from "@convbert/files/internal";
import { WeightsError } from "../errors.js";
import { findWeights } from "../formats/registry.js";
import { ADAPTER_CONFIG, type AdapterConfig, baseText, readAdapterConfig } from "./config.js";

export interface OpenModelOptions extends OpenFilesOptions {
  /** The model that an adapter (LoRA) belongs to, where it is not beside it and `adapter_config.json` does not say it. */
  readonly baseModel?: ModelSource;
}

/**
 * Opens the files of a model, or of a LoRA adapter together with those of its base model: the weights beside it, else
 * `baseModel`, else the folder or hub id that `adapter_config.json` names. Files of the adapter hide those of the base, a
 * tokenizer for instance; `openWeights` gives the merged weights. Without an adapter this is `openFiles`.
 * @throws FilesError as `openFiles` does; WeightsError for an adapter that is not supported or has no base.
 */
export async function openModelFiles(source: ModelSource, options: OpenModelOptions = {}): Promise<FileSet> {
  const files = await openFiles(source, options);
  try {
    if (!(await files.has(ADAPTER_CONFIG))) return files;
    const config = await readAdapterConfig(files);
    const isBeside = options.baseModel === undefined && (await findWeights(files)).length > 0;
    const base = isBeside ? null : await openBase(files, config, options);
    // Sets that were handed in stay open for their owners.
    const own = [files, base].filter((set) => set !== null && set !== source && set !== options.baseModel) as FileSet[];
    return overlay(files, base, config, own);
  } catch (error) {
    if (files !== source) await files.close();
    throw error;
  }
}

/**
 * Opens the files of a model, or of an adapter and its base, for some work, and closes them after it.
 * @param use gets the set; its result is that of the call.
 * @throws what {@link openModelFiles} and `use` throw.
 */
export async function withModelFiles<Result>(
  source: ModelSource,
  options: OpenModelOptions,
  use: (files: FileSet) => Promise<Result>,
): Promise<Result> {
  const files = await openModelFiles(source, options);
  try {
    return await use(files);
  } finally {
    // A set that was handed in stays open for its owner.
    if (files !== source) await files.close();
  }
}

async function openBase(files: FileSet, config: AdapterConfig, options: OpenModelOptions): Promise<FileSet> {
  const { baseModel, revision: _ofAdapter, token, ...rest } = options;
  if (baseModel !== undefined) return openFiles(baseModel, rest);
  const { base, baseRevision } = config;
  const fail = (message: string): never => {
    throw new WeightsError("missing", `${message}; give the base model as \`baseModel\``, {
      file: pathIn(files, ADAPTER_CONFIG),
    });
  };
  if (base === undefined) return fail("the adapter does not say which model it belongs to");
  const isRemote = !/^(\/|file:|[a-z]:[\\/]|\\\\)/i.test(files.location);
  const isHubId = /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(base);
  // A file of unknown origin may name a model on the hub, not an address or a folder of this machine.
  if (!isHubId && (isRemote || base.includes("://"))) {
    return fail(`the adapter belongs to ${baseText(config)}, which is not opened on a file's word alone`);
  }
  const isElsewhere = /^https?:/.test(files.location);
  try {
    return await openFiles(base, {
      ...rest,
      ...(baseRevision !== undefined && { revision: baseRevision }),
      ...(token !== undefined && !isElsewhere && { token }),
    });
  } catch (cause) {
    const message = `the adapter belongs to ${baseText(config)}, which cannot be opened; give it as \`baseModel\``;
    throw new WeightsError("missing", message, { file: pathIn(files, ADAPTER_CONFIG), cause });
  }
}

/** The adapter's files over the base model's; null for one folder that has both. */
function overlay(
  adapter: FileSet,
  base: FileSet | null,
  { modelClass }: AdapterConfig,
  own: readonly FileSet[],
): FileSet {
  const owner = async (name: string): Promise<FileSet> => (base === null || (await adapter.has(name)) ? adapter : base);
  const listed = async () => {
    const names = [...((await adapter.list?.()) ?? []), ...((await base?.list?.()) ?? [])];
    return [...new Set(names)].sort();
  };
  return {
    location: adapter.location,
    has: async (name) => (await adapter.has(name)) || ((await base?.has(name)) ?? false),
    ...(adapter.list && (base === null || base.list) && { list: listed }),
    open: async (name) => (await owner(name)).open(name),
    async readText(name, options) {
      const text = await (await owner(name)).readText(name, options);
      return name === "config.json" && modelClass !== undefined ? withClass(text, modelClass) : text;
    },
    readBytes: async (name, options) => (await owner(name)).readBytes(name, options),
    async close() {
      for (const set of own) await set.close();
    },
  };
}

/** The configuration of the model that the two are together: an adapter can bring a head. */
function withClass(text: string, modelClass: string): string {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null || Array.isArray(json)) return text;
    return JSON.stringify({ ...json, architectures: [modelClass] });
  } catch {
    // Whoever reads it says what is wrong.
    return text;
  }
}
