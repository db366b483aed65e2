import { readPyTorch, readSafetensors, type WeightsReader, writeSafetensors } from "@convbert/converter";
import type { FileContents, FileSet } from "@convbert/files";
import { pathIn } from "@convbert/files/internal";
import { ConfigError } from "@convbert/model";
import { type DenseActivation, denseActivationOf, type SentenceDense } from "./sentence-dense.js";
import type { SentencePooling } from "./sentence-pooling.js";

/** What a folder of sentence-transformers says of the way from tokens to a text's vector. */
export interface SentenceModules {
  readonly pooling: SentencePooling;
  /** Linear maps of the pooled vector, in their order. */
  readonly dense: readonly SentenceDense[];
  /** Whether vectors are scaled to length 1. */
  readonly normalize: boolean;
  /** Tokens of a text at most, special ones included; longer texts are cut. Null where the folder does not say. */
  readonly maxLength: number | null;
  /** What is put before every text; empty for nothing. */
  readonly prompt: string;
}

const MODULES = "modules.json";
const LENGTH = "sentence_bert_config.json";
const SETTINGS = "config_sentence_transformers.json";

/** More modules than any model has. */
const MOST_MODULES = 16;

/** The ways of pooling by their fields in `1_Pooling/config.json`. */
const POOLINGS: Readonly<Record<string, SentencePooling>> = {
  pooling_mode_cls_token: "first",
  pooling_mode_mean_tokens: "mean",
  pooling_mode_max_tokens: "max",
};
const UNSUPPORTED = ["pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"];

/**
 * Reads the layout of sentence-transformers: `modules.json`, the pooling, dense and normalising modules that it lists, and the
 * longest text. Null for a folder without `modules.json`.
 * @throws ConfigError for modules that are none of Transformer, Pooling, Dense and Normalize in this order, and for settings
 *   that this package does not compute; FilesError and WeightsError for files that cannot be read.
 */
export async function readSentenceModules(files: FileSet): Promise<SentenceModules | null> {
  if (!(await files.has(MODULES))) return null;
  const list = await readJson(files, MODULES);
  if (!Array.isArray(list) || list.length === 0 || list.length > MOST_MODULES) {
    throw new ConfigError(MODULES, "expected a list of modules, Transformer, Pooling, Dense and Normalize");
  }
  let pooling: SentencePooling | null = null;
  let normalize = false;
  const dense: SentenceDense[] = [];
  for (const [index, entry] of list.entries()) {
    const { type, path } = (entry ?? {}) as { type?: unknown; path?: unknown };
    if (typeof type !== "string" || typeof path !== "string") {
      throw new ConfigError(MODULES, `module ${index} has no "type" and "path"`);
    }
    const kind = type.split(".").at(-1)!;
    const isInOrder =
      index === 0
        ? kind === "Transformer"
        : pooling === null
          ? kind === "Pooling"
          : !normalize && (kind === "Dense" || kind === "Normalize");
    if (!isInOrder) {
      throw new ConfigError(MODULES, `module ${index} is ${JSON.stringify(kind.slice(0, 60))}; ${ORDER}`);
    }
    if (kind === "Transformer" && path !== "") {
      throw new ConfigError(
        MODULES,
        `the model is in ${JSON.stringify(path.slice(0, 60))}; its files must lie beside it`,
      );
    }
    if (kind === "Pooling") pooling = poolingOf(await readJson(files, `${path}/config.json`), `${path}/config.json`);
    if (kind === "Dense") dense.push(await readDense(files, path));
    normalize ||= kind === "Normalize";
  }
  if (pooling === null) throw new ConfigError(MODULES, `there is no Pooling; ${ORDER}`);
  return { pooling, dense, normalize, maxLength: await readLength(files), prompt: await readPrompt(files) };
}

const ORDER = "this package runs Transformer, Pooling, any Dense, and Normalize at the end, in this order";

/** The files that make a folder one of sentence-transformers, to be written beside those of the model. */
export function sentenceModuleFiles(modules: SentenceModules, hiddenSize: number): [string, FileContents][] {
  const { pooling, dense, normalize, maxLength, prompt } = modules;
  const kinds = ["Transformer", "Pooling", ...dense.map(() => "Dense"), ...(normalize ? ["Normalize"] : [])];
  const list = kinds.map((kind, idx) => ({
    idx,
    name: String(idx),
    path: idx === 0 ? "" : `${idx}_${kind}`,
    type: `sentence_transformers.models.${kind}`,
  }));
  const flags = Object.entries(POOLINGS).map(([field, kind]) => [field, kind === pooling]);
  const poolingConfig = {
    word_embedding_dimension: hiddenSize,
    ...Object.fromEntries(flags),
    ...Object.fromEntries(UNSUPPORTED.map((field) => [field, false])),
    include_prompt: true,
  };
  return [
    [MODULES, json(list)],
    ["1_Pooling/config.json", json(poolingConfig)],
    ...dense.flatMap((one, index) => denseFiles(one, `${2 + index}_Dense`)),
    [LENGTH, json({ max_seq_length: maxLength, do_lower_case: false })],
    [
      SETTINGS,
      json({
        __version__: { sentence_transformers: "3.0.1" },
        prompts: prompt === "" ? {} : { default: prompt },
        default_prompt_name: prompt === "" ? null : "default",
        similarity_fn_name: "cosine",
      }),
    ],
  ];
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function readJson(files: FileSet, name: string): Promise<unknown> {
  const text = await files.readText(name);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("(whole)", `${pathIn(files, name)} is not valid JSON`, { cause });
  }
}

