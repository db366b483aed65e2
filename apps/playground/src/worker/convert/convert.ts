import { companionNames, type WeightFormatName } from "@convbert/converter";
import type { FileSet } from "@convbert/files";
import { readConfig } from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { zipSync } from "fflate";
import { checkWeights } from "../graph.js";
import { job } from "../jobs.js";
import type { ConvertRequest, Download } from "../protocol.js";
import { keyOf, openModel } from "../sources.js";
import { throughModel } from "./through-model.js";
import { throughNames } from "./through-names.js";

/** A model in another format, as one archive. Weights pass through by name where they can. */
export function convert({ model, format, dtype }: ConvertRequest): Promise<Download> {
  return job("convert", async (signal) => {
    const files = await openModel(model, { signal });
    try {
      await checkWeights(files);
      const companions = await companionNames(files);
      const contents = new Map<string, Blob>();
      const name = format as WeightFormatName;
      const isPacked = (await readConfig(files)).toJSON()["quantization_config"] !== undefined;
      let leftOut: string[] = [];
      if (dtype === "int8" || isPacked || name === "onnx") await throughModel(files, contents, name, dtype, signal);
      else leftOut = await throughNames(files, contents, name, dtype, signal);
      await addCompanions(files, companions, contents, name === "onnx");
      return {
        name: `${keyOf(model).replaceAll(/[^\w.-]+/g, "-")}-${format}-${dtype}.zip`,
        zip: await archive(contents),
        files: [...contents].map(([file, { size }]) => ({ name: file, bytes: size })),
        leftOut,
      };
    } finally {
      await files.close();
    }
  });
}

async function addCompanions(
  files: FileSet,
  names: readonly string[],
  contents: Map<string, Blob>,
  isGraph: boolean,
): Promise<void> {
  for (const name of names) contents.set(name, new Blob([Uint8Array.from(await files.readBytes(name))]));
  // transformers.js, which graphs are often for, reads this file alone.
  if (!isGraph || contents.has("tokenizer.json") || !contents.has("vocab.txt")) return;
  const made = new Map<string, Blob>();
  await (await ConvBertTokenizerFast.fromPretrained(files)).savePretrained(made);
  contents.set("tokenizer.json", made.get("tokenizer.json")!);
}

/** The files as they are in one zip; weights do not get smaller by compressing. */
async function archive(contents: ReadonlyMap<string, Blob>): Promise<Blob> {
  const entries: Record<string, Uint8Array> = {};
  for (const [name, blob] of contents) entries[name] = new Uint8Array(await blob.arrayBuffer());
  const bytes = zipSync(entries, { level: 0 });
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/zip" });
}
