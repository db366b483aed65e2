import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

/** Tiny models with a tokenizer for every task; see the fixtures of the pipelines. */
const tiny = (name: string): string => fileURLToPath(new URL(`../../pipelines/test/fixtures/${name}`, import.meta.url));
const recorded = ["cases.json", "cases-4.57.json"].flatMap(
  (name) => (JSON.parse(readFileSync(tiny(name), "utf8")) as { cases: Case[] }).cases,
);

interface Case {
  readonly task: string;
  readonly model: string;
  readonly input: unknown;
  readonly options: Record<string, unknown>;
  readonly expected: unknown;
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-run-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Numbers rounded, so that what the reference recorded and what was computed can be compared as text. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, item) => (typeof item === "number" ? Number(item.toFixed(4)) : item)));
}

function recordedAnswer(task: string, input: unknown, options: Record<string, unknown> = {}): unknown {
  const found = recorded.find(
    (item) =>
      item.task === task &&
      JSON.stringify(item.input) === JSON.stringify(input) &&
      JSON.stringify(item.options) === JSON.stringify(options),
  );
  if (found === undefined) throw new Error(`the fixtures have no ${task} of ${JSON.stringify(input)}`);
  return rounded(found.expected);
}

describe("with our models", () => {
  test("questions are labelled with bars", async () => {
    const { code, stdout, stderr } = await convbert(["run", "text-classification", "Who wrote the opera Carmen?"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Who wrote the opera Carmen\?\n {2}HUM {3}█{34,40}.? +\d\d\.\d%/);
    expect(stdout.trimEnd().split("\n")).toHaveLength(7);
  });

  test("phrases are put in brackets", async () => {
    const { stdout } = await convbert(["run", "token-classification", "The quick brown fox jumps over the lazy dog ."]);
    expect(stdout).toBe("  [NP The quick brown fox] [VP jumps] [PP over] [NP the lazy dog] .\n");
  });

  test("every line of standard input is answered, in order", async () => {
    const texts = ["Who wrote the opera Carmen?", "Where is the Eiffel Tower?", "What does NASA stand for?"];
    const { json, code } = await convbert(["run", "text-classification", "--json"], {
      stdin: `\ufeff${texts.join("\r\n")}\n`,
    });
    expect(code).toBe(0);
    expect(json.map((answer) => (answer as { label: string }).label)).toEqual(["HUM", "LOC", "ABBR"]);
  });

  test("lines that arrive in pieces stay whole, within a character too", async () => {
    const bytes = new TextEncoder().encode("Où est le café?\nWhere is it?");
    const { json } = await convbert(["run", "token-classification", "--json", "--ignore-labels", "-"], {
      stdin: Array.from(bytes, (byte) => Uint8Array.of(byte)),
    });
    expect(json).toHaveLength(2);
    expect((json[0] as { word: string }[]).map(({ word }) => word).join(" ")).toContain("cafe");
  });

  test("machines get a result for every line, people skip empty ones", async () => {
    const stdin = "Where is it?\n\nWho is it?\n";
    expect((await convbert(["run", "text-classification", "--json"], { stdin })).json).toHaveLength(3);
    expect((await convbert(["run", "text-classification"], { stdin })).stdout.match(/^\S.*\?$/gm)).toHaveLength(2);
    const empty = await convbert(["run", "text-classification", "--json"], { stdin: "" });
    expect(empty).toMatchObject({ code: 0, stdout: "", stderr: "convbert: nothing on standard input\n" });
    // For people empty lines part paragraphs, so that nothing but them is nothing; for machines each line has its result.
    const blank = await convbert(["run", "text-classification"], { stdin: "\n\n" });
    expect(blank).toMatchObject({ code: 0, stdout: "", stderr: "convbert: nothing on standard input\n" });
  });

  test("colours only where the output is a terminal, and nobody refuses them", async () => {
    const args = ["run", "token-classification", "The dog barks ."];
    const start = "\u001b[";
    expect((await convbert(args)).stdout).not.toContain(start);
    expect((await convbert(args, { columns: 80 })).stdout).toContain(start);
    expect((await convbert(args, { columns: 80, env: { NO_COLOR: "1" } })).stdout).not.toContain(start);
    expect((await convbert([...args, "--no-color"], { columns: 80 })).stdout).not.toContain(start);
    expect((await convbert(["--no-color", ...args], { columns: 80 })).stdout).not.toContain(start);
    expect((await convbert(args, { env: { FORCE_COLOR: "1" } })).stdout).toContain(start);
  });

  test("lines fit a narrow terminal", async () => {
    const text = "The old fisherman from the small village sold his boat to a rich merchant yesterday .";
    const env = { NO_COLOR: "1" };
    for (const task of ["token-classification", "text-classification"]) {
      const { stdout } = await convbert(["run", task, text], { columns: 30, env });
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
    }
  });
});

describe("every task gives what the pipeline gives", () => {
  const film = "The film is good.";
  const texts = (recorded.find(({ task }) => task === "text-classification")!.input as string) ?? film;

  test("text-classification", async () => {
    const run = (...args: string[]) =>
      convbert(["run", "text-classification", "--model", tiny("multi-label"), ...args]);
    expect(rounded([(await run("--json", texts)).json[0]])).toEqual(recordedAnswer("text-classification", texts));
    const pair = {
      text: "Anna lives in New York, and works on the old bridge!",
      text_pair: "a dull book about Zürich",
    };
    const want = recordedAnswer("text-classification", pair, { top_k: null });
    const flags = ["--json", "--top-k", "all", "--pair"];
    expect(rounded((await run(...flags, pair.text, pair.text_pair)).json[0])).toEqual(want);
    const model = ["run", "text-classification", "--model", tiny("multi-label"), ...flags];
    const lines = [
      `${pair.text}\t${pair.text_pair}`,
      JSON.stringify(pair),
      JSON.stringify([pair.text, pair.text_pair]),
    ];
    expect(rounded((await convbert(model, { stdin: lines[0]! })).json[0])).toEqual(want);
    const { json } = await convbert([...model, "--jsonl"], { stdin: lines.slice(1).join("\n") });
    expect(rounded(json)).toEqual([want, want]);
    expect((await run("--pair", "x", "y")).stdout).toMatch(/^x \/ y\n/);
  });

  test("token-classification", async () => {
    const text = "Anna lives in New York, and works on the old bridge!";
    const args = ["run", "token-classification", "--model", tiny("entities"), text];
    const { json } = await convbert([...args, "--json", "--aggregation", "none"]);
    expect(rounded(json[0])).toEqual(recordedAnswer("token-classification", text));
    const { stdout } = await convbert([...args, "--aggregation", "none"]);
    expect(stdout).toMatch(/^Anna lives.*\n {2}anna +B-PER +94\.9%/);
  });

  test("question-answering", async () => {
    const input = {
      question: "Who wrote the book?",
      context: "Anna lives in Paris and works in the old museum on the river.",
    };
    const [want] = recordedAnswer("question-answering", input) as unknown[];
    const args = ["run", "question-answering", "--json", "--model", tiny("question-answering")];
    const file = join(folder, "context.txt");
    await writeFile(file, input.context);
    const runs = [
      convbert([...args, input.question, input.context]),
      convbert([...args, "--context", input.context, input.question]),
      convbert([...args, "--context-file", file], { stdin: input.question }),
      convbert(args, { stdin: `${input.question}\t${input.context}\n` }),
      convbert([...args, "--jsonl"], { stdin: JSON.stringify(input) }),
      convbert([...args, "--jsonl", "--context", input.context], { stdin: JSON.stringify(input.question) }),
    ];
    for (const { json, stderr } of await Promise.all(runs)) {
      expect(stderr).toBe("");
      expect(rounded(json)).toEqual([want]);
    }
    const best = recordedAnswer("question-answering", input, { top_k: 5 }) as { answer: string }[];
    const several = await convbert([...args, "--top-k", "5", input.question, input.context]);
    expect(rounded(several.json[0])).toEqual(best);
    const readable = await convbert([
      "run",
      "question-answering",
      "--model",
      tiny("question-answering"),
      "Who?",
      "Anna and John",
    ]);
    expect(readable.stdout).toMatch(/^Who\?\n +\d+\.\d% {2}\S/);
  });

  test("fill-mask", async () => {
    const args = ["run", "fill-mask", "--model", tiny("masked"), "The [MASK] is good."];
    const { json } = await convbert([...args, "--json", "--targets", "river, city,queen", "--top-k", "3"]);
    const options = { targets: ["river", "city", "queen"], top_k: 3 };
    expect(rounded(json[0])).toEqual(recordedAnswer("fill-mask", "The [MASK] is good.", options));
    expect((await convbert(args)).stdout.split("\n")[1]).toContain("[MASK]");
    const warned = await convbert([...args, "--targets", "riverside"]);
    expect(warned.stderr).toContain('warning: the target "riverside" is not in the vocabulary');
    expect((await convbert([...args.slice(0, -1), "[MASK] a [MASK]"])).stdout).toContain("mask 2");
  });

  test("multiple-choice", async () => {
    const input = { prompt: "The man broke the door.", choices: ["It was old.", "The queen likes music and food."] };
    const args = ["run", "multiple-choice", "--model", tiny("choices")];
    const want = recordedAnswer("multiple-choice", input);
    const inOne = [input.prompt, ...input.choices];
    expect(rounded((await convbert([...args, "--json", ...inOne])).json)).toEqual([want]);
    expect(rounded((await convbert([...args, "--json"], { stdin: inOne.join("\t") })).json)).toEqual([want]);
    const stdin = `${JSON.stringify(input)}\n${JSON.stringify(inOne)}`;
    expect(rounded((await convbert([...args, "--json", "--jsonl"], { stdin })).json)).toEqual([want, want]);
    expect((await convbert([...args, ...inOne])).stdout).toContain("› ");
  });

  test("feature-extraction", async () => {
    const args = ["run", "feature-extraction", "--model", tiny("base"), film];
    for (const pooling of ["none", "mean", "cls"]) {
      const { json } = await convbert([...args, "--json", "--pooling", pooling, "--normalize"]);
      expect(rounded(json[0])).toEqual(recordedAnswer("feature-extraction", film, { pooling, normalize: true }));
    }
    expect((await convbert(args)).stdout).toContain("[7, 16]");
  });

  test("sentence-similarity", async () => {
    const args = ["run", "sentence-similarity", "--model", tiny("base")];
    const inOne = ["a film", "the queen of the north", "a film"];
    const { json } = await convbert([...args, "--json", ...inOne]);
    const [found] = json as [{ score: number; index: number; sentence: string }[]];
    expect(found[0]).toEqual({ score: expect.closeTo(1, 5), index: 1, sentence: "a film" });
    expect(found).toHaveLength(2);
    const stdin = `${JSON.stringify(inOne)}\n${JSON.stringify({ source_sentence: inOne[0], sentences: inOne.slice(1) })}`;
    expect((await convbert([...args, "--json", "--jsonl"], { stdin })).json).toEqual([found, found]);
    expect((await convbert([...args, "--json", "--top-k", "1"], { stdin: inOne.join("\t") })).json).toEqual([
      found.slice(0, 1),
    ]);
    expect((await convbert([...args, ...inOne])).stdout).toMatch(/^a film\n {3}1\.000 a film\n/);
    expect((await convbert([...args, "alone"])).stderr).toContain("others to compare it with");
  });

  test("zero-shot-classification", async () => {
    const text = "Anna lives in New York, and works on the old bridge!";
    const args = [
      "run",
      "zero-shot-classification",
      "--model",
      tiny("entailment"),
      "--labels",
      "music,sport, war and peace",
    ];
    const { json } = await convbert([...args, "--json", text]);
    const options = { candidate_labels: ["music", "sport", "war and peace"] };
    expect(rounded(json[0])).toEqual(recordedAnswer("zero-shot-classification", text, options));
    expect((await convbert([...args, text])).stdout).toContain("war and peace  ███");
  });
});

test.each([
  ["text-classification", "entailment", "The film is good.\t it was fine", ["--pair"]],
  ["token-classification", "entities", "Anna Smith lives in Paris", ["--aggregation", "simple"]],
  ["question-answering", "question-answering", "Who?\tAnna Smith and John", ["--top-k", "2"]],
  ["fill-mask", "masked", "the old [MASK] is here", []],
  ["multiple-choice", "choices", "The man laughed\the was glad\tit rained", []],
  ["feature-extraction", "masked", "the old bridge", ["--pooling", "mean"]],
  ["zero-shot-classification", "entailment", "a fine goal", ["--labels", "music,sport"]],
])("%s: a line among many is answered as it is alone, bit for bit", async (task, model, line, options) => {
  const args = ["run", task, "--model", tiny(model), "--json", ...options];
  const lines = Array.from({ length: 12 }, (_, i) => line + " the old bridge is here".repeat(i % 5));
  lines.splice(5, 0, "the old bridge ".repeat(400));
  const together = await convbert(args, { stdin: `${lines.join("\n")}\n` });
  expect(together.json).toHaveLength(13);
  const alone = [];
  for (const stdin of lines) alone.push(...(await convbert(args, { stdin })).json);
  expect(together.json).toEqual(alone);
  expect(Object.keys(together.json[6] as object)).not.toContain("error");
});

describe("inputs that cannot be answered", () => {
  test("do not stop the others", async () => {
    const args = ["run", "question-answering", "--model", tiny("question-answering")];
    const stdin = "Who?\tAnna and John.\nno tab\nWhere?\tIn Paris.\n";
    const readable = await convbert(args, { stdin });
    expect(readable.code).toBe(2);
    expect(readable.stderr).toMatch(/^convbert: line 2: expected question<TAB>context[^\n]*\n$/);
    const machine = await convbert([...args, "--json"], { stdin });
    expect(machine.code).toBe(2);
    expect(machine.json).toHaveLength(3);
    expect(machine.json[1]).toEqual({ error: expect.stringContaining("got no tab") });
  });

  test("are named: too long, without a mask, not JSON", async () => {
    const long = "the old bridge ".repeat(60);
    const cases: [string[], string, RegExp][] = [
      [["text-classification", "--model", tiny("multi-label")], long, /text 1: the text has 182 tokens/],
      [["fill-mask", "--model", tiny("masked")], "no mask", /text 1: the text has no \[MASK\] to fill/],
    ];
    for (const [args, text, message] of cases) {
      const { code, stdout, stderr } = await convbert(["run", ...args, text]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr.trimEnd()).not.toContain("\n");
    }
    const cut = await convbert(["run", "text-classification", "--model", tiny("multi-label"), "--truncate", long]);
    expect(cut.code).toBe(0);
    const broken = await convbert(["run", "text-classification", "--jsonl", "--json"], { stdin: '{"x"\n5\n"Who?"' });
    expect(broken.json).toEqual([
      { error: expect.stringContaining("not JSON") },
      { error: expect.stringContaining('expected "text"') },
      { label: "HUM", score: expect.any(Number) },
    ]);
  });
});

describe("wrong use is one line on standard error and exit code 2", () => {
  const long = "x".repeat(3);
  const wrong: [string, string[], RegExp][] = [
    [
      "an unknown command",
      ["rnu"],
      /there is no command "rnu"; choose one of run, embed, search, train, tokenize, verify, inspect, models, convert, bench, demo/,
    ],
    ["an unknown task", ["run", "translation", "x"], /there is no task "translation"; choose one of text-class/],
    ["an unknown option", ["run", "text-classification", "--modle", "x"], /unknown option '--modle'.*--model/],
    ["a missing task", ["run"], /missing required argument 'task'/],
    [
      "no model for a task",
      ["run", "multiple-choice", "x", "y", "z"],
      /no model of ours does multiple-choice; name one that was trained for it with --model/,
    ],
    ["no labels", ["run", "zero-shot-classification", "--model", "x", "y"], /needs --labels/],
    ["no input at all", ["run", "text-classification"], /no input; give a text as an argument, or lines/],
    [
      "an option of another task",
      ["run", "fill-mask", "--pair", "x"],
      /--pair is for text-classification, not for fill-mask/,
    ],
    ["a bad number", ["run", "text-classification", "--top-k", "0", "x"], /--top-k.*whole number of at least 1/],
    [
      "a bad choice",
      ["run", "text-classification", "--function", "relu", "x"],
      /Allowed choices are softmax, sigmoid, none/,
    ],
    ["a missing folder", ["run", "text-classification", "--model", "./nowhere", "x"], /nowhere/],
    ["an odd number of texts", ["run", "text-classification", "--pair", "x"], /--pair takes its texts in twos; got 1/],
    ["a prompt without choices", ["run", "multiple-choice", "--model", tiny("choices"), "x"], /at least two choices/],
    [
      "a template with two places",
      ["run", "zero-shot-classification", "--labels", "a", "--template", "{} {}", "x"],
      /--template needs \{\} once/,
    ],
    [
      "a context that is no text",
      ["run", "question-answering", "--context-file", tiny("base/model.safetensors"), "x"],
      /base\/model\.safetensors is not UTF-8 text; convert it first/,
    ],
    ["a missing context file", ["run", "question-answering", "--context-file", "nowhere.txt", long], /no such file/],
    ["a stride without room", ["run", "token-classification", "--stride", "600", "x"], /stride is 600; windows of 256/],
  ];

  test.each(wrong)("%s", async (_what, args, message) => {
    const { code, stdout, stderr } = await convbert(args);
    expect(stderr).toMatch(message);
    expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 2, stdout: "", lines: 1 });
  });

  test("a damaged model", async () => {
    const from = tiny("base");
    for (const name of ["vocab.txt", "tokenizer_config.json", "config.json"]) {
      await writeFile(join(folder, name), readFileSync(join(from, name)));
    }
    const weights = readFileSync(join(from, "model.safetensors"));
    const run = () => convbert(["run", "feature-extraction", "--model", folder, "x"]);
    await writeFile(join(folder, "model.safetensors"), weights.subarray(0, weights.length / 2));
    expect(await run()).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^convbert: [^\n]+\n$/) });
    await writeFile(join(folder, "model.safetensors"), weights);
    await writeFile(join(folder, "config.json"), '{"hidden_size": "many"}');
    expect(await run()).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^convbert: [^\n]*hidden_size[^\n]*\n$/),
    });
    await writeFile(join(folder, "config.json"), "{");
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^convbert: [^\n]*JSON[^\n]*\n$/) });
  });
});

