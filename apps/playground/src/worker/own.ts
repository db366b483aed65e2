import { findWeights, openWeights } from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { type ModelName, modelNameOf } from "@convbert/heads";
import { readConfig } from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { graphOf } from "./graph.js";
import { attempt } from "./outcome.js";
import type { Description, ModelRef, NamedFile, TaskName } from "./protocol.js";
import { keepFiles, openModel } from "./sources.js";

type Part = Description["parts"][number];

const TASKS: Readonly<Record<ModelName, readonly TaskName[]>> = {
  ConvBertModel: ["feature-extraction"],
  ConvBertForMaskedLM: ["fill-mask", "feature-extraction"],
  ConvBertForSequenceClassification: ["text-classification", "zero-shot-classification", "feature-extraction"],
  ConvBertForTokenClassification: ["token-classification", "feature-extraction"],
  ConvBertForQuestionAnswering: ["question-answering", "feature-extraction"],
  ConvBertForMultipleChoice: ["multiple-choice", "feature-extraction"],
};

let count = 0;

/** Keeps dropped files; the folder that holds them is taken off their names. */
export async function keep(files: readonly NamedFile[], title: string): Promise<ModelRef> {
  const folder = `${files[0]?.path.split("/")[0]}/`;
  const inOne = files.every(({ path }) => path.startsWith(folder));
  const named = files.map(({ path, file }) => [inOne ? path.slice(folder.length) : path, file] as const);
  count++;
  return keepFiles(`dropped-${count}`, title, Object.fromEntries(named));
}

/** What a folder has, what it lacks, and which tasks it can do. */
export async function describe(model: ModelRef): Promise<Description> {
  const files = await openModel(model);
  try {
    const names = (await files.list?.()) ?? null;
    const config = await part("Configuration", async () => {
      const read = await readConfig(files);
      const { num_hidden_layers: count, hidden_size: size, vocab_size: words } = read;
      return { text: `config.json: ${count} layers, hidden size ${size}, ${words} tokens`, value: read };
    });
    const weights = await part("Weights", () => weightsOf(files, names));
    const vocabulary = await part("Tokenizer", async () => {
      const tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
      return { text: `${tokenizer.length} tokens`, value: tokenizer.length };
    });
    const parts = [config.part, weights.part, vocabulary.part];
    const isWhole = parts.every(({ ok }) => ok);
    if (!isWhole) return { location: files.location, files: names, parts, tasks: [] };
    const head = modelNameOf(config.value!.architectures);
    parts.push({ part: "Kind", ok: true, text: head });
    const isOfSentences = head === "ConvBertModel" && (await files.has("modules.json"));
    const tasks = isOfSentences ? ([...TASKS[head], "zero-shot-classification"] as const) : TASKS[head];
    return { location: files.location, files: names, parts, tasks };
  } finally {
    await files.close();
  }
}

async function part<Value>(
  name: string,
  read: () => Promise<{ readonly text: string; readonly value: Value }>,
): Promise<{ readonly part: Part; readonly value?: Value }> {
  const outcome = await attempt(read);
  if ("failure" in outcome) return { part: { part: name, ok: false, text: outcome.failure.message } };
  return { part: { part: name, ok: true, text: outcome.value.text }, value: outcome.value.value };
}

/** Names of the weights that would be opened, or the graph that would run. */
async function weightsOf(files: FileSet, names: readonly string[] | null) {
  const found = await findWeights(files);
  const graph = await graphOf(files);
  if (graph !== null) return describeGraph(files, graph);
  if (found.length === 0) {
    const unread =
      names?.filter((name) => /\.(ckpt|index|pb|msgpack|gguf|h5|bin|pt|pth|safetensors)$/.test(name)) ?? [];
    throw new Error(
      unread.length === 0
        ? "There are no weights: add model.safetensors, pytorch_model.bin, tf_model.h5, model.onnx, or a TensorFlow 1 checkpoint's files."
        : `${unread.join(", ")}: this version cannot read that form or name; add model.safetensors, pytorch_model.bin, tf_model.h5 or model.onnx.`,
    );
  }
  const reader = await openWeights(files);
  try {
    const value = reader.tensors.size;
    const others = found.slice(1).map(({ file }) => file);
    const text = `${found[0]!.file} (${found[0]!.title}), ${value} tensors`;
    return { text: others.length === 0 ? text : `${text}; also there: ${others.join(", ")}`, value };
  } finally {
    await reader.close();
  }
}

/** A graph runs as it is; only where its weights can be told can they be looked into and converted. */
async function describeGraph(files: FileSet, graph: string) {
  const start = `${graph} (ONNX graph), runs in onnxruntime-web`;
  try {
    const reader = await openWeights(files);
    const value = reader.tensors.size;
    await reader.close();
    return { text: `${start}; its ${value} tensors can be looked into and converted`, value };
  } catch (error) {
    // What is damaged would not run either.
    const { code, message } = error as { code?: unknown; message: string };
    if (code !== "unsupported" && code !== "missing") throw error;
    return {
      text: `${start}, no more: ${code === "missing" ? "it has another name than model.onnx" : message}`,
      value: 0,
    };
  }
}