function poolingOf(config: unknown, name: string): SentencePooling {
  const fields = (typeof config === "object" && config !== null ? config : {}) as Record<string, unknown>;
  const chosen = [...Object.keys(POOLINGS), ...UNSUPPORTED].filter((field) => fields[field] === true);
  // Newer versions name the way.
  const named = { cls: "first", mean: "mean", max: "max" }[String(fields["pooling_mode"])] as
    | SentencePooling
    | undefined;
  if (chosen.length === 0 && named !== undefined) return named;
  const [only] = chosen;
  if (chosen.length === 1 && Object.hasOwn(POOLINGS, only!)) return POOLINGS[only!]!;
  const found = chosen.length === 0 ? "none" : chosen.join(", ");
  throw new ConfigError(name, `it pools by ${found}; one of ${Object.keys(POOLINGS).join(", ")} can be computed`);
}

async function readDense(files: FileSet, path: string): Promise<SentenceDense> {
  const name = `${path}/config.json`;
  const config = ((await readJson(files, name)) ?? {}) as Record<string, unknown>;
  const { in_features: inputs, out_features: outputs, activation_function: activation } = config;
  if (!isSize(inputs) || !isSize(outputs)) throw new ConfigError(name, "in_features and out_features must be sizes");
  const isTorch = !(await files.has(`${path}/model.safetensors`));
  const opened = await files.open(`${path}/${isTorch ? "pytorch_model.bin" : "model.safetensors"}`);
  const reader = await (isTorch ? readPyTorch : readSafetensors)(opened).catch(async (error: unknown) => {
    await opened.close();
    throw error;
  });
  try {
    const weight = await readTensor(reader, "linear.weight", [outputs, inputs], name);
    const bias = reader.tensors.has("linear.bias") ? await readTensor(reader, "linear.bias", [outputs], name) : null;
    return { inputs, outputs, weight, bias, activation: denseActivationOf(activation, name) };
  } finally {
    await reader.close();
  }
}

async function readTensor(reader: WeightsReader, tensor: string, shape: number[], name: string): Promise<Float32Array> {
  const found = reader.tensors.get(tensor)?.shape;
  if (found?.join() !== shape.join()) {
    throw new ConfigError(name, `${tensor} is [${found?.join(", ") ?? "absent"}]; the file says [${shape.join(", ")}]`);
  }
  const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  await reader.stream(tensor, (offset, piece) => values.set(piece, offset));
  return values;
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= 1 << 20;
}

async function readLength(files: FileSet): Promise<number | null> {
  if (!(await files.has(LENGTH))) return null;
  const { max_seq_length: length } = ((await readJson(files, LENGTH)) ?? {}) as { max_seq_length?: unknown };
  if (length === undefined || length === null) return null;
  if (!isSize(length)) throw new ConfigError(LENGTH, `max_seq_length is ${JSON.stringify(length)}; give a size`);
  return length;
}

async function readPrompt(files: FileSet): Promise<string> {
  if (!(await files.has(SETTINGS))) return "";
  const settings = ((await readJson(files, SETTINGS)) ?? {}) as Record<string, unknown>;
  const { prompts, default_prompt_name: name } = settings;
  if (name === undefined || name === null) return "";
  const prompt = ((prompts ?? {}) as Record<string, unknown>)[String(name)];
  if (typeof prompt === "string") return prompt;
  throw new ConfigError(SETTINGS, "default_prompt_name names none of the prompts");
}

const ACTIVATIONS: Readonly<Record<DenseActivation, string>> = {
  identity: "torch.nn.modules.linear.Identity",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
  sigmoid: "torch.nn.modules.activation.Sigmoid",
};

function denseFiles(dense: SentenceDense, path: string): [string, FileContents][] {
  const { inputs, outputs, weight, bias, activation } = dense;
  const config = {
    in_features: inputs,
    out_features: outputs,
    bias: bias !== null,
    activation_function: ACTIVATIONS[activation],
  };
  const tensors = [
    { name: "linear.weight", dtype: "F32" as const, shape: [outputs, inputs], data: () => weight },
    ...(bias === null ? [] : [{ name: "linear.bias", dtype: "F32" as const, shape: [outputs], data: () => bias }]),
  ];
  return [
    [`${path}/config.json`, json(config)],
    [`${path}/model.safetensors`, writeSafetensors(tensors, { metadata: { format: "pt" } })],
  ];
}
