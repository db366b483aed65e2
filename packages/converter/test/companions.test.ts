import { companionNames } from "@convbert/converter";
import { type FileSet, openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";

const TOKENIZER = [
  "vocab.txt",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
];
const WEIGHTS = ["config.json", "model.safetensors", "pytorch_model.bin"];

/** A folder with files of these names; modules of these folders where they are given. */
function folderOf(names: readonly string[], modules?: unknown): Promise<FileSet> {
  const list = modules === undefined ? {} : { "modules.json": JSON.stringify(modules) };
  return openFiles({ ...Object.fromEntries(names.map((name) => [name, "x"])), ...list });
}

const modulesIn = (...paths: readonly string[]) => paths.map((path, idx) => ({ idx, name: String(idx), path }));

describe("what goes along with a model's weights", () => {
  test("is the tokenizer, the card and the licence, where they are there", async () => {
    const all = [...TOKENIZER, "README.md", "LICENSE"];
    expect(await companionNames(await folderOf([...all, ...WEIGHTS, "notes.txt", "1_Pooling/config.json"]))).toEqual(
      all,
    );
    expect(await companionNames(await folderOf(["vocab.txt", ...WEIGHTS]))).toEqual(["vocab.txt"]);
    expect(await companionNames(await folderOf(WEIGHTS))).toEqual([]);
  });

  test("is what modules.json of sentence-transformers names, under any name and once", async () => {
    const own = [
      "1_Pooling/config.json",
      "map/to/5/config.json",
      "map/to/5/model.safetensors",
      "3_Dense/pytorch_model.bin",
    ];
    const settings = ["sentence_bert_config.json", "config_sentence_transformers.json"];
    const names = ["vocab.txt", ...WEIGHTS, ...settings, ...own, "4_Dense/config.json", "map/to/5/notes.txt"];
    const files = await folderOf(names, modulesIn("", "1_Pooling", "map/to/5", "3_Dense", "map/to/5", "5_Normalize"));
    expect(await companionNames(files)).toEqual(["vocab.txt", "modules.json", ...settings, ...own]);
  });

  test.each([
    ["a parent", "../other", /modules\.json: refusing the file name "\.\.\/other\/config\.json": it leaves its folder/],
    ["a way round", "1_Pooling/../../other", /it leaves its folder/],
    ["an absolute path", "/etc", /it is an absolute path/],
    ["a path of Windows", "C:/Users", /it is an absolute path/],
    ["a backslash", "..\\other", /it holds a backslash/],
  ])("never lies outside the folder, whatever modules.json says: %s", async (_, path, message) => {
    const files = await folderOf(["vocab.txt"], modulesIn("", path));
    // A set that would give any file that it is asked for.
    for (const set of [files, { ...files, has: async () => true }]) {
      const names = companionNames(set);
      await expect(names).rejects.toMatchObject({ name: "FilesError", code: "invalid-name" });
      await expect(names).rejects.toThrow(message);
    }
  });

  test.each([
    ["no JSON", "{", "/modules.json: it is not valid JSON"],
    ["no list", '{"path":"1_Pooling"}', "/modules.json: expected a list"],
    [
      "too many",
      JSON.stringify(modulesIn(...new Array<string>(99).fill("x"))),
      "expected a list of 16 modules at most",
    ],
    ["no module", "[null]", 'module 0 has no "path"'],
    ["no path", '[{"path":""},{"path":["1_Pooling"]}]', 'module 1 has no "path"'],
  ])("is not told by a broken modules.json: %s", async (_, text, message) => {
    const names = companionNames(await openFiles({ "vocab.txt": "x", "modules.json": text }));
    await expect(names).rejects.toMatchObject({ name: "WeightsError", code: "format" });
    await expect(names).rejects.toThrow(message);
  });
});
