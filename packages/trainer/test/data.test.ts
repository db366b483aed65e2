import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  choiceFields,
  conll,
  csv,
  DataError,
  type DataFormat,
  type DataSource,
  jsonLines,
  labelledLines,
  openDataset,
  plainFields,
  plainText,
  questionFields,
  readExamples,
  squad,
  textFields,
  tokenFields,
  tsv,
} from "../src/index.js";
import { locationOf } from "../src/internal.js";
import { copa, rte } from "../src/xml.js";

const named = (data: string | Uint8Array): DataSource => ({ name: "set.txt", data });

async function read<T extends object>(data: string | Uint8Array, format: DataFormat<T>): Promise<T[]> {
  const examples: T[] = [];
  for await (const example of readExamples(named(data), format)) examples.push(example);
  return examples;
}

async function rejection(data: string | Uint8Array | DataSource, format: DataFormat<object>): Promise<DataError> {
  const source = typeof data === "string" || data instanceof Uint8Array ? named(data) : data;
  const error = await openDataset(source, format).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

const label = textFields();

describe("JSON Lines", () => {
  test("texts, pairs, several labels and numbers", async () => {
    expect(await read('{"text":"a","label":"x"}\n\n{"text":"b","label":2}', jsonLines(label))).toEqual([
      { text: "a", label: "x" },
      { text: "b", label: 2 },
    ]);
    const pairs = jsonLines(textFields({ textColumn: "s1", pairColumn: "s2", labelColumn: "y", labelType: "number" }));
    expect(await read('{"s1":"a","s2":"b","y":3.5}\r\n', pairs)).toEqual([{ text: "a", text_pair: "b", label: 3.5 }]);
    expect(await read('{"text":"a","label":["x","y"]}', jsonLines(label))).toEqual([{ text: "a", label: ["x", "y"] }]);
    expect(await read('{"text":"a"}', jsonLines(textFields({ labelColumn: null })))).toEqual([{ text: "a" }]);
  });

  test("tokens, choices, questions and plain texts", async () => {
    expect(await read('{"tokens":["a","b"],"tags":["O","B-X"]}', jsonLines(tokenFields()))).toEqual([
      { words: ["a", "b"], tags: ["O", "B-X"] },
    ]);
    expect(await read('{"prompt":"p","choices":["a","b"],"label":1}', jsonLines(choiceFields()))).toEqual([
      { prompt: "p", choices: ["a", "b"], label: 1 },
    ]);
    const row = '{"id":"7","question":"q","context":"😀 yes","answers":{"text":["yes"],"answer_start":[2]}}';
    expect(await read(row, jsonLines(questionFields()))).toEqual([
      { id: "7", question: "q", context: "😀 yes", answers: [{ text: "yes", answerStart: 2 }] },
    ]);
    expect(await read('{"text":"a"}', jsonLines(plainFields()))).toEqual([{ text: "a" }]);
  });

  test.each([
    ['{"text":"a","label":"x"}\n{"text":', "invalid-syntax", 2, undefined],
    ["[1]", "invalid-syntax", 1, undefined],
    ["null", "invalid-syntax", 1, undefined],
    ['{"text":"a"}', "missing-field", 1, "label"],
    ['{"text":5,"label":"x"}', "invalid-value", 1, "text"],
    ['\n\n{"text":"a","label":{}}', "invalid-value", 3, "label"],
    ['{"text":"a","label":1.5}', "invalid-value", 1, "label"],
    ['{"__proto__":{"text":"a","label":"x"}}', "missing-field", 1, "text"],
  ])("%j is %s at line %s", async (data, code, line, field) => {
    const error = await rejection(data, jsonLines(label));
    expect(error).toMatchObject({ code, line, field, file: "set.txt" });
    expect(error.message.startsWith(`set.txt:${line}: `)).toBe(true);
  });

  test("tags and words must be as many, an answer must stand where it says", async () => {
    const tokens = await rejection('{"tokens":["a","b"],"tags":["O"]}', jsonLines(tokenFields()));
    expect(tokens).toMatchObject({ code: "invalid-value", field: "tags" });
    const row = '{"question":"q","context":"yes","answers":{"text":["no"],"answer_start":[0]}}';
    expect(await rejection(row, jsonLines(questionFields()))).toMatchObject({
      code: "invalid-value",
      field: "answers",
    });
    const choice = '{"prompt":"p","choices":["a","b"],"label":2}';
    expect(await rejection(choice, jsonLines(choiceFields()))).toMatchObject({ code: "invalid-value", field: "label" });
  });
});

describe("CSV and TSV", () => {
  test("quotes, doubled quotes, line breaks and empty lines", async () => {
    const data = 'label,text\r\nx,"one, two"\r\n\r\ny,"he said ""no""\r\nand left"\r\nz,5" nail\r\n';
    const examples = await read(data, csv(label));
    expect(examples).toEqual([
      { text: "one, two", label: "x" },
      { text: 'he said "no"\nand left', label: "y" },
      { text: '5" nail', label: "z" },
    ]);
    expect(examples.map((example) => locationOf(example)?.line)).toEqual([2, 4, 6]);
  });

  test("TSV takes quotes as text; columns can be named", async () => {
    const format = tsv(textFields({ labelType: "number" }), { columns: ["text", "label"] });
    expect(await read('"a film\t1\nb\t-2.5e1\n', format)).toEqual([
      { text: '"a film', label: 1 },
      { text: "b", label: -25 },
    ]);
  });

  test("several labels: in one cell, or a column each", async () => {
    expect(await read("text,label\na,x|y\nb,\n", csv(textFields({ labelSeparator: "|" })))).toEqual([
      { text: "a", label: ["x", "y"] },
      { text: "b", label: [] },
    ]);
    expect(await read("text,x,y\na,0,1\nb,True,false\n", csv(textFields({ labelColumns: ["x", "y"] })))).toEqual([
      { text: "a", label: ["y"] },
      { text: "b", label: ["x"] },
    ]);
  });

  test("choices, a column each, counted from 1", async () => {
    const format = csv(choiceFields({ choiceColumns: ["a", "b"], firstLabel: 1 }));
    expect(await read("prompt,a,b,label\np,one,two,2\n", format)).toEqual([
      { prompt: "p", choices: ["one", "two"], label: 1 },
    ]);
  });

  test.each([
    ["text,label\na\n", "invalid-syntax", 2],
    ["text,label\na,b,c\n", "invalid-syntax", 2],
    ['text,label\nx,y\n"open,b\nmore\n', "invalid-syntax", 3],
    ['text,label\n"a"b,c\n', "invalid-syntax", 2],
    ["text,text\na,b\n", "invalid-syntax", 1],
    ["words,label\na,b\n", "missing-field", 1],
    ["text,label\na,\n", "invalid-value", 2],
  ])("%j is %s at line %s", async (data, code, line) => {
    expect(await rejection(data, csv(label))).toMatchObject({ code, line });
  });

  test("an open quote does not swallow a large file", async () => {
    const data = `text,label\na,b\n"open,c\n${"some more text here,x\n".repeat(900_000)}`;
    expect(await rejection(data, csv(label))).toMatchObject({ code: "too-large", line: 3 });
  });
});

describe("CoNLL", () => {
  test("columns, comments, document marks and a last sentence without an empty line", async () => {
    const data = "-DOCSTART- O\n\n# id 1\nU.N. NNP B-ORG\nmet VBD O\n\n\n \n# a\n# b\nhere RB O";
    expect(await read(data, conll({ comment: "# " }))).toEqual([
      { words: ["U.N.", "met"], tags: ["B-ORG", "O"] },
      { words: ["here"], tags: ["O"] },
    ]);
    expect(await read("a X 1\nb Y 2\n", conll({ tagColumn: 1 }))).toEqual([{ words: ["a", "b"], tags: ["X", "Y"] }]);
    expect(await read("New York\tB-LOC\n", conll({ separator: "tab" }))).toEqual([
      { words: ["New York"], tags: ["B-LOC"] },
    ]);
    expect(await read("a\nb\n", conll({ tagColumn: null }))).toEqual([{ words: ["a", "b"] }]);
  });

  test("a word without a tag is named with its own line", async () => {
    expect(await rejection("a O\n\nb O\nc\n", conll())).toMatchObject({ code: "missing-field", line: 4, field: "tag" });
    expect(await rejection("a O\n", conll({ tagColumn: 5 }))).toMatchObject({ code: "missing-field", line: 1 });
    expect(await rejection("a\t\n", conll({ separator: "tab" }))).toMatchObject({ code: "missing-field", line: 1 });
  });
});

describe("plain text", () => {
  const book =
    "\uFEFFTitle\r\n\r\n*** START OF THIS PROJECT GUTENBERG EBOOK X ***\r\n\r\none\r\n  two\r\n\r\nthree\r\n\r\n*** END OF THIS PROJECT GUTENBERG EBOOK X ***\r\nlicence";

  test("paragraphs, lines, and a book without its header and footer", async () => {
    expect(await read("a\nb\n\n\nc", plainText())).toEqual([{ text: "a b" }, { text: "c" }]);
    expect(await read("a\nb\n\n\nc", plainText({ unit: "line" }))).toEqual([
      { text: "a" },
      { text: "b" },
      { text: "c" },
    ]);
    expect(await read(book, plainText({ stripGutenberg: true }))).toEqual([{ text: "one two" }, { text: "three" }]);
    expect((await read(book, plainText()))[0]).toEqual({ text: "Title" });
  });

  test("text without a book's marks stays whole", async () => {
    const lines = Array.from({ length: 2500 }, (_, i) => `line ${i}`);
    const examples = await read(lines.join("\n"), plainText({ unit: "line", stripGutenberg: true }));
    expect(examples.map(({ text }) => text)).toEqual(lines);
  });

  test("labelled lines, also in latin-1", async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode("HUM:ind Who "), 0xe9, 0x85, 10]);
    const format = labelledLines({ encoding: "latin-1", labels: "coarse" });
    expect(await read(bytes, format)).toEqual([{ text: "Who \u00e9\u0085".trim(), label: "HUM" }]);
    expect(await rejection("nolabel\n", labelledLines())).toMatchObject({ code: "invalid-syntax", line: 1 });
  });

  test("bytes that are no text are named with their line", async () => {
    const bytes = new Uint8Array([97, 10, 98, 0xff, 10]);
    expect(await rejection(bytes, plainText())).toMatchObject({ code: "invalid-encoding", line: 2 });
    const utf16 = new Uint8Array([0xff, 0xfe, 97, 0]);
    expect((await rejection(utf16, plainText())).message).toContain("UTF-16");
  });

  test("characters and lines across the pieces of a stream", async () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `${"é😀".repeat(i % 7)} ${i}`);
    const examples = await read(lines.join("\r\n"), plainText({ unit: "line" }));
    expect(examples.map(({ text }) => text)).toEqual(lines.map((line) => line.trim()));
  });
});

