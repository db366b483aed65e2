import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvBertForSequenceClassification, loadModel } from "@convbert/heads";
import { pipeline } from "@convbert/pipelines";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

const WORDS = "good fine bad dull film book a the very is it was who what where person place thing ? .".split(" ");
const SHAPE = "--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24 --max-positions 48";
/** A model of a few thousand numbers, in a few steps. */
const TINY = `${SHAPE} --batch-size 8 --lr 5e-3 --threads 1`.split(" ");

let folder = "";
const file = (name: string): string => join(folder, name);

async function save(name: string, contents: string | readonly object[]): Promise<string> {
  const text = typeof contents === "string" ? contents : contents.map((line) => `${JSON.stringify(line)}\n`).join("");
  await writeFile(file(name), text);
  return file(name);
}

function texts(count: number): { text: string; label: string }[] {
  return Array.from({ length: count }, (_, i) => {
    const [label, word] = i % 2 === 0 ? ["positive", i % 4 ? "good" : "fine"] : ["negative", i % 3 ? "bad" : "dull"];
    return { text: `the ${i % 5 < 2 ? "film" : "book"} is ${word}`, label };
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-train-"));
  await save("vocab.txt", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n"));
  // Weights large enough to learn from in a few steps.
  await save("config.json", JSON.stringify({ initializer_range: 0.2 }));
  await save("texts.jsonl", texts(40));
  await save("held.jsonl", texts(10));
});
afterAll(() => rm(folder, { recursive: true }));

function train(task: string, output: string, ...args: string[]) {
  return convbert([
    "train",
    task,
    "--vocab",
    file("vocab.txt"),
    "--output",
    file(output),
    "--config",
    file("config.json"),
    ...TINY,
    ...args,
  ]);
}

async function metricsOf(output: string): Promise<Record<string, Record<string, number>>> {
  return JSON.parse(await readFile(join(file(output), "metrics.json"), "utf8"));
}

describe("text-classification", () => {
  test("gives a model that answers, with card, report, scores and log", async () => {
    const { code, stdout, stderr } = await train(
      ...(["text-classification", "texts", "--data", file("texts.jsonl"), "--eval", file("held.jsonl")] as const),
      ...[
        "--test",
        file("held.jsonl"),
        "--epochs",
        "8",
        "--terms",
        "made up",
        "--license",
        "mit",
        "--patience",
        "8",
        "--seed",
        "42",
      ],
    );
    expect({ code }).toEqual({ code: 0 });
    expect(stdout).toMatch(/^evaluation: loss .*accuracy [\d.]+.*\ntest: loss .*\nsaved in .*texts\n$/s);
    expect(stderr.trimEnd().split("\n")).toHaveLength(8);
    expect(stderr).toMatch(/^epoch 1 {2}step 5 {2}train loss [\d.]+ {2}loss [\d.]+ {2}accuracy [\d.]+ .* best\n/);
    expect((await readdir(file("texts"))).sort()).toEqual([
      ...["README.md", "added_tokens.json", "checkpoints", "config.json", "metrics.json", "model.safetensors"],
      ...["report.html", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "training-log.jsonl"],
      ...["training-run.json", "vocab.txt"],
    ]);
    const { evaluation, test: tested } = await metricsOf("texts");
    expect(evaluation!["accuracy"]).toBeGreaterThan(0.8);
    expect(tested).toEqual(evaluation);
    const config = JSON.parse(await readFile(join(file("texts"), "config.json"), "utf8"));
    expect(config).toMatchObject({
      id2label: { 0: "negative", 1: "positive" },
      label2id: { negative: 0, positive: 1 },
      problem_type: "single_label_classification",
      architectures: ["ConvBertForSequenceClassification"],
      hidden_size: 16,
    });
    const card = await readFile(join(file("texts"), "README.md"), "utf8");
    expect(card).toContain('license: "mit"');
    expect(card).toContain("- **Terms:** made up");
    expect(card).toContain("convbert train text-classification \\\n  --data texts.jsonl \\\n  --eval held.jsonl");
    // Nothing of this machine.
    expect(card + (await readFile(join(file("texts"), "report.html"), "utf8"))).not.toContain(folder);
    using classify = await pipeline("text-classification", file("texts"));
    expect(await classify("the film is good")).toMatchObject([{ label: "positive" }]);
  });

  test("goes on from a model, whose labels keep their places", async () => {
    await save("other.jsonl", texts(20).toReversed());
    const { code, stderr } = await convbert([
      ...["train", "text-classification", "--model", file("texts"), "--data", file("other.jsonl"), "--eval-share"],
      ...["0.2", "--output", file("further"), "--epochs", "1", "--freeze", "convbert.embeddings.*", "--threads", "1"],
      ...["--save-dtype", "float16"],
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
    const weights = async (name: string) => {
      using model = await loadModel(file(name));
      return Object.fromEntries([...model.parameters()].map(({ name: own, read }) => [own, read()]));
    };
    const [before, after] = [await weights("texts"), await weights("further")];
    const words = "convbert.embeddings.word_embeddings.weight";
    for (const [i, value] of before[words]!.entries()) expect(Math.abs(value - after[words]![i]!)).toBeLessThan(1e-3);
    expect(after["classifier.out_proj.weight"]).not.toEqual(before["classifier.out_proj.weight"]);
    using classify = await pipeline("text-classification", file("further"));
    expect(await classify("the film is bad")).toMatchObject([{ label: "negative" }]);
  });

  test("takes several labels, pairs, numbers, and names for labels", async () => {
    await save("multi.csv", "a,b,sport,music\nthe film,is good,1,0\nthe book,is bad,0,1\na film,was it,1,1\n");
    const multi = await train(
      ...(["text-classification", "multi", "--data", file("multi.csv"), "--eval", file("multi.csv")] as const),
      ...[
        "--multi-label",
        "--label-columns",
        "sport,music",
        "--text-column",
        "a",
        "--pair-column",
        "b",
        "--steps",
        "2",
      ],
    );
    expect(multi).toMatchObject({ code: 0 });
    expect((await metricsOf("multi"))["evaluation"]).toHaveProperty("microF1");
    using model = await ConvBertForSequenceClassification.fromPretrained(file("multi"));
    expect(model.config.problem_type).toBe("multi_label_classification");

    await save("scores.tsv", "the film\t0.5\nthe book\t2\na film\t-1\na book\t3\n");
    const numbers = await train(
      ...(["text-classification", "numbers", "--data", file("scores.tsv"), "--eval", file("scores.tsv")] as const),
      ...["--columns", "text,label", "--regression", "--steps", "2"],
    );
    expect(numbers).toMatchObject({ code: 0 });
    expect((await metricsOf("numbers"))["evaluation"]).toHaveProperty("pearson");
    const args = ["run", "text-classification", "--model", file("numbers")];
    const [raw] = (await convbert([...args, "--json", "--function", "none", "the film"])).json;
    expect((await convbert([...args, "--json", "the film"])).json).toEqual([raw]);
    const { score } = raw as { score: number };
    expect((await convbert([...args, "the film"])).stdout).toMatch(new RegExp(`${score.toFixed(4)}\n$`));

    await save("named.tsv", "the film\t0\nthe book\t1\n");
    await train(
      ...(["text-classification", "named", "--data", file("named.tsv"), "--columns", "text,label"] as const),
      ...["--label-names", "no,yes", "--steps", "1"],
    );
    const config = JSON.parse(await readFile(join(file("named"), "config.json"), "utf8"));
    expect(config.id2label).toEqual({ 0: "no", 1: "yes" });
  });
});

describe("the other tasks", () => {
  test("token-classification", async () => {
    const sentence = "the O\nfilm B-thing\nbook I-thing\nis O\n";
    await save("tags.conll", `${sentence}\nit O\nwas O\nperson B-who\n\n`.repeat(8));
    await save("held.conll", `${sentence}\nplace B-where\n`);
    const { code } = await train(
      ...(["token-classification", "tags", "--data", file("tags.conll"), "--eval", file("held.conll")] as const),
      ...["--epochs", "20"],
    );
    expect(code).toBe(0);
    // "B-where" is unknown to the model: a mistake, not an error.
    expect((await metricsOf("tags"))["evaluation"]).toMatchObject({ recall: 0.5 });
    using tag = await pipeline("token-classification", file("tags"));
    expect(await tag("the film book is", { aggregation_strategy: "first" })).toMatchObject([
      { entity_group: "thing", word: "film book" },
    ]);
  });

  test("question-answering", async () => {
    const context = "the film was good . the book was dull .";
    const qas = ["what was good ?", "what was dull ?"].map((question, i) => ({
      id: String(i),
      question,
      answers: [{ text: i === 0 ? "film" : "book", answer_start: context.indexOf(i === 0 ? "film" : "book") }],
    }));
    await save("squad.json", JSON.stringify({ data: [{ title: "t", paragraphs: Array(6).fill({ context, qas }) }] }));
    const { code } = await train(
      ...(["question-answering", "answers", "--data", file("squad.json"), "--eval", file("squad.json")] as const),
      ...["--max-length", "16", "--stride", "2", "--steps", "30", "--evaluate-every", "15"],
    );
    expect(code).toBe(0);
    expect((await metricsOf("answers"))["evaluation"]!["f1"]).toBeGreaterThan(20);
    using answer = await pipeline("question-answering", file("answers"));
    expect(await answer({ question: "what was good ?", context })).toHaveProperty("answer");
  });

  test("fill-mask", async () => {
    await save("plain.txt", "the film is very good . the book was bad .\n\n".repeat(30));
    const { code } = await train(
      ...(["fill-mask", "words", "--data", file("plain.txt"), "--eval-share", "0.2", "--mask-unit", "word"] as const),
      ...["--max-length", "16", "--epochs", "6"],
    );
    expect(code).toBe(0);
    expect((await metricsOf("words"))["evaluation"]!["perplexity"]).toBeLessThan(WORDS.length);
    using fill = await pipeline("fill-mask", file("words"));
    expect(await fill("the film is [MASK] good .")).toHaveLength(5);
  });

  test("multiple-choice", async () => {
    const lines = Array.from({ length: 16 }, (_, i) => ({
      prompt: "the film was",
      choices: i % 2 === 0 ? ["good", "bad"] : ["bad", "good"],
      label: i % 2,
    }));
    await save("choices.jsonl", lines);
    const { code } = await train(
      ...(["multiple-choice", "choices", "--data", file("choices.jsonl"), "--eval", file("choices.jsonl")] as const),
      ...["--epochs", "10", "--metric", "accuracy"],
    );
    expect(code).toBe(0);
    expect((await metricsOf("choices"))["evaluation"]!["accuracy"]).toBeGreaterThanOrEqual(0.5);
    using choose = await pipeline("multiple-choice", file("choices"));
    expect(await choose({ prompt: "the film was", choices: ["good", "bad"] })).toHaveProperty("choice");
  });
});

describe("a model that is saved in fewer bits", () => {
  test.each([
    ["text-classification", "texts.jsonl", "int8"],
    ["fill-mask", "plain.txt", "int8"],
    ["text-classification", "texts.jsonl", "bfloat16"],
  ] as const)("is measured as it is saved: %s of %s in %s", async (task, data, dtype) => {
    const output = `${task}-${dtype}`;
    const { code, stdout, stderr } = await train(
      ...([task, output, "--data", file(data), "--test", file(data), "--steps", "20", "--max-length", "24"] as const),
      // Products smaller than 64 stay in float32 in an int8 model.
      ...["--save-dtype", dtype, "--hidden-size", "64", "--embedding-size", "64", "--intermediate-size", "64"],
    );
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringContaining("testAsSaved: ") });
    const { test: before, testAsSaved: after } = await metricsOf(output);
    expect(after!["loss"]).not.toBe(before!["loss"]);
    expect(after!["loss"]! / before!["loss"]!).toBeCloseTo(1, 1);
    expect(await readFile(join(file(output), "README.md"), "utf8")).toContain(`| test (${dtype}) |`);
  });
});

describe("a run", () => {
  const events = (json: unknown[]) =>
    json as { type: string; step?: number; resumedFrom?: string; accuracy?: number }[];
  const args = (output: string) => [
    ...["train", "text-classification", "--vocab", file("vocab.txt"), "--output", file(output), ...TINY, "--json"],
    ...["--data", file("texts.jsonl"), "--eval", file("held.jsonl"), "--epochs", "4"],
  ];

  test("may have batches of as many tokens as fit", async () => {
    const budgeted = await convbert([
      ...["train", "text-classification", "--data", file("texts.jsonl"), "--vocab", file("vocab.txt"), "--json"],
      ...[...SHAPE.split(" "), "--threads", "1", "--token-budget", "25", "--epochs", "1", "--output", file("budget")],
    ]);
    const steps = events(budgeted.json).filter(({ type }) => type === "step") as unknown as { tokens: number }[];
    // 40 texts of 6 tokens: four fit.
    expect(steps.map(({ tokens }) => tokens)).toEqual(Array(10).fill(24));
  });

  test("tells its events to machines", async () => {
    const { json, code } = await convbert(args("events"));
    expect(code).toBe(0);
    const types = events(json).map(({ type }) => type);
    expect(types[0]).toBe("start");
    expect(types.filter((type) => type === "step")).toHaveLength(20);
    expect(types.filter((type) => type === "evaluation")).toHaveLength(4);
    expect(types.slice(-2)).toEqual(["end", "result"]);
  });

  test("that was interrupted says how it goes on, and does", async () => {
    const interruption = new AbortController();
    const stopped = convbert(args("again"), { signal: interruption.signal });
    const log = join(file("again"), "training-log.jsonl");
    while (!(await readFile(log, "utf8").catch(() => "")).includes('"step":3')) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    interruption.abort(new Error("interrupted"));
    const { code, stderr } = await stopped;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /stopped; step-000000\d\d is in .*checkpoints\nTo go on, give the same command with --resume/,
    );

    const refused = await convbert(args("again"));
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("go on with --resume, or begin anew with --overwrite");

    const changed = await convbert([...args("again"), "--resume", "--weight-decay", "0.1"]);
    expect(changed).toMatchObject({ code: 2 });
    expect(changed.stderr).toContain("weightDecay was 0.01 and is 0.1");

    // A mistake takes nothing away.
    expect(await convbert([...args("again"), "--overwrite", "--label-column", "x"])).toMatchObject({ code: 2 });

    const { json, code: ended } = await convbert([...args("again"), "--resume"]);
    expect(ended).toBe(0);
    expect(events(json)[0]!.resumedFrom).toMatch(/^step-/);
    const course = async (output: string) =>
      (await readFile(join(file(output), "training-log.jsonl"), "utf8"))
        .trimEnd()
        .split("\n")
        .map((line) => ({ ...JSON.parse(line), tokensPerSecond: 0, secondsLeft: 0, seconds: 0 }));
    expect(await course("again")).toEqual(await course("events"));
    const weights = (output: string) => readFile(join(file(output), "model.safetensors"));
    expect((await weights("again")).equals(await weights("events"))).toBe(true);

    const finished = await convbert(args("again"));
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining("has a finished run; give another") });
    // Nothing is left to do, and nothing is written again.
    await writeFile(join(file("again"), "README.md"), "mine");
    const repeated = await convbert([...args("again"), "--resume"]);
    expect(repeated).toMatchObject({ code: 0, json: [{ type: "result" }] });
    expect(await readFile(join(file("again"), "README.md"), "utf8")).toBe("mine");
    const anew = await convbert([...args("again"), "--overwrite"]);
    expect(anew).toMatchObject({ code: 0 });
    expect(events(anew.json)[0]!.resumedFrom).toBe(null);
  });

  test("can begin with another encoder's words, and shows its progress in a terminal", async () => {
    const { stderr, code } = await convbert(
      [
        ...["train", "text-classification", "--data", file("texts.jsonl"), "--steps", "3", "--threads", "1"],
        ...["--tokenizer", file("texts"), ...SHAPE.split(" "), "--embedding-size", "4", "--output", file("started")],
        ...["--init-embeddings", join(file("texts"), "model.safetensors"), "--lr", "1e-9"],
      ],
      { columns: 100 },
    );
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("without --eval") });
    expect(stderr).toMatch(/\d\/3 {2}loss \d\.\d{3} {2}rate [\d.e+-]+ {2}\d+ tok\/s {2}\d+s left/);
    using model = await ConvBertForSequenceClassification.fromPretrained(file("started"));
    const { data } = model.getInputEmbeddings();
    expect(Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)).toBeCloseTo(0.05, 3);
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(file("started"));
    expect(tokenizer.length).toBe(WORDS.length + 5);
  });
});

