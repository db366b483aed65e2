import { openWeights, saveModelFiles, tensorsOf, WEIGHT_FORMATS, type WeightFormatName } from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { loadModel } from "@convbert/heads";
import { readConfig, type SavePretrainedOptions } from "@convbert/model";
import { zipSync } from "fflate";
import { job } from "./jobs.js";
import type { ConvertRequest, Download } from "./protocol.js";
import { keyOf, openModel } from "./sources.js";

const COMPANIONS = [
  "vocab.txt",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];
const WIRE_TYPES = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const;

export function formats(): { name: string; title: string }[] {
  return WEIGHT_FORMATS.filter(({ writes }) => writes).map(({ name, title }) => ({ name, title }));
}

/** A model in another format, as one archive. Weights pass through by name; to and from 8 bits the model is loaded. */
export function convert({ model, format, dtype }: ConvertRequest): Promise<Download> {
  return job("convert", async (signal) => {
    const files = await openModel(model, { signal });
    try {
      const contents = new Map<string, Blob>();
      const config = await readConfig(files);
      const isPacked = config.toJSON()["quantization_config"] !== undefined;
      const name = format as WeightFormatName;
      if (dtype === "int8" || isPacked) {
        await throughModel(files, contents, { format: name, dtype: dtype as never, signal });
      } else {
        await throughNames(files, contents, name, dtype as keyof typeof WIRE_TYPES, signal);
      }
      for (const companion of COMPANIONS) {
        if (await files.has(companion)) contents.set(companion, new Blob([await bytesOf(files, companion)]));
      }
      const listed = [...contents].map(([file, { size }]) => ({ name: file, bytes: size }));
      return {
        name: `${keyOf(model).replaceAll(/[^\w.-]+/g, "-")}-${format}-${dtype}.zip`,
        zip: await archive(contents),
        files: listed,
      };
    } finally {
      await files.close();
    }
  });
}

async function throughModel(files: FileSet, contents: Map<string, Blob>, options: SavePretrainedOptions) {
  const model = await loadModel(files, {
    dtype: options.dtype === "int8" ? "int8" : "float32",
    onWarning: () => undefined,
    ...(options.signal && { signal: options.signal }),
  });
  try {
    await model.savePretrained(contents, options);
  } finally {
    model.dispose();
  }
}

async function throughNames(
  files: FileSet,
  contents: Map<string, Blob>,
  format: WeightFormatName,
  dtype: keyof typeof WIRE_TYPES,
  signal: AbortSignal,
) {
  const reader = await openWeights(files, { signal });
  try {
    const config = { ...JSON.parse(await files.readText("config.json")), torch_dtype: dtype };
    const tensors = tensorsOf(reader, { floatDType: WIRE_TYPES[dtype] });
    await saveModelFiles(contents, config, tensors, { format, signal });
  } finally {
    await reader.close();
  }
}

async function bytesOf(files: FileSet, name: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await files.readBytes(name));
}

/** The files as they are in one zip; weights do not get smaller by compressing. */
async function archive(contents: ReadonlyMap<string, Blob>): Promise<Blob> {
  const entries: Record<string, Uint8Array> = {};
  for (const [name, blob] of contents) entries[name] = new Uint8Array(await blob.arrayBuffer());
  const bytes = zipSync(entries, { level: 0 });
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/zip" });
}
