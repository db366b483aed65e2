import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  companionNames,
  openModelFiles,
  openWeights,
  saveModelFiles,
  tensorsOf,
  WEIGHT_FORMATS,
  type WeightFormatName,
  type WeightsReader,
} from "@convbert/converter";
import { parseSize } from "@convbert/converter/internal";
import type { FileSet, Progress } from "@convbert/files";
import { loadModel, MODEL_CLASSES } from "@convbert/heads";
import { readConfig, type SavePretrainedOptions } from "@convbert/model";
import { type Command, InvalidArgumentError, Option } from "commander";
import { EXIT, UsageError } from "../errors.js";
import { loadingOptions, type ModelFlags, warn } from "../model-options.js";
import { makeFolder, namesIn, shortList } from "../output-folder.js";
import { jsonLine } from "../printable.js";
import { bytes, ProgressLine } from "../progress.js";
import { MODEL_FORM, modelSource } from "../shipped-models.js";
import type { Terminal } from "../terminal.js";
import { copyFiles, fastTokenizer } from "./companions.js";
import { listed, type Written } from "./written.js";

type DType = NonNullable<SavePretrainedOptions["dtype"]>;

interface ConvertFlags extends Pick<ModelFlags, "revision" | "cacheDir" | "offline"> {
  readonly to: WeightFormatName;
  readonly dtype?: DType;
  readonly head?: string;
  readonly encoderOnly?: boolean;
  readonly generator?: boolean;
  readonly maxShardSize?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

const WRITTEN = WEIGHT_FORMATS.filter(({ name, writes }) => writes || name === "onnx").map(({ name }) => name);
/** Formats that have weights of 8 bits with their scales. */
const WITH_8_BITS: readonly WeightFormatName[] = ["safetensors", "pytorch", "onnx"];
/** The encoder's name in front of its weights in a model with a head. */
const BASE = "convbert.";
const WIRE_TYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;
const HELP = `
Weights pass through piece by piece under the names that they have, tokenizer files, the card and the modules of
sentence-transformers go along. With int8, or
from it, the model itself is loaded and saved: only the weights of the class that config.json names (or --head) remain.
A TensorFlow 1 checkpoint (tf1) holds the encoder alone; where one has no config.json, its shapes tell the sizes.

Examples:
  convbert convert YituTech/conv-bert-base base-int8 --dtype int8
  convbert convert ./trained ./for-pytorch --to pytorch --dtype float16
  convbert convert ./trained ./for-transformers-js --to onnx --dtype int8
  convbert convert ./convbert_base ./generator --generator`;

/** Adds `convbert convert`. */
export function addConvert(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("convert")
    .description("write a model's weights in another format or element type")
    .argument("<source>", MODEL_FORM)
    .argument("<destination>", "folder to write to")
    .option("--to <format>", `format of the weights: ${choices(WRITTEN)}`, format, "safetensors")
    .addOption(
      new Option("--dtype <type>", "element type of the weights; by default what they have").choices([
        ...Object.keys(WIRE_TYPES),
        "int8",
      ]),
    )
    .addOption(
      new Option("--head <name>", "model class, where config.json names none or another (int8)").choices(
        Object.keys(MODEL_CLASSES),
      ),
    )
    .option("--encoder-only", "leave out a head's own weights")
    .option("--generator", "take the generator of a TensorFlow 1 checkpoint, as a masked language model")
    .option("--max-shard-size <size>", 'largest file, as "2GB"; 10GB by default', size)
    .option("--overwrite", "write into a folder that is not empty: files of the same names are replaced")
    .option("--revision <name>", "branch, tag or commit of a hub model")
    .option("--cache-dir <folder>", "where downloads are kept")
    .option("--offline", "never touch the network")
    .option("--json", "one JSON object about what was written")
    .addHelpText("after", HELP)
    .action(async (source: string, destination: string, flags: ConvertFlags) => {
      finish(await convert(modelSource(source), destination, flags, terminal));
    });
}

function choices(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function format(value: string): WeightFormatName {
  const known = WRITTEN.find((name) => name === value);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`There is no such format. Choose ${choices(WRITTEN)}.`);
}

function size(value: string): string {
  try {
    parseSize(value);
    return value;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

async function convert(
  source: string | URL,
  destination: string,
  flags: ConvertFlags,
  terminal: Terminal,
): Promise<number> {
  const progress = new ProgressLine(terminal.stderr);
  const { dtype, ...loading } = flags;
  const options = loadingOptions(loading, terminal, progress);
  const files = await openModelFiles(source, options);
  let removeMade = async (): Promise<void> => {};
  try {
    if (samePlace(files.location, destination)) {
      throw new UsageError(`${destination} is the source itself; name another folder`);
    }
    await checkDestination(destination, flags);
    const reader = await openWeights(files, { ...options, generator: flags.generator ?? false });
    let written: Written[];
    try {
      const isOf8Bits = dtype === "int8" || (dtype === undefined && isInt8(reader));
      if (isOf8Bits && !WITH_8_BITS.includes(flags.to)) {
        throw new UsageError(`${flags.to} has no weights of 8 bits; give --dtype float32`);
      }
      if (flags.to === "onnx" && (dtype === "bfloat16" || flags.generator || flags.maxShardSize !== undefined)) {
        throw new UsageError("a graph is written in float32, float16 or int8, in one file, and not of a generator");
      }
      if (dtype === "int8" && flags.generator) {
        throw new UsageError("take the generator as it is, then convert that to int8");
      }
      const companions = await companionNames(files);
      removeMade = await makeFolder(destination);
      const weights =
        dtype === "int8" || isInt8(reader) || flags.to === "onnx"
          ? await throughModel(files, destination, { ...flags, dtype: dtype ?? storedType(reader) }, terminal, progress)
          : await throughReader(files, reader, destination, flags, terminal, progress);
      written = [...weights, ...(await copyFiles(files, companions, destination, terminal))];
      if (flags.to === "onnx") written.push(...(await fastTokenizer(files, destination, terminal)));
    } finally {
      await reader.close();
    }
    const { unused = [] } = reader;
    if (unused.length > 0) {
      await warn(`${unused.length} variables beside the weights are left out, as ${unused[0]}`, terminal, progress);
    }
    await progress.clear();
    const result = { destination, files: written, ...(unused.length > 0 && { unused }) };
    await terminal.stdout.write(`${flags.json ? jsonLine(result) : listed(written)}\n`);
    return EXIT.success;
  } finally {
    await files.close();
    // Only where nothing has come of it, for it removes empty folders alone.
    await removeMade();
  }
}

/** A folder with files, whatever they are, is only written to when somebody has said so. */
async function checkDestination(destination: string, { overwrite }: ConvertFlags): Promise<void> {
  const names = (await namesIn(destination)) ?? [];
  if (names.length === 0 || overwrite) return;
  throw new UsageError(
    `${destination} is not empty, it has ${shortList(names)}; name another folder, or replace files of the same names, ` +
      "and weights that would be read in their place, with --overwrite",
  );
}

function isInt8(reader: WeightsReader): boolean {
  return [...reader.tensors.values()].some(({ dtype }) => dtype === "I8");
}

function storedType(reader: WeightsReader): DType {
  return isInt8(reader) ? "int8" : "float32";
}

function samePlace(location: string, destination: string): boolean {
  const path = resolve(destination);
  return location === pathToFileURL(path).href || resolve(location) === path;
}

/** Every tensor of the checkpoint as it is, or rounded to another float type. */
async function throughReader(
  files: FileSet,
  reader: WeightsReader,
  destination: string,
  { dtype, encoderOnly = false, ...flags }: ConvertFlags,
  { signal }: Terminal,
  progress: ProgressLine,
): Promise<Written[]> {
  const config = await configBeside(files, reader, flags);
  if (dtype !== undefined) config["torch_dtype"] = dtype;
  if (encoderOnly) config["architectures"] = ["ConvBertModel"];
  const floatDType = dtype === undefined || dtype === "int8" ? undefined : WIRE_TYPES[dtype];
  const copied = { ...(floatDType && { floatDType }), ...(encoderOnly && { rename: encoderName(reader) }) };
  const written: Written[] = [];
  await saveModelFiles(destination, config, tensorsOf(reader, copied), {
    ...saving(flags),
    signal,
    onProgress({ file, status, loaded }) {
      progress.show(`${file}  ${bytes(loaded)}`);
      if (status === "done") written.push({ file, bytes: loaded });
    },
  });
  return written;
}

/** What config.json says, as it stands; for a checkpoint without one, and for a generator, what the shapes say. */
async function configBeside(
  files: FileSet,
  reader: WeightsReader,
  { generator = false }: Pick<ConvertFlags, "generator">,
): Promise<Record<string, unknown>> {
  const hasConfig = await files.has("config.json");
  const derived = generator || !hasConfig ? reader.config?.() : undefined;
  // Checks that this is a ConvBERT.
  if (hasConfig || derived === undefined) await readConfig(files);
  const given = hasConfig ? (JSON.parse(await files.readText("config.json")) as Record<string, unknown>) : {};
  return { ...given, ...derived };
}

/** The encoder's weights under the base model's names. */
function encoderName(reader: WeightsReader): (name: string) => string | undefined {
  const isBase = ![...reader.tensors.keys()].some((name) => name.startsWith(BASE));
  return (name) => (name.startsWith(BASE) ? name.slice(BASE.length) : isBase ? name : undefined);
}

/** The model in memory knows which of its weights have 8 bits, and what they stand for. */
async function throughModel(
  files: FileSet,
  destination: string,
  { dtype = "int8", encoderOnly = false, ...flags }: ConvertFlags,
  terminal: Terminal,
  progress: ProgressLine,
): Promise<Written[]> {
  const head = encoderOnly ? "ConvBertModel" : flags.head;
  progress.show("loading the model");
  using model = await loadModel(files, {
    // A graph's 8 bits are made from floats.
    dtype: dtype === "int8" && flags.to !== "onnx" ? "int8" : "float32",
    threads: 1,
    signal: terminal.signal,
    // What is missing or left out is told below.
    allowNewWeights: true,
    onWarning: () => {},
    ...(head !== undefined && { head }),
  });
  const { missing = [], unexpected = [] } = model.loadReport ?? {};
  if (missing.length > 0) {
    throw new UsageError(
      `the checkpoint lacks ${missing.length} weights of ${model.modelName}, as ${missing[0]}; ` +
        "name the class that it has with --head, ConvBertModel for the encoder alone",
    );
  }
  if (unexpected.length > 0 && !encoderOnly) {
    const text = `${unexpected.length} weights that ${model.modelName} has no place for are left out, as ${unexpected[0]}`;
    await warn(text, terminal, progress);
  }
  const written: Written[] = [];
  const writing = {
    signal: terminal.signal,
    onProgress({ file, status, loaded }: Progress) {
      progress.show(`${file}  ${bytes(loaded)}`);
      if (status === "done") written.push({ file, bytes: loaded });
    },
  };
  if (flags.to === "onnx") {
    const { exportOnnx } = await import("@convbert/onnx");
    await exportOnnx(model, destination, {
      ...writing,
      dtype: dtype === "float16" || dtype === "float32" ? dtype : "uint8",
    });
  } else {
    await model.savePretrained(destination, { ...saving(flags), ...writing, dtype });
  }
  return written;
}

function saving({ to, maxShardSize }: Pick<ConvertFlags, "to" | "maxShardSize">) {
  return {
    format: to,
    ...(maxShardSize !== undefined && { maxShardSize }),
  };
}
