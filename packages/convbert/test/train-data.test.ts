import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

/** The smallest model, one step: what is learned is not the matter here. */
const SHAPE = "--hidden-size 8 --embedding-size 8 --layers 1 --heads 2 --intermediate-size 8 --max-positions 32";
const ONE_STEP = `${SHAPE} --batch-size 4 --threads 1 --steps 1`.split(" ");

let folder = "";
let runs = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-train-data-"));
  await writeFile(
    join(folder, "vocab.txt"),
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngood\nbad\nfilm\nthe\neu\nrejects\ncall\n",
  );
});
afterAll(() => rm(folder, { recursive: true }));

/** Trains on a file of these contents; the labels of the model, or what went wrong. */
async function train(task: string, name: string, contents: string | Uint8Array, ...args: string[]) {
  const file = join(folder, name);
  const output = join(folder, `run-${runs++}`);
  await writeFile(file, contents);
  const { code, stderr } = await convbert([
    ...["train", task, "--data", file, "--test", file, "--vocab", join(folder, "vocab.txt"), "--output", output],
    ...[...ONE_STEP, ...args],
  ]);
  const config = code === 0 ? JSON.parse(await readFile(join(output, "config.json"), "utf8")) : undefined;
  const labels = config?.id2label && Object.values(config.id2label);
  return { code, labels, stderr: stderr.replaceAll(`${folder}/`, "") };
}

