import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readLines } from "../src/cli/lines.js";
import { convbert } from "./terminal.js";

const tiny = (name: string): string => fileURLToPath(new URL(`../../pipelines/test/fixtures/${name}`, import.meta.url));
const bytes = (...values: (string | number)[]): Uint8Array =>
  Uint8Array.from(
    values.flatMap((value) => (typeof value === "number" ? [value] : [...new TextEncoder().encode(value)])),
  );

async function linesOf(pieces: readonly (Uint8Array | string)[]) {
  async function* stream() {
    yield* pieces;
  }
  const lines = [];
  for await (const { text, problem } of readLines(stream())) lines.push(problem === undefined ? text : "?");
  return lines;
}

describe("lines of a stream", () => {
  test.each([
    ["ends of both kinds", [bytes("a\r\nb\nc")], ["a", "b", "c"]],
    ["an end at the end", [bytes("a\n")], ["a"]],
    ["empty ones", [bytes("\n\na\n\n")], ["", "", "a", ""]],
    ["a byte order mark", [bytes(0xef, 0xbb, 0xbf, "a\n", 0xef, 0xbb, 0xbf, "b")], ["a", "\ufeffb"]],
    ["pieces within a character", [bytes("caf", 0xc3), bytes(0xa9, "\nb")], ["café", "b"]],
    ["pieces within an end", [bytes("a\r"), bytes("\nb")], ["a", "b"]],
    ["Latin-1", [bytes("caf", 0xe9, "\nb\n")], ["?", "b"]],
    ["a character that is cut off", [bytes("a\n", 0xe2, 0x82)], ["a", "?"]],
    ["surrogates", [bytes(0xed, 0xa0, 0x80, "\nb")], ["?", "b"]],
    ["overlong forms", [bytes(0xc0, 0xaf, "\nb")], ["?", "b"]],
    ["strings", ["a\nb", "c\n"], ["a", "bc"]],
    ["nothing", [], []],
  ] as const)("%s", async (_name, pieces, want) => {
    expect(await linesOf(pieces)).toEqual(want);
  });

  test("of UTF-16 are refused as a whole", async () => {
    for (const mark of [bytes(0xff, 0xfe), bytes(0xfe, 0xff)]) {
      await expect(linesOf([mark, bytes("a", 0, "\n", 0)])).rejects.toThrow(/UTF-16.*iconv/);
    }
    const { code, stdout, stderr } = await convbert(["run", "text-classification"], {
      stdin: [bytes(0xff, 0xfe, "W", 0)],
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^convbert: standard input is UTF-16; [^\n]*\n$/);
  });
});

describe("lines that cannot be answered have an error line of their own", () => {
  const stdin = [bytes("Where is it?\ncaf", 0xe9, "\n\n \nWho is it?\n")];

  test("for machines, every line", async () => {
    const { code, json, stderr } = await convbert(["run", "text-classification", "--json"], { stdin });
    expect(code).toBe(2);
    const empty = { error: "the line is empty" };
    expect(json).toEqual([
      { label: "LOC", score: expect.any(Number) },
      { error: expect.stringMatching(/not UTF-8/) },
      empty,
      empty,
      { label: "HUM", score: expect.any(Number) },
    ]);
    expect(stderr.match(/^convbert: line [234]: /gm)).toHaveLength(3);
  });

  test("for people, empty lines part paragraphs", async () => {
    const { code, stdout, stderr } = await convbert(["run", "text-classification"], { stdin });
    expect(code).toBe(2);
    expect(stdout.match(/^\S.*\?$/gm)).toEqual(["Where is it?", "Who is it?"]);
    expect(stderr).toMatch(/^convbert: line 2: the line is not UTF-8[^\n]*\n$/);
  });

  test("of other commands", async () => {
    const tokenized = await convbert(["tokenize", "--text"], { stdin });
    expect(tokenized.json.map((row) => Object.keys(row as object)[0])).toEqual([
      "input_ids",
      "error",
      "error",
      "error",
      "input_ids",
    ]);
    const demo = await convbert(["demo", "--json"], { stdin });
    expect(demo.code).toBe(2);
    expect(demo.json.map((row) => Object.keys(row as object)[0])).toEqual(["text", "error", "error", "error", "text"]);
  });

  test("an empty text as an argument", async () => {
    for (const text of ["", "  "]) {
      const { code, stdout, stderr } = await convbert(["run", "text-classification", text]);
      expect({ code, stdout, stderr }).toEqual({
        code: 2,
        stdout: "",
        stderr: "convbert: text 1: the text is empty\n",
      });
    }
  });
});

describe("texts that are too long are an error in every task, unless --truncate is given", () => {
  const long = "the old bridge ".repeat(60);
  test.each([
    ["text-classification", "multi-label", [long], []],
    ["token-classification", "entities", [long], []],
    ["token-classification", "entities", [long], ["--aggregation", "none"]],
    ["question-answering", "question-answering", [long, "in Paris"], []],
    ["fill-mask", "masked", [`[MASK] ${long}`], []],
    ["multiple-choice", "choices", [long, "a", "b"], []],
    ["feature-extraction", "base", [long], []],
    ["zero-shot-classification", "entailment", [long], ["--labels", "music,sport"]],
  ])("%s", async (task, model, texts, flags) => {
    const args = ["run", task, "--model", tiny(model), "--json", ...flags];
    const refused = await convbert([...args, ...texts]);
    expect(refused.code).toBe(2);
    expect(refused.json).toEqual([{ error: expect.stringMatching(/\d+ tokens.*give --truncate/) }]);
    const cut = await convbert([...args, "--truncate", ...texts]);
    expect({ code: cut.code, stderr: cut.stderr }).toEqual({ code: 0, stderr: "" });
    expect(cut.json).toHaveLength(1);
  });

  test("contexts and strides are read whole", async () => {
    const whole = await convbert([
      "run",
      "token-classification",
      "--model",
      tiny("entities"),
      "--json",
      "--stride",
      "8",
      "--ignore-labels",
      "-",
      long,
    ]);
    expect(whole.code).toBe(0);
    expect((whole.json[0] as { end: number }[]).at(-1)!.end).toBe(long.trimEnd().length);
    const context = await convbert([
      "run",
      "question-answering",
      "--model",
      tiny("question-answering"),
      "--json",
      "Who?",
      long,
    ]);
    expect(context.code).toBe(0);
  });

  test("windows of questions take the same flags", async () => {
    const ask = ["run", "question-answering", "--model", tiny("question-answering"), "Who?", long];
    const windows = await convbert([...ask, "--max-length", "16", "--stride", "4", "--max-answer-length", "1"]);
    expect({ code: windows.code, stderr: windows.stderr }).toEqual({ code: 0, stderr: "" });
    const tight = await convbert([...ask, "--max-length", "16", "--stride", "15"]);
    expect(tight.code).toBe(2);
    expect(tight.stderr).toMatch(/stride is 15; .* windows of 16 can overlap by \d+ at most/);
  });
});

describe("lines of JSON", () => {
  const classify = ["run", "text-classification", "--model", tiny("multi-label"), "--json", "--jsonl"];

  test("keep their text_pair without --pair", async () => {
    const line = JSON.stringify({ text: "a film", text_pair: "a book" });
    const [plain, pair] = [
      await convbert(classify, { stdin: line }),
      await convbert([...classify, "--pair"], { stdin: line }),
    ];
    expect(plain.json).toEqual(pair.json);
    expect(plain.json).not.toEqual((await convbert(classify, { stdin: '{"text": "a film"}' })).json);
    expect((await convbert(classify, { stdin: '{"text": "a film", "text_pair": null}' })).json).toEqual(
      (await convbert(classify, { stdin: '"a film"' })).json,
    );
    const fill = await convbert(["run", "fill-mask", "--model", tiny("masked"), "--json", "--jsonl"], {
      stdin: '{"text": "a [MASK]", "text_pair": "b"}',
    });
    expect(fill.json).toEqual([{ error: "text_pair is for text-classification, not for fill-mask" }]);
  });

  test("with a field that looks like one of those are errors; other fields of a data set are not read", async () => {
    const stdin = [
      '{"text": "a", "textPair": "b"}',
      '{"text": "a", "text-pair": "b"}',
      '{"Text": "a"}',
      '{"text": "a", "text_pair": 5}',
      '{"text": "a", "label": "x", "id": 3}',
    ].join("\n");
    const { json } = await convbert(classify, { stdin });
    expect(json.slice(0, 2)).toEqual([
      { error: 'there is no field "textPair"; did you mean text_pair?' },
      { error: 'there is no field "text-pair"; did you mean text_pair?' },
    ]);
    expect(json[2]).toEqual({ error: 'there is no field "Text"; did you mean text?' });
    expect(json[3]).toEqual({ error: expect.stringContaining("expected") });
    expect(json[4]).toMatchObject({ label: expect.any(String) });
    const question = await convbert(
      ["run", "question-answering", "--model", tiny("question-answering"), "--json", "--jsonl"],
      {
        stdin: '{"questions": "who?", "context": "b"}',
      },
    );
    expect(question.json).toEqual([{ error: 'there is no field "questions"; did you mean question?' }]);
  });
});

describe("words that stay whole", () => {
  const label = ["run", "ner", "--model", tiny("entities"), "--words", "--ignore-labels", "-"];

  test("as lines, arguments and lists", async () => {
    const words = ["Maria's", "house-boat"];
    const { json } = await convbert([...label, "--json", words.join("  ")]);
    const found = json[0] as { start: number; end: number }[];
    for (const { start, end } of found)
      expect(["Maria's", "house-boat", words.join(" ")]).toContain(words.join(" ").slice(start, end));
    expect((await convbert([...label, "--json"], { stdin: words.join(" ") })).json).toEqual(json);
    const lists = [
      JSON.stringify(words),
      JSON.stringify({ tokens: words, tags: [1, 2] }),
      JSON.stringify({ words }),
      '"text"',
      "[]",
    ];
    const listed = await convbert([...label, "--json", "--jsonl"], { stdin: lists.join("\n") });
    expect(listed.json.slice(0, 3)).toEqual([json[0], json[0], json[0]]);
    expect(listed.json[3]).toEqual({ error: expect.stringContaining("expected") });
    expect((await convbert([...label, words.join(" ")])).stdout).toMatch(/\[\w+ .*house-boat\]/);
  });

  test("of other tasks", async () => {
    for (const [task, model, text] of [
      ["text-classification", "multi-label", "the old film"],
      ["fill-mask", "masked", "the [MASK] film"],
      ["feature-extraction", "base", "the old film"],
    ] as const) {
      const args = ["run", task, "--model", tiny(model), text];
      expect((await convbert([...args, "--words"])).stdout).toBe((await convbert(args)).stdout);
    }
    expect((await convbert(["run", "question-answering", "--words", "x"])).stderr).toMatch(/--words is for/);
    expect((await convbert(["run", "text-classification", "--words", "--pair", "x", "y"])).stderr).toMatch(/not both/);
  });
});

describe("tokenize takes plain text", () => {
  test("as arguments", async () => {
    const want = (await convbert(["tokenize"], { stdin: '"naïve café"\n"\\"quoted\\""' })).json;
    expect((await convbert(["tokenize", "naïve café", '"quoted"'])).json).toEqual(want);
    const pair = (await convbert(["tokenize", "--pair"], { stdin: '["one", "two"]' })).json;
    expect((await convbert(["tokenize", "--pair", "one", "two"])).json).toEqual(pair);
    const odd = await convbert(["tokenize", "--pair", "one"]);
    expect(odd).toMatchObject({ code: 2, stdout: "", stderr: "convbert: --pair takes its texts in twos; got 1\n" });
  });

  test("as lines", async () => {
    const stdin = '"one"\n5\ntwo\tthree\n';
    const { code, json } = await convbert(["tokenize", "--text"], { stdin });
    expect(code).toBe(0);
    const want = [JSON.stringify('"one"'), '"5"', '"two\\tthree"'].join("\n");
    expect(json).toEqual((await convbert(["tokenize"], { stdin: want })).json);
    const pairs = await convbert(["tokenize", "--text", "--pair"], { stdin: "one\ttwo\nno tab\n" });
    expect(pairs.json[0]).toEqual((await convbert(["tokenize", "--pair", "one", "two"])).json[0]);
    expect(pairs.json[1]).toEqual({ error: "expected text<TAB>text; got no tab" });
    const words = await convbert(["tokenize", "--text", "--options", '{"is_split_into_words": true}'], {
      stdin: " one  two",
    });
    expect(words.json[0]).toMatchObject({ input_ids: [101, 2028, 2048, 102] });
  });

  test("and says so where a line is no JSON", async () => {
    expect((await convbert(["tokenize"], { stdin: "one two" })).json).toEqual([
      { error: expect.stringMatching(/^not JSON: .*; for plain text give --text$/) },
    ]);
  });
});