test("help and version", async () => {
  for (const args of [[], ["--help"], ["run", "--help"], ["verify", "-h"]]) {
    const { code, stdout, stderr } = await convbert(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Usage: convbert");
  }
  expect((await convbert(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("help fits narrow terminals, every word of it", async () => {
  const commands = ["run", "train", "tokenize", "verify", "inspect", "convert", "bench", "demo"];
  for (const args of [["--help"], ...commands.map((name) => [name, "--help"])]) {
    const wide = (await convbert(args, { columns: 200 })).stdout;
    for (const columns of [40, 60, 80]) {
      const { stdout } = await convbert(args, { columns });
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(columns);
      // Hard breaks within a word are the exception, for what is longer than a line.
      if (columns >= 60) expect(stdout.split(/\s+/)).toEqual(wide.split(/\s+/));
    }
  }
});

test("inspect fits a terminal: notes of the tree are cut, values are folded", async () => {
  const { stdout } = await convbert(["inspect", "chunking"], { columns: 60, env: { NO_COLOR: "1" } });
  for (const line of stdout.split("\n").slice(1)) expect(line.length).toBeLessThanOrEqual(60);
  expect(stdout).toContain("word_embeddings");
});

test("Ctrl-C ends a run with one line", async () => {
  const controller = new AbortController();
  controller.abort(new Error("interrupted"));
  const result = await convbert(["run", "text-classification", "x"], { signal: controller.signal });
  expect(result).toMatchObject({ code: 130, stdout: "", stderr: "convbert: interrupted\n" });
});
