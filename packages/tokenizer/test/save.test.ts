import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast } from "../src/index.js";
import { features, take } from "./features.js";
import { sharedText, vocabulary } from "./golden-data.js";

const kinds = { slow: ConvBertTokenizer, fast: ConvBertTokenizerFast };

describe("the files the reference saves, letter by letter", () => {
  features.saved.forEach(({ kind, options, steps, files }) => {
    test(`${kind} ${JSON.stringify(options)}`, async () => {
      const tokenizer = new kinds[kind](`${features.words.join("\n")}\n`, options);
      for (const [method, ...args] of steps) take(tokenizer, method, args);
      expect(await tokenizer.toFiles()).toEqual(files);
    });
  });

  if (sharedText("saved-fast/tokenizer.json"))
    test("the shared fast tokenizer", async () => {
      const files = await new ConvBertTokenizerFast(vocabulary).toFiles();
      for (const [name, text] of Object.entries(files)) {
        if (name !== "vocab.txt") expect(text, name).toBe(sharedText(`saved-fast/${name}`));
      }
      expect(files["vocab.txt"]).toBe(vocabulary);
    });

  if (sharedText("saved-slow/tokenizer_config.json"))
    test("the shared slow tokenizer", async () => {
      const files = await new ConvBertTokenizer(vocabulary, { never_split: ["unaffable"] }).toFiles();
      for (const [name, text] of Object.entries(files)) {
        if (name !== "vocab.txt") expect(text, name).toBe(sharedText(`saved-slow/${name}`));
      }
    });
});

describe("saved and loaded again", () => {
  const text = "Hello newtok <e> the caf\u00e9 [MASK] unaffable!";
  for (const kind of ["slow", "fast"] as const) {
    for (const legacyFormat of [undefined, true, ...(kind === "fast" ? [false] : [])]) {
      test(`${kind}, legacyFormat ${legacyFormat}`, async () => {
        const tokenizer = new kinds[kind](vocabulary, { do_lower_case: false, model_max_length: 77 });
        tokenizer.addTokens(["newtok", { content: "<e>", lstrip: true }]);
        const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
        try {
          const paths = await tokenizer.savePretrained(folder, { ...(legacyFormat !== undefined && { legacyFormat }) });
          expect(paths.length).toBeGreaterThan(2);
          const again = await kinds[kind].fromPretrained(folder);
          expect(again.encode(text)).toEqual(tokenizer.encode(text));
          expect(again.modelMaxLength).toBe(77);
          expect(again.length).toBe(tokenizer.length);
          expect(await again.toFiles()).toEqual(await tokenizer.toFiles());
        } finally {
          await rm(folder, { recursive: true });
        }
      });
    }
  }

  test("a prefix goes before every name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tokenizer-"));
    try {
      const tokenizer = new ConvBertTokenizerFast("[UNK]\na\n");
      const [path] = await tokenizer.saveVocabulary(folder, "mine");
      expect(path).toBe(join(folder, "mine-vocab.txt"));
      expect(await readFile(path!, "utf8")).toBe("[UNK]\na\n");
      expect(Object.keys(await tokenizer.toFiles({ filenamePrefix: "x", legacyFormat: false }))).toContain(
        "x-tokenizer.json",
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
