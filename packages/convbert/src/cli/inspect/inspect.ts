import { findWeights, openWeights } from "@convbert/converter";
import { withModelFiles } from "@convbert/converter/internal";
import type { FileSet } from "@convbert/files";
import { type AnyConvBert, loadModel, MODEL_CLASSES, modelNameOf } from "@convbert/heads";
import { type ConvBertConfig, type FromPretrainedOptions, readConfig } from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { type Command, Option } from "commander";
import { EXIT, oneLine } from "../errors.js";
import { loadingOptions, type ModelFlags, withModelFlags } from "../model-options.js";
import { jsonLine, printable } from "../printable.js";
import { bytes, ProgressLine } from "../progress.js";
import { MODEL_FORM, modelSource } from "../shipped-models.js";
import { folded, grouped, type Style, styleFor } from "../style.js";
import type { Terminal } from "../terminal.js";
import { disagreements } from "./agreement.js";
import { moduleTree } from "./module-tree.js";

interface InspectFlags extends ModelFlags {
  readonly head?: string;
  readonly json?: boolean;
}

const HELP = `
Loads the model, so that what is said about its weights is what loading found. The memory is measured: the weights in
the form in which they compute, and the most that a text of 128 tokens (or as many as fit) took beside them.`;

/** Adds `convbert inspect`. */
export function addInspect(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const command = program
    .command("inspect")
    .description("show a model's configuration, weights, formats and memory")
    .argument("<model>", MODEL_FORM)
    .addOption(
      new Option("--head <name>", "model class, where config.json names none or another").choices(
        Object.keys(MODEL_CLASSES),
      ),
    )
    .option("--json", "one JSON object");
  withModelFlags(command)
    .addHelpText("after", HELP)
    .action(async (source: string, flags: InspectFlags) => {
      finish(await inspect(modelSource(source), flags, terminal, program.opts()["color"]));
    });
}

/** Files of weights that this version does not read. */
const NOT_READ: readonly (readonly [RegExp, string])[] = [
  [/^flax_model\.msgpack$/, "Flax (not read)"],
  [/\.onnx$/, "ONNX graph (not read)"],
];

/** A file of weights. */
interface FoundFormat {
  readonly file: string;
  readonly format: string;
  /** Where its weights are not those of the format that was loaded. */
  readonly differences?: readonly string[];
}

interface Inspection {
  readonly location: string;
  readonly model: string;
  readonly config: ConvBertConfig;
  readonly formats: readonly FoundFormat[];
  /** How many weights of each element type the file has that was loaded. */
  readonly file: { readonly format: string; readonly byteLength: number; readonly dtypes: Record<string, number> };
  readonly parameters: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly tiedTo?: string;
  }[];
  readonly total: number;
  readonly memory: {
    readonly weightBytes: number;
    readonly runBytes: number;
    readonly runTokens: number;
    readonly backend: string;
  };
  readonly tokenizer: { readonly vocabulary: number; readonly maxLength: number } | { readonly error: string };
  readonly report: {
    readonly missing: readonly string[];
    readonly unexpected: readonly string[];
    readonly mismatched: readonly { readonly name: string }[];
  };
}

async function inspect(source: string | URL, flags: InspectFlags, terminal: Terminal, color: boolean): Promise<number> {
  const progress = new ProgressLine(terminal.stderr);
  progress.show("loading the model");
  // What loading warns of is in the report.
  const options = { ...loadingOptions(flags, terminal, progress), onWarning: () => {} };
  const found = await withModelFiles(source, options, (files) => look(files, flags.head, options));
  await progress.clear();
  const text = flags.json ? jsonLine(forMachines(found)) : forPeople(found, styleFor(terminal, color));
  await terminal.stdout.write(`${text}\n`);
  return EXIT.success;
}

async function look(files: FileSet, head: string | undefined, options: FromPretrainedOptions): Promise<Inspection> {
  const config = await readConfig(files);
  const formats = await formatsOf(files, options.signal);
  const reader = await openWeights(files);
  const dtypes: Record<string, number> = {};
  let byteLength = 0;
  for (const info of reader.tensors.values()) {
    dtypes[info.dtype] = (dtypes[info.dtype] ?? 0) + 1;
    if (info.tiedTo === undefined) byteLength += info.byteLength;
  }
  const { format } = reader;
  await reader.close();

  using model = await loadModel(files, {
    ...options,
    // Nobody reads what it gives.
    ignoreMismatchedSizes: true,
    allowNewWeights: true,
    ...(head !== undefined && { head }),
  });
  const weightBytes = model.backend.memory().liveBytes;
  const runTokens = Math.min(128, config.max_position_embeddings);
  await runOnce(model, runTokens);
  const { missing = [], unexpected = [], mismatched = [] } = model.loadReport ?? {};
  const parameters = [...model.parameters()].map(({ name, shape, tiedTo }) => ({
    name,
    shape,
    ...(tiedTo !== undefined && { tiedTo }),
  }));
  return {
    location: files.location,
    model: head ?? modelNameOf(config.architectures),
    config: model.config,
    formats,
    file: { format, byteLength, dtypes },
    parameters,
    total: model.numParameters(),
    memory: {
      weightBytes,
      runBytes: model.backend.memory().peakBytes - weightBytes,
      runTokens,
      backend: model.backend.description,
    },
    tokenizer: await tokenizerOf(files),
    report: { missing, unexpected, mismatched },
  };
}