describe("SQuAD", () => {
  const question = (fields: object): string =>
    JSON.stringify({
      data: [{ title: "T", paragraphs: [{ context: "a 😀 cat", qas: [{ id: "1", question: "q", ...fields }] }] }],
    });

  test("answers, and questions without", async () => {
    const right = { answers: [{ text: "cat", answer_start: 4 }] };
    const common = { id: "1", title: "T", question: "q", context: "a 😀 cat" };
    expect(await read(question(right), squad())).toEqual([{ ...common, answers: [{ text: "cat", answerStart: 4 }] }]);
    expect(await read(question({ is_impossible: true, answers: [] }), squad())).toEqual([{ ...common, answers: [] }]);
    expect(await read(question({ answers: [] }), squad())).toEqual([{ ...common, answers: [] }]);
  });

  test("lines of a document written over many", async () => {
    const data = JSON.stringify(JSON.parse(question({ answers: 5 })), null, 1);
    const line = data.split("\n").findIndex((text) => text.includes('"id"'));
    expect(await rejection(data, squad())).toMatchObject({ code: "invalid-value", field: "answers", line });
  });

  test("an answer elsewhere is an error, or its question is left out", async () => {
    const wrong = question({ answers: [{ text: "dog", answer_start: 4 }] });
    expect(await rejection(wrong, squad())).toMatchObject({ code: "invalid-value", field: "answers" });
    expect(await read(wrong, squad({ misplacedAnswers: "skip" }))).toEqual([]);
  });

  const broken: [data: string, code: string][] = [
    ['{"data":[', "invalid-syntax"],
    ['{"data":[]}', "missing-field"],
    ["[]", "missing-field"],
    ["", "missing-field"],
    ["12", "missing-field"],
    ['{"data":[{"paragraphs":[5]}]}', "invalid-value"],
    ['{"data":[{"paragraphs":[{"qas":[]}]}]}', "missing-field"],
    ['{"data":[{"paragraphs":[{"context":"c","qas":[null]}]}]}', "invalid-value"],
    [question({ answers: [{ text: "cat", answer_start: 4 }] }) + "x", "invalid-syntax"],
    ["[".repeat(200_000), "invalid-syntax"],
  ];
  test.each(broken.map(([data, code]) => ({ start: data.slice(0, 40), code, data })))(
    "$start is $code",
    async ({ data, code }) => {
      expect((await rejection(data, squad())).code).toBe(code);
    },
  );
});

