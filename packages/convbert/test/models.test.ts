import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openWeights } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { loadModel } from "@convbert/heads";
import { pipeline } from "@convbert/pipelines";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { describe, expect, test } from "vitest";
import { installedModel, ModelNotInstalledError, modelPackage, SMALL_MODELS, type SmallModel } from "../src/index.js";

type Nested = number | Nested[];

/** One row of expected.json, made with the reference by tooling/recipes/expected.py from the weights as float32. */
interface Expected {
  readonly text: string;
  readonly input_ids: number[];
  /** `[labels]`, or `[tokens][labels]`. */
  readonly logits: Nested[];
  /** What the largest of each row of logits means. */
  readonly labels: string[];
}

/** The largest difference of a logit: of int8 products against the reference's float32 ones on the same weights. */
const INT8_TOLERANCE = 0.5;
const FLOAT32_TOLERANCE = 1e-4;

const flat = (value: Nested): number[] => (typeof value === "number" ? [value] : value.flatMap(flat));

const NAMES = Object.keys(SMALL_MODELS) as SmallModel[];
const TASK_MODELS = NAMES.filter((name) => name !== "sentence-encoder");

describe.each(TASK_MODELS)("the model %s", (name) => {
  const source = installedModel(name);
  const folder = fileURLToPath(source);
  const expected: Expected[] = JSON.parse(readFileSync(`${folder}/expected.json`, "utf8"));

  test.each([
    ["float32", "wasm", FLOAT32_TOLERANCE],
    ["float32", "reference", FLOAT32_TOLERANCE],
    ["int8", "wasm", INT8_TOLERANCE],
    ["int8", "reference", INT8_TOLERANCE],
  ] as const)("gives the reference's logits as %s on the %s backend", async (dtype, backend, tolerance) => {
    using model = await loadModel(source, { backend, dtype });
    expect(model.loadReport).toMatchObject({ missing: [], unexpected: [], mismatched: [] });
    let [all, same] = [0, 0];
    for (const row of expected) {
      const output = (await model.forward({ input_ids: [row.input_ids] } as never)) as unknown as {
        logits: { data: Float32Array };
      };
      const got = [...output.logits.data];
      const want = flat(row.logits);
      expect(got).toHaveLength(want.length);
      for (const [i, value] of want.entries()) expect(Math.abs(value - got[i]!)).toBeLessThan(tolerance);
      const width = want.length / row.labels.length;
      for (const [index, label] of row.labels.entries()) {
        const scores = got.slice(index * width, (index + 1) * width);
        const best = scores.indexOf(Math.max(...scores));
        all++;
        if (model.config.id2label[best] === label) same++;
      }
    }
    expect(same / all).toBeGreaterThanOrEqual(dtype === "float32" ? 1 : 0.95);
  });

  test("has the reference's tokens", async () => {
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(source);
    for (const { text, input_ids } of expected) expect(tokenizer(text).input_ids).toEqual(input_ids);
  });

  test("is small, in 8 bits where it is large, and has an honest card", async () => {
    expect(statSync(`${folder}/model.safetensors`).size).toBeLessThan(7_100_000);
    const reader = await openWeights(await openFiles(source));
    const words = [...reader.tensors.values()].find(({ name: tensor }) => tensor.endsWith("word_embeddings.weight"));
    expect(words?.dtype).toBe("I8");
    await reader.close();
    const card = readFileSync(`${folder}/README.md`, "utf8");
    for (const word of [
      "Good for",
      "Bad for",
      "Data",
      "Score",
      "Terms",
      "Tried",
      "Limits",
      "all-MiniLM-L6-v2",
      "Apache-2.0",
    ]) {
      expect(card).toContain(word);
    }
    expect(card).toContain(`recipes/train.ts ${name}`);
    expect(existsSync(`${folder}/metrics.json`)).toBe(true);
  });
});

describe("the encoder", () => {
  const source = installedModel("sentence-encoder");
  const folder = fileURLToPath(source);
  const expected: { text: string; vector: number[] }[] = JSON.parse(readFileSync(`${folder}/expected.json`, "utf8"));

  test.each([
    ["float32", "wasm", 1e-5],
    ["float32", "reference", 1e-5],
    ["int8", "wasm", 0.03],
    ["int8", "reference", 0.03],
  ] as const)(
    "gives the vectors of sentence-transformers as %s on the %s backend",
    async (dtype, backend, tolerance) => {
      using extract = await pipeline("feature-extraction", source, { dtype, backend });
      // The last text is longer than the model takes.
      for (const { text, vector } of expected) {
        const found = await extract(text);
        expect(found.shape).toEqual([256]);
        for (const [i, value] of vector.entries()) expect(Math.abs(found.data[i]! - value)).toBeLessThan(tolerance);
      }
    },
  );

  test("finds what is meant, is small, and has an honest card", async () => {
    using compare = await pipeline("sentence-similarity", source);
    const sentences = ["The stock market fell sharply on Monday.", "Our gardener trims the hedges every spring."];
    const [best] = await compare({ source_sentence: "Who looks after the garden?", sentences });
    expect(best).toMatchObject({ index: 1, score: expect.closeTo(0.46, 1) });
    expect(statSync(`${folder}/model.safetensors`).size).toBeLessThan(7_000_000);
    const card = readFileSync(`${folder}/README.md`, "utf8");
    for (const word of [
      "Good for",
      "Bad for",
      "Data",
      "Score",
      "Terms",
      "Tried",
      "Limits",
      "all-MiniLM-L6-v2",
      "Apache-2.0",
      "encoder/distil.ts",
    ]) {
      expect(card).toContain(word);
    }
  });
});

test("what is no model has no place", () => {
  expect(installedModel("question-answering")).toBeUndefined();
  expect(installedModel("toString")).toBeUndefined();
  expect(installedModel("text-classification")).toEqual(installedModel("question-classification"));
});

describe("the packages of the models", () => {
  const folder = (name: SmallModel) => fileURLToPath(installedModel(name));
  const manifest = (name: SmallModel) => JSON.parse(readFileSync(`${folder(name)}package.json`, "utf8"));

  test("are peers that nobody has to install", () => {
    const own = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    const packages = NAMES.map(modelPackage).sort();
    expect(Object.keys(own.peerDependencies).sort()).toEqual(packages);
    for (const name of packages) expect(own.peerDependenciesMeta[name]).toEqual({ optional: true });
  });

  test.each(NAMES)("%s has every file of the model, data alone, and a licence of its own", (name) => {
    const { files, ...others } = manifest(name);
    expect(others.name).toBe(modelPackage(name));
    expect(others).not.toHaveProperty("dependencies");
    const present = readdirSync(folder(name), { recursive: true, encoding: "utf8" }).filter((file) =>
      statSync(join(folder(name), file)).isFile(),
    );
    const own = ["README.md", "LICENSE", "package.json", "expected.json"];
    expect([...files, ...own].sort()).toEqual(present.map((file) => file.replaceAll("\\", "/")).sort());
    expect(readFileSync(`${folder(name)}LICENSE`, "utf8")).toMatch(/trained/);
  });

  test("share one vocabulary, which git keeps once", () => {
    const texts = new Set(NAMES.map((name) => readFileSync(`${folder(name)}vocab.txt`, "utf8")));
    expect(texts.size).toBe(1);
  });

  test("are named by the error of who lacks one", () => {
    const error = new ModelNotInstalledError("sentiment");
    expect(error).toMatchObject({ model: "sentiment", package: "@convbert/model-sentiment" });
    expect(error.message).toContain("npm install @convbert/model-sentiment");
  });
});
