import { fileURLToPath } from "node:url";
import { type FileSet, openFiles } from "@convbert/files";
import { loadModel } from "@convbert/heads";
import { ConvBertModel } from "@convbert/model";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "@convbert/tokenizer";
import { expect, test } from "vitest";
import { pipeline } from "../src/index.js";

const folder = fileURLToPath(new URL("fixtures/multi-label/", import.meta.url));

/** A set that counts how often it is closed. */
async function counted(): Promise<{ readonly files: FileSet; readonly closed: () => number }> {
  let count = 0;
  const opened = await openFiles(folder);
  const files: FileSet = { ...opened, close: async () => void count++ };
  return { files, closed: () => count };
}

test("a set of files is closed by who opened it, and by nobody else", async () => {
  const { files, closed } = await counted();
  const tokenizer = await counted();
  const loads: (() => Promise<unknown>)[] = [
    () => pipeline("text-classification", files),
    () => pipeline("text-classification", folder, { tokenizer: tokenizer.files }),
    () => pipeline("text-classification", files, { use_fast: false }),
    () => loadModel(files),
    () => ConvBertModel.fromPretrained(files),
    () => ConvBertTokenizer.fromPretrained(files),
    () => ConvBertTokenizerFast.fromPretrained(files),
  ];
  for (const load of loads) {
    const made = (await load()) as Partial<Disposable>;
    made[Symbol.dispose]?.();
  }
  expect([closed(), tokenizer.closed()]).toEqual([0, 0]);
  // It is of use still.
  expect(await files.has("config.json")).toBe(true);
});
