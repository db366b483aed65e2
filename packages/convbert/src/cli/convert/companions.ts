import { type FileSet, writeFiles } from "@convbert/files";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { Terminal } from "../terminal.js";
import type { Written } from "./written.js";

/** Copies files beside the weights; they are small. */
export async function copyFiles(
  files: FileSet,
  names: readonly string[],
  destination: string,
  { signal }: Terminal,
): Promise<Written[]> {
  const contents: [string, Uint8Array][] = [];
  for (const name of names) contents.push([name, await files.readBytes(name)]);
  await writeFiles(destination, contents, { signal });
  return contents.map(([file, { length }]) => ({ file, bytes: length }));
}

/** Makes the `tokenizer.json` that transformers.js reads, where there is a vocabulary alone. */
export async function fastTokenizer(files: FileSet, destination: string, { signal }: Terminal): Promise<Written[]> {
  if ((await files.has("tokenizer.json")) || !(await files.has("vocab.txt"))) return [];
  const tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
  const contents = new Map<string, Blob>();
  await tokenizer.savePretrained(contents);
  const made = contents.get("tokenizer.json")!;
  await writeFiles(destination, [["tokenizer.json", made]], { signal });
  return [{ file: "tokenizer.json", bytes: made.size }];
}