describe("bad use ends with one line and code 2", () => {
  test.each<[string[], RegExp]>([
    [["nothing"], /there is no task "nothing"; choose one of text-classification, token-classification/],
    [["fill-mask", "--multi-label"], /--multi-label is for text-classification, not for fill-mask/],
    [["text-classification", "--multi-label", "--regression"], /give --multi-label or --regression, not both/],
    [["text-classification", "--batch-size", "2", "--token-budget", "9"], /give --batch-size or --token-budget/],
    [["text-classification", "--model", "x", "--new"], /give --model or --new, not both/],
    [["text-classification", "--model", "x", "--layers", "2"], /--layers is for a new model; --model x has its own/],
    [["text-classification", "--model", "./nowhere"], /there is no folder \.\/nowhere/],
    [
      ["text-classification", "--format", "conll"],
      /text-classification does not read conll; choose one of jsonl, json, csv/,
    ],
    [
      ["text-classification", "--label-column", "kind"],
      /texts\.jsonl:1: there is no "kind"; the row has "text", "label"/,
    ],
    [
      ["text-classification", "--label-names", "a,b,c"],
      /--label-names is \["a","b","c"\]; give one for each of the labels negative, positive/,
    ],
    [["text-classification", "--max-length", "600"], /--max-length 600 is more than the model's 512/],
    [
      ["text-classification", "--freeze", "nothing.*", "--steps", "1"],
      /freeze is "nothing\.\*"; no parameter is named so/,
    ],
    [
      ["text-classification", "--metric", "bleu", "--eval-share", "0.5", "--steps", "1"],
      /the evaluation measures loss/,
    ],
    [["text-classification", "--eval-share", "2"], /Give a number above 0 and up to 1/],
    [["text-classification", "--vocab", "./nothing.txt"], /cannot read --vocab \.\/nothing\.txt/],
    [["text-classification", "--config", "./nothing.json"], /cannot read --config \.\/nothing\.json/],
    [["text-classification", "--kernel-size", "4"], /conv_kernel_size/],
    [
      ["text-classification", "--lr", "1e20", "--warmup", "0"],
      /of step \d+ is (NaN|-?Infinity); try a lower learning rate/,
    ],
  ])("%j", async ([task, ...rest], message) => {
    const output = file(`bad-${rest.join("")}`.replaceAll(/[^\w-]/g, "").slice(0, 60));
    const { code, stderr } = await convbert([
      ...["train", task!, "--data", file("texts.jsonl"), "--output", output, "--threads", "1", ...rest],
    ]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^convbert: /);
  });

  test("a file without a known ending", async () => {
    const { code, stderr } = await train("text-classification", "bad", "--data", file("vocab.dat"));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^convbert: .*vocab\.dat: what format is it\? Give --format, one of jsonl, json, csv/,
      ),
    });
  });
});