async function runOnce(model: AnyConvBert, tokens: number): Promise<void> {
  const row = new Array<number>(tokens).fill(0);
  const isChoice = model instanceof MODEL_CLASSES.ConvBertForMultipleChoice;
  await (model as InstanceType<typeof MODEL_CLASSES.ConvBertModel>).forward({ input_ids: isChoice ? [[row]] : [row] });
}

async function formatsOf(files: FileSet, signal: AbortSignal | undefined): Promise<FoundFormat[]> {
  const found = await findWeights(files);
  const differing = await disagreements(files, found, signal);
  const read = found.map(({ file, title }) => {
    const differences = differing.get(file);
    const format = file.endsWith(".index.json") ? `${title}, sharded` : title;
    return { file, format, ...(differences !== undefined && { differences }) };
  });
  const names = (await files.list?.()) ?? [];
  const others = names.flatMap((file) => {
    const format = NOT_READ.find(([pattern]) => pattern.test(file))?.[1];
    return format === undefined ? [] : [{ file, format }];
  });
  return [...read, ...others];
}

async function tokenizerOf(files: FileSet): Promise<Inspection["tokenizer"]> {
  try {
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
    return { vocabulary: tokenizer.length, maxLength: tokenizer.modelMaxLength };
  } catch (error) {
    return { error: oneLine(error) };
  }
}

function forMachines(found: Inspection): unknown {
  const { memory, file, report, tokenizer } = found;
  return {
    location: found.location,
    model: found.model,
    config: found.config.toJSON(),
    formats: found.formats,
    weights: { format: file.format, bytes: file.byteLength, tensors_by_dtype: file.dtypes },
    parameters: {
      total: found.total,
      tensors: found.parameters.map(({ name, shape, tiedTo }) => ({ name, shape, ...(tiedTo && { tied_to: tiedTo }) })),
    },
    memory: {
      backend: memory.backend,
      weight_bytes: memory.weightBytes,
      run_bytes: memory.runBytes,
      run_tokens: memory.runTokens,
    },
    tokenizer:
      "error" in tokenizer ? tokenizer : { vocabulary: tokenizer.vocabulary, model_max_length: tokenizer.maxLength },
    missing: report.missing,
    unexpected: report.unexpected,
    mismatched: report.mismatched,
  };
}

function forPeople(found: Inspection, style: Style): string {
  const { config, memory, file, report, tokenizer } = found;
  const { bold, dim, green, yellow } = style.colors;
  const indent = " ".repeat(14);
  const row = (name: string, value: string): string =>
    folded(value, style, indent).replace(indent, `  ${dim(name.padEnd(12))}`);
  const labels = Object.values(config.id2label).map(printable);
  const isClassifier = /Classification$/.test(found.model);
  const types = Object.entries(file.dtypes).map(([dtype, count]) => `${count} ${dtype}`);
  const unlimited = "maxLength" in tokenizer && tokenizer.maxLength > 1e20;
  const lines = [
    `${bold(printable(found.model))}  ${dim(printable(found.location))}`,
    "",
    row(
      "layers",
      `${config.num_hidden_layers}, hidden ${config.hidden_size}, feed-forward ${config.intermediate_size}`,
    ),
    row(
      "heads",
      `${config.attentionHeads} of size ${config.attentionHeadSize} ` +
        `(${config.num_attention_heads} / head ratio ${config.head_ratio}), convolution kernel ${config.conv_kernel_size}`,
    ),
    ...(config.num_groups > 1 ? [row("groups", `${config.num_groups} in the feed-forward`)] : []),
    row("embeddings", `${config.vocab_size} × ${config.embedding_size}, ${config.max_position_embeddings} positions`),
    ...(isClassifier ? [row("labels", `${labels.length}: ${labels.join(", ")}`)] : []),
    row(
      "tokenizer",
      "error" in tokenizer
        ? yellow(tokenizer.error)
        : `${tokenizer.vocabulary} tokens${unlimited ? "" : `, at most ${tokenizer.maxLength} a text`}`,
    ),
    "",
    bold("Files"),
    ...found.formats.flatMap(({ file: name, format, differences = [] }) => [
      row("found", `${printable(name)}  ${dim(format)}`),
      ...differences.map((text) => row("differs", yellow(printable(text)))),
    ]),
    row("loaded", `${file.format}, ${bytes(file.byteLength)}: ${printable(types.join(", "))} tensors`),
    "",
    bold("Memory"),
    row("weights", bytes(memory.weightBytes)),
    row("running", `${bytes(memory.runBytes)} more for ${memory.runTokens} tokens`),
    row("computes", memory.backend),
    "",
    bold("Loading"),
    ...loadLines(report).map((line) => folded(yellow(printable(line)), style)),
  ];
  if (report.missing.length + report.unexpected.length + report.mismatched.length === 0) {
    lines.push(`  ${green("every weight was found, and none was left over")}`);
  }
  lines.push("", bold("Parameters"), moduleTree(found.model, found.parameters, style));
  return lines.join("\n");
}

function loadLines({ missing, unexpected, mismatched }: Inspection["report"]): string[] {
  const list = (names: readonly string[]) =>
    names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${grouped(names.length - 6)} more` : "");
  const lines: string[] = [];
  if (missing.length > 0) lines.push(`${missing.length} not in the file, newly made: ${list(missing)}`);
  if (unexpected.length > 0) lines.push(`${unexpected.length} in the file, not used: ${list(unexpected)}`);
  if (mismatched.length > 0) {
    lines.push(`${mismatched.length} of another shape, newly made: ${list(mismatched.map(({ name }) => name))}`);
  }
  return lines;
}
