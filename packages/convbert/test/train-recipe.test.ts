import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

let folder = "";
let runs = 0;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-recipe-"));
  await writeFile(file("vocab.txt"), "[PAD] [UNK] [CLS] [SEP] [MASK] good bad film it".replaceAll(" ", "\n"));
  await writeFile(
    file("texts.csv"),
    `text,label\n${"good film it,good\ngood,good\nbad film,bad\nbad,bad\n".repeat(4)}good,good\ngood,good\ngood,good\ngood,good\n`,
  );
  await writeFile(file("scores.csv"), "text,label\ngood film,2\nbad film,1\ngood,3\nbad,0\n");
  await writeFile(file("tags.conll"), "film O\ngood B-x\ngood I-x\n\nbad B-y\nit O\n\n".repeat(4));
});
afterAll(() => rm(folder, { recursive: true }));

async function train(task: string, data: string, ...more: string[]) {
  const output = file(`run-${runs++}`);
  const result = await convbert([
    ...["train", task, "--data", file(data), "--vocab", file("vocab.txt"), "--threads", "1", "--output", output],
    ..."--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24 --max-positions 32".split(" "),
    ...["--batch-size", "4", "--epochs", "2", "--json", ...more],
  ]);
  const steps =
    result.code === 0 ? (result.json as Record<string, number | string>[]).filter(({ type }) => type === "step") : [];
  return { ...result, steps, output };
}

describe("--class-weights", () => {
  const losses = async (...flags: string[]) => {
    const { code, stderr, steps } = await train("text-classification", "texts.csv", "--dropout", "1e-9", ...flags);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return steps.map(({ loss }) => loss);
  };

  test("balanced is what sklearn computes, as a file and a list say it", async () => {
    // 12 good and 8 bad texts: n / (classes · count).
    await writeFile(file("named.json"), JSON.stringify({ good: 20 / 24, bad: 20 / 16 }));
    await writeFile(file("listed.json"), JSON.stringify([20 / 16, 20 / 24]));
    const balanced = await losses("--class-weights", "balanced");
    expect(balanced).not.toEqual(await losses());
    expect(await losses("--class-weights", file("named.json"))).toEqual(balanced);
    expect(await losses("--class-weights", file("listed.json"))).toEqual(balanced);
    // By the names that the labels are given.
    await writeFile(file("renamed.json"), JSON.stringify({ yes: 20 / 24, no: 20 / 16 }));
    expect(await losses("--class-weights", file("renamed.json"), "--label-names", "no,yes")).toEqual(balanced);
  });

  test("of tags", async () => {
    const plain = await train("token-classification", "tags.conll");
    const weighted = await train("token-classification", "tags.conll", "--class-weights", "balanced");
    expect(weighted.steps.map(({ loss }) => loss)).not.toEqual(plain.steps.map(({ loss }) => loss));
    expect(JSON.parse(await readFile(join(weighted.output, "training-run.json"), "utf8")).options.classWeights).toEqual(
      [
        // B-x, B-y, I-x, O: 4, 4, 4 and 8 of 20.
        ...[1.25, 1.25, 1.25, 0.625],
      ],
    );
  });

  test.each([
    ["nothing.json", "", /cannot read --class-weights/],
    ["text.json", "{", /cannot read --class-weights/],
    ["number.json", "3", /give \{"label": weight/],
    ["foreign.json", '{"good":1,"bad":1,"ugly":1}', /"ugly" is none of the labels bad, good/],
    ["missing.json", '{"good":1}', /has no weight for the label "bad"/],
    ["short.json", "[1]", /has 1 weights for 2 labels/],
    ["string.json", '{"good":"1","bad":1}', /the weight of "good" is "1", no number from 0 on/],
    ["negative.json", "[1,-1]", /the weight of "good" is -1/],
    ["zero.json", "[0,0]", /every weight is 0/],
  ])("%s is refused", async (name, text, message) => {
    if (text !== "") await writeFile(file(name), text);
    const { code, stderr } = await train("text-classification", "texts.csv", "--class-weights", file(name));
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });

  test("are for tasks with one label a text or word", async () => {
    const regression = await train("text-classification", "scores.csv", "--regression", "--class-weights", "balanced");
    expect(regression).toMatchObject({ code: 2, stderr: expect.stringContaining("--class-weights or --regression") });
    const choices = await train("fill-mask", "texts.csv", "--class-weights", "balanced");
    expect(choices).toMatchObject({ code: 2, stderr: expect.stringContaining("--class-weights is for text-class") });
  });
});

test("--scheme counts strictly, and is refused where the tags are not of it", async () => {
  const strict = await train("token-classification", "tags.conll", "--eval", file("tags.conll"), "--scheme", "IOB2");
  expect(strict).toMatchObject({ code: 0 });
  const wrong = await train("token-classification", "tags.conll", "--eval", file("tags.conll"), "--scheme", "IOE2");
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/scheme is "IOE2"; the tag "B-x" is none of IOE2/),
  });
  expect(wrong.steps).toEqual([]);
});