describe("XML", () => {
  const item =
    '<item id="1" asks-for="cause" most-plausible-alternative="2">\n<p>It fell.</p><a1>A &amp; B</a1><a2><![CDATA[C]]></a2></item>';

  test("COPA and RTE", async () => {
    expect(await read(`<copa-corpus>${item}</copa-corpus>`, copa())).toEqual([
      { prompt: "It fell. What was the cause?", choices: ["A & B", "C"], label: 1 },
    ]);
    expect(await read(`<c>${item}</c>`, copa({ ask: "connective" }))).toMatchObject([{ prompt: "It fell because" }]);
    expect(await read('<c><pair entailment="NO"><t> a\n b </t><h>c</h></pair></c>', rte())).toEqual([
      { text: "a b", text_pair: "c", label: "not_entailment" },
    ]);
  });

  test.each([
    ["<c>\n<item>", "invalid-syntax", 2],
    ["<c>\n</d>", "invalid-syntax", 2],
    ["plain text", "invalid-syntax", 1],
    ["<c></c>", "missing-field", undefined],
    ['<c>\n<item asks-for="why"></item></c>', "invalid-value", 2],
    ['<c>\n\n<item asks-for="cause"><p>x</p></item></c>', "missing-field", 3],
    [
      '<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n<c><item asks-for="cause"><p>&b;</p></item></c>',
      "invalid-syntax",
      2,
    ],
  ])("%j is %s at line %s", async (data, code, line) => {
    expect(await rejection(data, copa())).toMatchObject({ code, line });
  });
});

