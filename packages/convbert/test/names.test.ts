import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { SMALL_MODELS } from "../src/index.js";
import { convbert } from "./terminal.js";

const tiny = (name: string): string => fileURLToPath(new URL(`../../pipelines/test/fixtures/${name}`, import.meta.url));

describe("names of our models", () => {
  test("are known to every command that takes a model", async () => {
    expect((await convbert(["inspect", "sentiment"])).stdout).toContain("ConvBertForSequenceClassification");
    expect((await convbert(["tokenize", "--model", "entities", "one"])).code).toBe(0);
    expect((await convbert(["run", "text-classification", "--model", "sentiment", "a fine film"])).code).toBe(0);
    const folder = await mkdtemp(join(tmpdir(), "convbert-names-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const converted = await convbert(["convert", "sentiment", join(folder, "out"), "--json"]);
    expect(converted).toMatchObject({ code: 0, stderr: "" });
    const bench = [
      "bench",
      "sentiment",
      "--lengths",
      "8",
      "--rounds",
      "1",
      "--threads",
      "1",
      "--dtype",
      "int8",
      "--json",
      "--no-isolate",
    ];
    expect((await convbert(bench)).code).toBe(0);
    await writeFile(join(folder, "data.csv"), "text,label\ngood film,pos\nbad film,neg\n".repeat(2).slice(0, -1));
    const train = await convbert([
      ...["train", "text-classification", "--model", "sentiment", "--data", join(folder, "data.csv"), "--json"],
      ...["--output", join(folder, "trained"), "--steps", "1", "--threads", "1"],
    ]);
    expect(train).toMatchObject({ code: 0 });
  });

  test.each([
    ["sentimnt", "sentiment"],
    ["Sentiment", "sentiment"],
    ["sentence_encoder", "sentence-encoder"],
    ["question-clasification", "question-classification"],
    ["chunkin", "chunking"],
    ["entites", "entities"],
    ["chunk", undefined],
    ["bert", undefined],
  ])("%s is answered with the nearest, and all", async (given, meant) => {
    for (const args of [
      ["run", "text-classification", "--model", given, "x"],
      ["inspect", given],
      ["tokenize", "--model", given, "x"],
      ["bench", given],
      ["convert", given, "/nowhere"],
      ["verify", given, fileURLToPath(import.meta.url)],
    ]) {
      const { code, stdout, stderr } = await convbert(args);
      expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 2, stdout: "", lines: 1 });
      expect(stderr).toContain(`there is no folder "${given}"`);
      if (meant === undefined) expect(stderr).not.toContain("did you mean");
      else expect(stderr).toContain(`did you mean ${meant}?`);
      for (const name of Object.keys(SMALL_MODELS)) expect(stderr).toContain(name);
    }
  });

  test("do not hide a folder whose name is near", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convbert-names-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, "sentimnt"));
    const { stderr } = await convbert(["inspect", join(folder, "sentimnt")]);
    expect(stderr).not.toContain("did you mean");
    expect(stderr).toMatch(/config\.json/);
  });
});

describe("names of tasks", () => {
  test("have aliases", async () => {
    const ner = await convbert(["run", "ner", "The dog barks ."]);
    const { code, stdout } = await convbert(["run", "token-classification", "The dog barks ."]);
    expect({ code: ner.code, stdout: ner.stdout }).toEqual({ code, stdout });
    const sentiment = await convbert(["run", "sentiment-analysis", "--model", "sentiment", "a fine film"]);
    expect(sentiment.code).toBe(0);
    expect((await convbert(["run", "ner", "--pair", "x", "y"])).stderr).toMatch(/--pair is for text-classification/);
  });

  test.each([
    ["text_classification", "text-classification"],
    ["token-clasification", "token-classification"],
    ["fillmask", "fill-mask"],
    ["sentiment-analisis", "sentiment-analysis"],
  ])("%s is answered with the nearest", async (given, meant) => {
    const { code, stderr } = await convbert(["run", given, "x"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`did you mean ${meant}?`);
  });
});

describe("a model without the head that a task needs", () => {
  test.each([
    ["text-classification", ["x"]],
    ["token-classification", ["x"]],
    ["question-answering", ["who?", "anna"]],
    ["fill-mask", ["a [MASK]"]],
    ["multiple-choice", ["a", "b", "c"]],
    ["zero-shot-classification", ["x", "--labels", "a,b"]],
  ])("is refused for %s, unless a new head is asked for", async (task, texts) => {
    const args = ["run", task, "--model", tiny("base"), "--json", ...texts];
    const { code, stdout, stderr } = await convbert(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^convbert: [^\n]*it has no head for ConvBertFor\w+: [^\n]*give --allow-new-head\n$/);
    const allowed = await convbert([...args, "--allow-new-head"]);
    expect(allowed.code).toBe(0);
    expect(allowed.stderr).toMatch(/^warning: .*newly initialized/);
  });

  test("is refused by verify as well", async () => {
    const recorded = fileURLToPath(new URL("fixtures/recorded", import.meta.url));
    const args = ["verify", recorded, join(recorded, "cases.safetensors"), "--head", "ConvBertForTokenClassification"];
    expect(await convbert(args)).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("--allow-new-head"),
    });
    expect((await convbert([...args, "--allow-new-head"])).stderr).not.toContain("it has no head");
  });
});

test("masks are filled together, targets are scored whole", async () => {
  const args = ["run", "fill-mask", "--model", tiny("masked")];
  const joint = await convbert([...args, "--joint", "--top-k", "2", "--json", "a [MASK] of [MASK]"]);
  expect(joint.json[0]).toEqual([
    {
      score: expect.any(Number),
      tokens: expect.any(Array),
      token_strs: expect.any(Array),
      sequence: expect.any(String),
    },
    expect.any(Object),
  ]);
  expect((await convbert([...args, "--joint", "a [MASK] of [MASK]"])).stdout).toContain(" … ");
  const whole = await convbert([...args, "--targets", "rivers", "--whole-targets", "--json", "the [MASK] is old"]);
  expect(whole.stderr).toBe("");
  expect(whole.json[0]).toMatchObject([{ token_str: "rivers", sequence: "the rivers is old" }]);
  expect((await convbert(["run", "text-classification", "--joint", "x"])).stderr).toMatch(/--joint is for fill-mask/);
});
