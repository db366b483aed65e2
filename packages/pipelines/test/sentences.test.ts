import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openFiles } from "@convbert/files";
import { readSentenceModules, SentenceEncoder } from "@convbert/heads";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { describe, expect, it, onTestFinished } from "vitest";
import { pipeline } from "../src/index.js";

const folderOf = (name: string) => fileURLToPath(new URL(`fixtures/sentences/${name}`, import.meta.url));

interface Expected {
  readonly texts: readonly string[];
  readonly vectors: readonly (readonly number[])[];
}
const expectedOf = async (name: string): Promise<Expected> =>
  JSON.parse(await readFile(join(folderOf(name), "expected.json"), "utf8"));

function near(found: ArrayLike<number>, expected: readonly number[]): void {
  const largest = Math.max(...expected.map(Math.abs));
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5 * largest);
}

/** The files of a folder in memory, some changed. */
async function filesOf(
  name: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<Record<string, Uint8Array | string>> {
  const files: Record<string, Uint8Array | string> = {};
  for (const entry of await readdir(folderOf(name), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.slice(folderOf(name).length + 1)] = new Uint8Array(await readFile(path));
  }
  for (const [path, value] of Object.entries(changes)) {
    if (value === undefined) delete files[path];
    else files[path] = typeof value === "string" ? value : JSON.stringify(value);
  }
  return files;
}

describe.each(["mean", "dense", "max"])("a folder of sentence-transformers: %s", (name) => {
  it("pools, maps and scales by default, as there", async () => {
    const { texts, vectors } = await expectedOf(name);
    using extract = await pipeline("feature-extraction", folderOf(name));
    const found = await extract(texts);
    for (const [i, vector] of vectors.entries()) {
      expect(found[i]!.shape).toEqual([vector.length]);
      near(found[i]!.data, vector);
    }
    // What a call says wins.
    const tokens = await extract(texts[2]!, { pooling: "none", normalize: false });
    expect(tokens.shape[1]).toBe(12);
    await expect(extract(texts[1]!, { truncation: false })).resolves.toBeDefined();
  });

  it("is loaded and saved by the encoder, and loads again", async () => {
    const { texts, vectors } = await expectedOf(name);
    const encode = async (encoder: SentenceEncoder, tokenizer: ConvBertTokenizerFast) => {
      const { input_ids: sequences } = tokenizer(
        texts.map((text) => encoder.prompt + text),
        { truncation: true, max_length: encoder.maxLength },
      );
      return encoder.encodeRagged({ sequences });
    };
    const check = async (source: string) => {
      using encoder = await SentenceEncoder.fromPretrained(source);
      const tokenizer = await ConvBertTokenizerFast.fromPretrained(source);
      const { data, shape } = await encode(encoder, tokenizer);
      const size = vectors[0]!.length;
      expect(shape).toEqual([texts.length, size]);
      for (const [i, vector] of vectors.entries()) near(data.subarray(i * size, (i + 1) * size), vector);
    };
    const output = await mkdtemp(join(tmpdir(), "convbert-encoder-"));
    onTestFinished(() => rm(output, { recursive: true }));
    using encoder = await SentenceEncoder.fromPretrained(folderOf(name));
    await encoder.savePretrained(output);
    await (await ConvBertTokenizerFast.fromPretrained(folderOf(name))).savePretrained(output);
    await check(output);
    // The same modules as Python wrote.
    for (const file of [
      "modules.json",
      "1_Pooling/config.json",
      ...(name === "dense" ? ["2_Dense/config.json"] : []),
    ]) {
      const read = async (folder: string) => JSON.parse(await readFile(join(folder, file), "utf8"));
      expect(await read(output)).toEqual(await read(folderOf(name)));
    }
  });
});

describe("sentence-similarity", () => {
  it.each(["mean", "dense", "max"])("has the cosines of the vectors of sentence-transformers: %s", async (name) => {
    const { texts, vectors } = await expectedOf(name);
    const cosine = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
    using compare = await pipeline("sentence-similarity", folderOf(name));
    const [source, ...sentences] = texts as [string, ...string[]];
    const found = await compare({ source_sentence: source, sentences });
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
    for (const { score, index, sentence } of found) {
      expect(sentence).toBe(sentences[index]);
      expect(score).toBeCloseTo(cosine(vectors[0]!, vectors[index + 1]!), 5);
    }
    const all = await compare([{ source_sentence: source, sentences }]);
    expect(all).toEqual([found]);
    expect(await compare({ source_sentence: source, sentences }, { top_k: 1 })).toEqual(found.slice(0, 1));
  });

  it("takes the mean of any other ConvBERT, and refuses what it cannot compare", async () => {
    using compare = await pipeline("sentence-similarity", await filesOf("mean", { "modules.json": undefined }));
    const [first] = await compare({ source_sentence: "the sea", sentences: ["a book", "the sea"] });
    expect(first).toEqual({ score: expect.closeTo(1, 5), index: 1, sentence: "the sea" });
    const wrong = [
      { source_sentence: "a", sentences: [] },
      { source_sentence: "a" },
      { sentence: "a", sentences: ["b"] },
    ];
    for (const input of wrong) await expect(compare(input as never)).rejects.toThrow(/sentence/);
  });
});

describe("what is not such a folder", () => {
  it("gives vectors of tokens as before; an encoder takes the mean", async () => {
    const plain = await filesOf("mean", { "modules.json": undefined });
    using extract = await pipeline("feature-extraction", plain);
    expect((await extract("good book")).shape).toEqual([4, 12]);
    await expect(extract("the ".repeat(40))).rejects.toThrow("tokens and the model takes");
    using encoder = await SentenceEncoder.fromPretrained(plain);
    expect(encoder).toMatchObject({ pooling: "mean", normalize: true, maxLength: 32, prompt: "" });
  });

  const transformer = { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" };
  const module = (kind: string, path = "") => ({ name: "1", path, type: `sentence_transformers.models.${kind}` });
  const pooling = module("Pooling", "1_Pooling");
  it.each([
    ["no JSON", { "modules.json": "{" }, "is not valid JSON"],
    ["no list", { "modules.json": {} }, "expected a list of modules"],
    ["too many", { "modules.json": new Array(99).fill(transformer) }, "expected a list of modules"],
    ["no pooling", { "modules.json": [transformer] }, "there is no Pooling"],
    ["another order", { "modules.json": [transformer, module("Normalize"), pooling] }, 'module 1 is "Normalize"'],
    ["after scaling", { "modules.json": [transformer, pooling, module("Normalize"), module("Dense")] }, "module 3"],
    ["an unknown module", { "modules.json": [transformer, pooling, module("LSTM")] }, 'module 2 is "LSTM"'],
    ["a nested model", { "modules.json": [{ ...transformer, path: "0_Transformer" }] }, "must lie beside it"],
    ["a broken entry", { "modules.json": [null] }, 'no "type" and "path"'],
    ["a path that leaves", { "modules.json": [transformer, module("Pooling", "../../etc")] }, "etc"],
    ["other pooling", { "1_Pooling/config.json": { pooling_mode_lasttoken: true } }, "pools by pooling_mode_lasttoken"],
    [
      "two ways",
      { "1_Pooling/config.json": { pooling_mode_cls_token: true, pooling_mode_mean_tokens: true } },
      "pools by",
    ],
    ["no way", { "1_Pooling/config.json": null }, "pools by none"],
    ["an odd length", { "sentence_bert_config.json": { max_seq_length: -1 } }, "max_seq_length is -1"],
    ["an odd prompt", { "config_sentence_transformers.json": { default_prompt_name: "x" } }, "none of the prompts"],
  ])("is refused: %s", async (_, changes, message) => {
    const files = await openFiles(await filesOf("mean", changes));
    await expect(readSentenceModules(files)).rejects.toThrow(message);
  });

  it.each([
    [
      "another activation",
      { "2_Dense/config.json": { in_features: 12, out_features: 5, activation_function: "torch.nn.Mish" } },
      "none of Identity",
    ],
    ["other sizes", { "2_Dense/config.json": { in_features: 12, out_features: 6 } }, "linear.weight is [5, 12]"],
    ["no sizes", { "2_Dense/config.json": { in_features: 1e9, out_features: "5" } }, "must be sizes"],
  ])("of Dense modules: %s", async (_, changes, message) => {
    const files = await openFiles(await filesOf("dense", changes));
    await expect(readSentenceModules(files)).rejects.toThrow(message);
  });

  it("pooling by its newer name", async () => {
    const files = await openFiles(await filesOf("mean", { "1_Pooling/config.json": { pooling_mode: "max" } }));
    expect(await readSentenceModules(files)).toMatchObject({ pooling: "max", normalize: true, maxLength: 10 });
  });
});