describe("sources", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "convbert-data-"));
    await writeFile(join(folder, "a.jsonl"), '{"text":"a","label":"x"}\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("paths, file and data addresses, Blobs and bytes give the same", async () => {
    const path = join(folder, "a.jsonl");
    const bytes = new TextEncoder().encode('{"text":"a","label":"x"}\n');
    const address = `data:,${encodeURIComponent('{"text":"a","label":"x"}\n')}`;
    for (const source of [path, new URL(`file://${path}`), address, new Blob([bytes]), bytes, bytes.buffer]) {
      const dataset = await openDataset(source, jsonLines(label));
      expect(await dataset.get(0)).toEqual({ text: "a", label: "x" });
    }
  });

  test("what is not there is one clear error", async () => {
    const missing = join(folder, "none.jsonl");
    const error = await openDataset(missing, jsonLines(label)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "unreadable", file: missing });
    expect(await openDataset(folder, jsonLines(label)).catch((reason: unknown) => reason)).toMatchObject({
      code: "unreadable",
    });
    expect(await openDataset(5 as never, jsonLines(label)).catch((reason: unknown) => reason)).toBeInstanceOf(
      DataError,
    );
  });

  test("a signal stops reading", async () => {
    const controller = new AbortController();
    const reading = readExamples(named("a\n".repeat(400_000)), plainText({ unit: "line" }), {
      signal: controller.signal,
    });
    await reading.next();
    controller.abort(new Error("enough"));
    await expect(
      (async () => {
        for await (const _ of reading);
      })(),
    ).rejects.toThrow("enough");
  });
});
