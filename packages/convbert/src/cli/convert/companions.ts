import { type FileSet, writeFiles } from "@convbert/files";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { Terminal } from "../terminal.js";
import { sentenceModuleNames } from "./sentence-modules.js";
import type { Written } from "./written.js";

/** What goes along with the weights. */
const COMPANIONS = [
  "vocab.txt",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "README.md",
  "LICENSE",
];

/** Copies the files beside the weights; they are small. */
export async function companions(files: FileSet, destination: string, { signal }: Terminal): Promise<Written[]> {
  const found: [string, Uint8Array][] = [];
  for (const name of [...COMPANIONS, ...(await sentenceModuleNames(files))]) {
    if (await files.has(name)) found.push([name, await files.readBytes(name)]);
  }
  await writeFiles(destination, found, { signal });
  return found.map(([file, { length }]) => ({ file, bytes: length }));
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