const lines = (...rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

test("how likely each class is, beside classes", async () => {
  const soft = lines({ text: "good film", label: { pos: 0.9, neg: 0.1 } }, { text: "bad film", label: "neg" });
  expect(await train("text-classification", "soft.jsonl", soft, "--class-weights", "balanced")).toMatchObject({
    code: 0,
    labels: ["neg", "pos"],
  });
  const columns = "text,label.pos,label.neg\ngood film,0.75,0.25\nbad film,0,1\n";
  expect((await train("text-classification", "soft.csv", columns)).labels).toEqual(["neg", "pos"]);
  const odd = lines({ text: "good", label: { pos: 0.9, neg: 0.3 } }, { text: "bad", label: "neg" });
  expect((await train("text-classification", "odd.jsonl", odd)).stderr).toMatch(
    /^convbert: odd\.jsonl:1: label is .*or how likely each is as \{"name": number\}, .* add up to 1\n$/m,
  );
  expect((await train("text-classification", "soft.jsonl", soft, "--multi-label")).code).toBe(2);
});

test("how likely each tag of a word is, beside tags", async () => {
  const tokens = ["the", "film"];
  const run = (...tags: unknown[]) =>
    train("token-classification", "soft.jsonl", lines({ tokens, tags: ["O", "B-X"] }, { tokens, tags }));
  expect(await run({ "B-X": 0.25, "B-Y": 0.5, O: 0.25 }, "O")).toMatchObject({ code: 0, labels: ["B-X", "B-Y", "O"] });
  expect((await run("O", { "B-X": 0.25, O: 0.25 })).stderr).toMatch(
    /^convbert: soft\.jsonl:2: tags is .*; it must be a tag, or how likely each is .* add up to 1 \(word 2\)\n$/m,
  );
  const weighted = lines({ tokens, tags: [{ "B-X": 0.25, O: 0.75 }, "B-X"] });
  const balanced = await train("token-classification", "soft.jsonl", weighted, "--class-weights", "balanced");
  expect(balanced).toMatchObject({ code: 0, labels: ["B-X", "O"] });
});

describe("lists of 0 and 1", () => {
  const data = lines({ text: "good film", label: [1, 0, 1] }, { text: "bad film", label: [0, 1, 0] });

  test("are labels by position, with names where some are given", async () => {
    expect(await train("text-classification", "hot.jsonl", data, "--multi-label")).toMatchObject({
      labels: ["0", "1", "2"],
    });
    const named = await train("text-classification", "hot.jsonl", data, "--multi-label", "--label-names", "a,b,c");
    expect(named.labels).toEqual(["a", "b", "c"]);
  });

  test.each([
    [data, [], /^convbert: the labels are lists of 0 and 1, so that a text may have several; give --multi-label\n$/m],
    [
      lines({ text: "good", label: [1, 0, 1] }, { text: "bad", label: [0, 1] }),
      ["--multi-label"],
      /^convbert: hot\.jsonl:1: the label \[1,0,1\] has a number twice; give the names or numbers of its labels/m,
    ],
    [
      lines({ text: "good", label: "a,b" }, { text: "bad", label: "b" }),
      ["--multi-label"],
      /^convbert: hot\.jsonl:1: the label is "a,b"; name what stands between labels \(--label-separator\)\n$/m,
    ],
  ])("are refused otherwise: %j %j", async (contents, args, message) => {
    const { code, stderr } = await train("text-classification", "hot.jsonl", contents, ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe("tags", () => {
  const data = lines(
    { tokens: ["EU", "rejects", "call"], ner_tags: [3, 0, -100] },
    { tokens: ["the", "film"], ner_tags: [0, 1] },
  );
  const names = ["O", "B-PER", "I-PER", "B-ORG"];
  const tagged = (...args: string[]) =>
    train("token-classification", "tags.jsonl", data, "--tags-column", "ner_tags", ...args);

  test("that are numbers have names by their places: given, or those of the data set", async () => {
    const unnamed = await tagged();
    expect(unnamed.labels).toEqual(["0", "1", "3"]);
    expect(unnamed.stderr).toMatch(/^warning: the tag "0" is of no scheme .* name the tags \(--label-names\)/m);
    const named = await tagged("--label-names", names.join(","), "--class-weights", "balanced");
    expect(named.labels).toEqual(names);
    expect(named.stderr).not.toMatch(/of no scheme/);
    const info = { features: { ner_tags: { feature: { names, _type: "ClassLabel" }, _type: "Sequence" } } };
    await writeFile(join(folder, "dataset_info.json"), JSON.stringify(info));
    try {
      expect((await tagged()).labels).toEqual(names);
      await writeFile(join(folder, "dataset_info.json"), "no JSON");
      expect((await tagged()).labels).toEqual(["0", "1", "3"]);
    } finally {
      await rm(join(folder, "dataset_info.json"));
    }
  });

  test("of no scheme are scored by word, which is said unless it was asked for", async () => {
    const contents = "EU OBJ\nrejects O\n\nfilm OBJ\n";
    const run = (...args: string[]) => train("token-classification", "objects.conll", contents, ...args);
    expect((await run()).stderr).toMatch(/^warning: the tag "OBJ" is of no scheme .* so every word counts alone/m);
    expect((await run("--score-by", "word")).stderr).not.toMatch(/of no scheme/);
  });
});

test("questions without an answer stop the run, unless it is said what becomes of them", async () => {
  const qas = [
    { id: "1", question: "good", answers: [{ text: "film", answer_start: 4 }], is_impossible: false },
    { id: "2", question: "bad", answers: [], is_impossible: true },
  ];
  const data = JSON.stringify({ data: [{ title: "t", paragraphs: [{ context: "the film", qas }] }] });
  const run = (...args: string[]) => train("question-answering", "squad.json", data, "--max-length", "16", ...args);
  expect(await run()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^convbert: 1 of the 2 training questions have no answer: give --allow-no-answer, as SQuAD 2\.0 wants it, or --skip-unanswered to leave them out\n$/m,
    ),
  });
  expect(await run("--allow-no-answer")).toMatchObject({ code: 0 });
  expect(await run("--skip-unanswered")).toMatchObject({ code: 0 });
  expect(await run("--skip-unanswered", "--allow-no-answer")).toMatchObject({ code: 2 });
});

describe("files as people have them", () => {
  const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(`\uFEFF${text}`, "utf16le"));
  const csv = "text,label\ngood,x\nbad,y\n";

  test.each<[string, string | Uint8Array, string[], unknown[]]>([
    ["a.csv", "sep=;\ntext;label;;\ngood;1.0;;\nbad;0.0;;\n", [], ["0", "1"]],
    ["a.csv", "text;label\ngood;x\nbad;y\n", ["--delimiter", ";"], ["x", "y"]],
    ["a.csv", "text\tlabel\ngood\tx\nbad\ty\n", ["--delimiter", "tab"], ["x", "y"]],
    ["a.tsv", "text|label\ngood|x\nbad|y\n", ["--delimiter", "|"], ["x", "y"]],
    ["a.csv", `# made today\n${csv}`, ["--comment", "#"], ["x", "y"]],
    ["a.csv", utf16(csv), ["--encoding", "UTF-16"], ["x", "y"]],
    ["a.csv", Buffer.from(csv.replace("good", "caf\xe9 \x93"), "latin1"), ["--encoding", "cp1252"], ["x", "y"]],
    ["a.json", '[{"text":"good","label":true},\n{"text":"bad","label":false}]', [], ["false", "true"]],
    ["a.json", '{"data":[{"text":"good","label":"x"},{"text":"bad","label":"y"}]}', [], ["x", "y"]],
    ["a.json", '{\n"rows":[{"text":"good","label":"x"},{"text":"bad","label":"y"}]}', [], ["x", "y"]],
    ["a.json", '{"text":"good","label":"x"}\n{"text":"bad","label":"y"}\n', [], ["x", "y"]],
    ["a.csv", "text,label\ngood,0 1 0\nbad,1 0 1\n", ["--multi-label"], ["0", "1", "2"]],
    ["a.csv", 'text,label\ngood,"[0, 1]"\nbad,"[1, 0]"\n', ["--multi-label", "--label-names", "a,b"], ["a", "b"]],
    ["a.csv", "text,label\ngood,['a' 'b']\nbad,['b']\n", ["--multi-label"], ["a", "b"]],
  ])("%s %j %j", async (name, contents, args, labels) => {
    expect(await train("text-classification", name, contents, ...args)).toMatchObject({ code: 0, labels });
  });

  test.each<[string, string, string[], unknown[]]>([
    ["t.csv", "tokens,tags\n\"['EU' 'rejects']\",[1 0]\n", ["--label-names", "O,B-ORG"], ["O", "B-ORG"]],
    [
      "t.csv",
      "Sentence #,Word,POS,Tag\n1,EU,NN,B-ORG\n,rejects,VB,O\n",
      ["--sentence-column", "Sentence #", "--words-column", "Word", "--tags-column", "Tag"],
      ["B-ORG", "O"],
    ],
    [
      "t.conllu",
      `# text = EU\n1\tEU\t_\tNOUN${"\t_".repeat(6)}\n2\trejects\t_\tVERB${"\t_".repeat(6)}\n`,
      [],
      ["NOUN", "VERB"],
    ],
    ["t.conll", "# id 1\nEU B-ORG\nrejects O\n", ["--comment", "# "], ["B-ORG", "O"]],
    ["t.conll", "EU,B-ORG\nrejects,O\n", ["--delimiter", ","], ["B-ORG", "O"]],
  ])("%s %j %j", async (name, contents, args, labels) => {
    expect(await train("token-classification", name, contents, ...args)).toMatchObject({ code: 0, labels });
  });

  test.each<[string, string, string | Uint8Array, string[], RegExp]>([
    [
      "text",
      "a.csv",
      "text;label\ngood;x\n",
      [],
      /^convbert: a\.csv:1: there is no column "text"; .*; ";" parts them: name it \(--delimiter\)$/m,
    ],
    [
      "text",
      "a.csv",
      "review,stars\ngood,1\n",
      [],
      /there is no column "text"; .*needs --columns\); name the column with --text-column$/m,
    ],
    [
      "text",
      "a.jsonl",
      '{"text":"a","labels":"x"}',
      [],
      /there is no "label"; the row has "text", "labels"; name the column with --label-column$/m,
    ],
    [
      "text",
      "a.jsonl",
      '{"text":null,"label":"x"}',
      [],
      /^convbert: a\.jsonl:1: "text" is null: fill it in, or leave the row out$/m,
    ],
    ["text", "a.csv", utf16(csv), [], /the file is UTF-16 text; give --encoding utf-16$/m],
    [
      "text",
      "a.csv",
      Buffer.from("text,label\ncaf\xe9,x\n", "latin1"),
      [],
      /not utf-8 text; give --encoding, such as windows-1252, or convert it$/m,
    ],
    ["text", "a.parquet", "PAR1\u0015", [], /the file is a Parquet file; write it as JSON Lines/],
    ["text", "a.dat", "PK\u0003\u0004", [], /is a zip archive, or a workbook of Excel; unpack it/],
    ["text", "a.csv", csv, ["--encoding", "cp437"], /Choose one of utf-8, latin-1, windows-1252, cp1252, utf-16/],
    ["text", "a.csv", csv, ["--delimiter", ""], /Give what stands between columns/],
    [
      "text",
      "a.json",
      `[${JSON.stringify({ text: "a" })}]`,
      ["--delimiter", ";"],
      /^convbert: --delimiter is for csv, tsv, conll, not for json$/m,
    ],
    [
      "text",
      "a.jsonl",
      `[${JSON.stringify({ text: "a" })}]`,
      [],
      /a file that is one list of objects has --format json$/m,
    ],
    ["text", "a.csv", csv, ["--sentence-column", "s"], /--sentence-column is for token-classification/],
    [
      "token",
      "t.csv",
      "Sentence #,Word,Tag\n1,EU,O\n",
      [],
      /for a word a row give --sentence-column, --words-column and --tags-column$/m,
    ],
    [
      "token",
      "t.conll",
      "# id 1\nEU O\n",
      [],
      /^convbert: t\.conll:1: "# id 1" may be a comment, or a word: .*\(--comment\)$/m,
    ],
    [
      "token",
      "t.conll",
      "1 EU O\n2 rejects O\n",
      [],
      /the first column counts the words; name the column of the words \(--words-column\)$/m,
    ],
    [
      "token",
      "t.jsonl",
      '{"tokens":["a"],"ner_tags":[0]}',
      [],
      /there is no "tags"; .*; name the column with --tags-column$/m,
    ],
  ])("%s %s %j %j is refused", async (task, name, contents, args, message) => {
    const { code, stderr } = await train(`${task}-classification`, name, contents, ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