test("a correlation that is undefined leaves loss and errors, and the smallest loss is kept", async () => {
  await writeFile(file("same.csv"), "text,label\ngood,1\nbad,1\nfilm,1\n");
  const { code, output, json } = await train(
    "text-classification",
    "scores.csv",
    "--eval",
    file("same.csv"),
    "--regression",
  );
  expect(code).toBe(0);
  const { evaluation, best } = JSON.parse(await readFile(join(output, "metrics.json"), "utf8"));
  expect(evaluation).toMatchObject({ pearson: null, spearman: null });
  expect(evaluation.meanAbsoluteError).toBeGreaterThan(0);
  const losses = (json as { type: string; metrics: { loss: number } }[]).filter(({ type }) => type === "evaluation");
  expect(evaluation.loss).toBe(Math.min(...losses.map(({ metrics }) => metrics.loss)));
  expect(best.step).toBeGreaterThan(0);
  expect(await readFile(join(output, "README.md"), "utf8")).toMatch(/\| evaluation \| [\d.]+ \| NaN \| NaN \| [\d.]+/);
});

describe("schedules, optimizers and batches of the reference", () => {
  test.each([
    [["--schedule", "polynomial", "--power", "2", "--warmup", "0"], (i: number, n: number) => (1 - i / n) ** 2],
    [["--schedule", "inverse_sqrt", "--warmup", "2"], (i: number) => (i < 2 ? i / 2 : 1 / Math.sqrt(i / 2))],
    [["--schedule", "reduce_lr_on_plateau", "--eval-share", "0.2"], () => 1],
  ] as const)("%j", async (flags, factor) => {
    const { code, stderr, steps } = await train("text-classification", "texts.csv", "--lr", "1e-2", ...flags);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const [i, step] of steps.entries()) {
      expect(step["learningRate"]).toBeCloseTo(1e-2 * factor(i, steps.length), 6);
    }
  });

  test("a rate falls where the evaluation gets no better", async () => {
    const { steps } = await train(
      ...(["text-classification", "texts.csv", "--eval", file("texts.csv"), "--lr", "1e-12", "--epochs", "4"] as const),
      ...["--schedule", "reduce_lr_on_plateau", "--plateau-patience", "0", "--plateau-factor", "0.5"],
    );
    // Falls smaller than torch's epsilon are left out.
    expect(new Set(steps.map(({ learningRate }) => learningRate))).toEqual(new Set([1e-12]));
    const higher = await train(
      ...(["text-classification", "texts.csv", "--eval", file("texts.csv"), "--lr", "1e-6", "--epochs", "4"] as const),
      ...[
        "--schedule",
        "reduce_lr_on_plateau",
        "--plateau-patience",
        "0",
        "--plateau-factor",
        "0.5",
        "--metric",
        "accuracy",
      ],
    );
    expect(higher.steps.at(-1)!["learningRate"]).toBeLessThan(1e-6);
  });

  test("Adafactor and batches of one length train", async () => {
    const { code, steps } = await train(
      ...(["text-classification", "texts.csv", "--optimizer", "adafactor", "--lr", "2e-2", "--epochs", "12"] as const),
      "--group-by-length",
    );
    expect(code).toBe(0);
    expect(steps.at(-1)!["loss"]).toBeLessThan(0.5 * (steps[0]!["loss"] as number));
  });

  test.each([
    [["--patience", "2"], /--patience needs --eval or --eval-share/],
    [["--metric", "accuracy"], /--metric needs --eval or --eval-share/],
    [["--evaluate-every", "2"], /--evaluate-every needs --eval or --eval-share/],
    [["--schedule", "reduce_lr_on_plateau"], /--schedule reduce_lr_on_plateau needs --eval/],
    [["--power", "2"], /--power is for --schedule polynomial/],
    [["--plateau-factor", "0.5", "--schedule", "cosine"], /--plateau-factor is for --schedule reduce_lr_on_plateau/],
    [["--group-by-length", "--token-budget", "20"], /give --group-by-length or --token-budget|--batch-size/],
  ])("%j is refused before any work", async (flags, message) => {
    const { code, stderr } = await train("text-classification", "texts.csv", ...flags);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});
