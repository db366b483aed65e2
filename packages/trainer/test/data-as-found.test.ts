import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  choiceFields,
  conll,
  conllu,
  csv,
  DataError,
  type DataFormat,
  jsonLines,
  jsonList,
  labelledLines,
  openDataset,
  plainFields,
  plainText,
  questionFields,
  readExamples,
  squad,
  textFields,
  tokenFields,
  tokenRows,
  tsv,
} from "../src/index.js";
import { locationOf } from "../src/internal.js";

async function read<T extends object>(data: string | Uint8Array, format: DataFormat<T>): Promise<T[]> {
  const examples: T[] = [];
  for await (const example of readExamples({ name: "set.txt", data }, format)) examples.push(example);
  return examples;
}

async function refusal(data: string | Uint8Array, format: DataFormat<object>): Promise<string> {
  const error = await read(data, format).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DataError);
  return (error as Error).message;
}

/** The same with the locations of the examples in their file. */
async function readFromFile<T extends object>(data: string, format: DataFormat<T>): Promise<T[]> {
  const folder = await mkdtemp(join(tmpdir(), "convbert-data-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "set"), data);
  const dataset = await openDataset(join(folder, "set"), format, { keep: "file" });
  const examples: T[] = [];
  for (let i = dataset.length - 1; i >= 0; i--) examples.unshift(await dataset.get(i));
  await dataset.close();
  return examples;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const labelsOf = async (cells: string[], options = {}): Promise<unknown[]> => {
  const quoted = cells.map((cell) => `x,"${cell.replaceAll('"', '""')}"\n`).join("");
  return (await read(`text,label\n${quoted}`, csv(textFields(options)))).map(({ label }) => label);
};

describe("labels in cells", () => {
  test("are lists where they were written as such", async () => {
    expect(await labelsOf(["[0, 1, 0]", "[0 1 0]", "[0. 1. 0.]", "['a', 'b']", '["a"]', "('a', 'b')", "[]"])).toEqual([
      ...[
        [0, 1, 0],
        [0, 1, 0],
        [0, 1, 0],
      ],
      ...[["a", "b"], ["a"], ["a", "b"], []],
    ]);
    expect(await labelsOf(["[True, False]", "0 1 0", "0,1,0", "1.0;0.0", "1 | 1"])).toEqual([
      ...[
        [1, 0],
        [0, 1, 0],
        [0, 1, 0],
        [1, 0],
        [1, 1],
      ],
    ]);
    expect(await labelsOf(["1|0|1", "1.0|0.0", "['a', 'b']"], { labelSeparator: "|" })).toEqual([
      ...[
        ["1", "0", "1"],
        ["1", "0"],
        ["a", "b"],
      ],
    ]);
    expect(await labelsOf(["[0.5, 1]", "2"], { labelType: "number" })).toEqual([[0.5, 1], 2]);
  });

  test("are classes otherwise, without a fraction of nothing and spaces around", async () => {
    expect(
      await labelsOf(["1.0", "-0.0", "10.", "1.5", " x ", "True", "0", "10 01", "(x)", "2 5", "a b", "1.0.0"]),
    ).toEqual([...["1", "0", "10", "1.5", "x", "True", "0", "10 01", "(x)", "2 5", "a b", "1.0.0"]]);
    const json = '{"text":"x","label":true}\n{"text":"x","label":1.0}\n{"text":"x","label":"1.0"}';
    expect((await read(json, jsonLines(textFields()))).map(({ label }) => label)).toEqual(["true", 1, "1"]);
    const columns = "text,a,b\nx,1.0,0.0\nx,TRUE,0\n";
    expect(await read(columns, csv(textFields({ labelColumns: ["a", "b"] })))).toEqual([
      { text: "x", label: ["a"] },
      { text: "x", label: ["a"] },
    ]);
  });

  test.each(["[a, b]", "[spam]", "['a' ... 'b']", "[None]", "[0.5, 1]", ""])("%s is refused", async (cell) => {
    const row = `text,label\nx,"${cell}"\n`;
    expect(await refusal(row, csv(textFields()))).toMatch(/^set\.txt:2: label is ".*"; it must be a l/);
  });

  test("{'a': 'b'} is refused: what it says of a class is no number", async () => {
    const message = await refusal(`text,label\nx,"{'a': 'b'}"\n`, csv(textFields()));
    expect(message).toMatch(/^set\.txt:2: label is ".*"; it must be .*, numbers from 0 to 1 that add up to 1/);
  });
});

describe("words and tags in cells", () => {
  const tokens = async (words: string, tags: string) => {
    const [example] = await read(`tokens\ttags\n${words}\t${tags}\n`, tsv(tokenFields()));
    return [example!.words, example!.tags];
  };

  test.each<[string, string, string[], string[]]>([
    ["['EU' 'rejects']", "[3 0]", ["EU", "rejects"], ["3", "0"]],
    ["['EU', 'rejects']", "['B-ORG', 'O']", ["EU", "rejects"], ["B-ORG", "O"]],
    ['["EU", "rejects"]', '["B-ORG", "O"]', ["EU", "rejects"], ["B-ORG", "O"]],
    ["EU rejects", "[3, -100]", ["EU", "rejects"], ["3", "-100"]],
    ["EU rejects", "3.0 0.0", ["EU", "rejects"], ["3", "0"]],
    ["['EU', 'rejects']", "B-ORG O", ["EU", "rejects"], ["B-ORG", "O"]],
    ["[ applause ]", "O O O", ["[", "applause", "]"], ["O", "O", "O"]],
    ["[ 1 ]", "O O O", ["[", "1", "]"], ["O", "O", "O"]],
    ["array(['EU'], dtype=object)", "array([3])", ["EU"], ["3"]],
    ["[2023 won]", "O O", ["[2023", "won]"], ["O", "O"]],
  ])("%s with %s", async (words, tags, wordList, tagList) => {
    expect(await tokens(words, tags)).toEqual([wordList, tagList]);
  });

  test.each([
    ["EU rejects", "[B-ORG O]", /tags is .*; it must be a list as \["O", "B-PER"\].*: its items have no quotes/],
    ["['EU' ... 'x']", "O O", /tokens is .*its middle was left out/],
    ["['EU']", "[3 0]", /1 words have 2 tags/],
    ["['EU']", "{'a': 1}", /tags is .*; it must be a list of strings/],
    ["['EU']", "[0.5]", /tags is .*; it must be a list of strings/],
  ])("%s with %s is refused", async (words, tags, message) => {
    expect(await refusal(`tokens\ttags\n${words}\t${tags}\n`, tsv(tokenFields()))).toMatch(message);
  });

  test("of marks between documents are none", async () => {
    const rows = '{"tokens":["-DOCSTART-"],"tags":["-X-"]}\n{"tokens":["a"],"tags":[-100]}\n';
    expect((await read(rows, jsonLines(tokenFields()))).map(({ tags }) => tags)).toEqual([["-100"], ["-100"]]);
  });
});

test("answers and choices in cells, columns of their own, and objects within objects", async () => {
  const answers = [{ text: "yes", answerStart: 3 }];
  const format = csv(questionFields());
  for (const cell of [
    "{'text': ['yes'], 'answer_start': [3]}",
    '{""text"": [""yes""], ""answer_start"": [3]}',
    "{'text': array(['yes'], dtype=object), 'answer_start': array([3], dtype=int32)}",
    "[{'text': 'yes', 'answer_start': 3}]",
  ]) {
    expect(await read(`question,context,answers\nq,no yes,"${cell}"\n`, format), cell).toMatchObject([{ answers }]);
  }
  const none = `question,context,answers\nq,no yes,"{'text': [], 'answer_start': []}"\n`;
  expect(await read(none, format)).toMatchObject([{ answers: [] }]);
  const apart = "question,context,answers.text,answers.answer_start\nq,no yes,['yes'],[3]\nq,no yes,yes,3\nq,no,,\n";
  expect((await read(apart, format)).map((example) => example.answers)).toEqual([answers, answers, []]);
  expect(await refusal(`question,context,answers\nq,no yes,yes\n`, format)).toMatch(
    /answers is "yes"; it must be \{ text/,
  );
  const choices = `prompt,choices,label\np,"['a', 'b']",1.0\n`;
  expect(await read(choices, csv(choiceFields()))).toEqual([{ prompt: "p", choices: ["a", "b"], label: 1 }]);
  const nested = '{"data":{"text":"x"},"meta":{"y":{"label":"z"}}}';
  expect(await read(nested, jsonLines(textFields({ textColumn: "data.text", labelColumn: "meta.y.label" })))).toEqual([
    { text: "x", label: "z" },
  ]);
});

test("null is told from what is not there", async () => {
  expect(await refusal('{"text":null,"label":"x"}', jsonLines(textFields()))).toBe(
    'set.txt:1: "text" is null: fill it in, or leave the row out',
  );
  expect(await refusal('{"text":"a","label":null}', jsonLines(textFields()))).toContain('"label" is null');
  expect(await refusal('{"label":"x"}', jsonLines(textFields()))).toContain('there is no "text"; the row has "label"');
});

describe("CSV as spreadsheets and pandas write it", () => {
  const both = [
    { text: "a", label: "x" },
    { text: "b", label: "y" },
  ];
  test.each<[string, string, object]>([
    ["an index without a name", ",text,label\n0,a,x\n1,b,y\n", {}],
    ["an index with pandas' name", "Unnamed: 0,text,label\n0,a,x\n1,b,y\n", {}],
    ["empty columns at the end", "text,label,,\na,x,,\nb,y,,\n", {}],
    ["empty columns at the end of the rows alone", "text,label\na,x,,\nb,y, ,\n", {}],
    ["empty columns at the end of the header alone", "text,label,,\na,x\nb,y\n", {}],
    ["a byte order mark and CRLF", "\uFEFFtext,label\r\na,x\r\nb,y\r\n", {}],
    ["Excel's first line", "sep=;\r\ntext;label\r\na;x\r\nb;y\r\n", {}],
    ["Excel's first line in quotes", '"sep=\t"\ntext\tlabel\na\tx\nb\ty\n', {}],
    ["Excel's first line, and the delimiter", "sep=;\ntext;label\na;x\nb;y\n", { delimiter: ";" }],
    ["semicolons", "text;label\na;x\nb;y\n", { delimiter: ";" }],
    ["bars", "text|label\na|x\nb|y\n", { delimiter: "|" }],
    ["two signs", "text||label\na||x\nb||y\n", { delimiter: "||" }],
    ["comments", "# made today\ntext,label\n# one\na,x\n#two\nb,y\n", { comment: "#" }],
    ["a label beside its text", "label,label_text,text\nx,ex,a\ny,why,b\n", {}],
    ["quotes around all", '"text","label"\n"a","x"\n"b","y"\n', {}],
    ["columns that are named elsewhere", "a,x\nb,y\n", { columns: ["text", "label"] }],
  ])("%s", async (_, data, options) => {
    const format = csv(textFields(), options);
    expect(await read(data, format)).toEqual(both);
    expect(await readFromFile(data, format)).toEqual(both);
  });

  test("a comment within a quoted field is text", async () => {
    const data = 'text,label\n"a\n# b",x\n';
    expect(await read(data, csv(textFields(), { comment: "#" }))).toEqual([{ text: "a\n# b", label: "x" }]);
  });

  test.each<[string, object, RegExp]>([
    ["text;label\na;x\n", {}, /the columns are "text;label"; ";" parts them: name it \(delimiter\)$/],
    ['"text"\t"label"\na\tx\n', {}, /"\\t" parts them: name it \(delimiter\)$/],
    ["review|stars\na|x\n", {}, /if "\|" parts them, name it \(delimiter\)$/],
    ["# made today\ntext,label\na,x\n", {}, /is it a comment\? Name what comments begin with \(comment\)$/],
    ["text,label\n# one\na,x\n", {}, /^set\.txt:2: the row has 1 fields, the header 2; is it a comment\?/],
    ["text, label\na, x\n", {}, /" label" has spaces around its name$/],
    ["text,label\na, b,x\n", {}, /the row has 3 fields, the header 2; a field with "," in it needs " around it$/],
    ["a,x\nb,y\n", {}, /there is no column "text"; the columns are "a", "x" \(a file without a header line/],
    ["text,label,label\na,x,y\n", {}, /two columns have the name "label"/],
  ])("%j is refused", async (data, options, message) => {
    expect(await refusal(data, csv(textFields(), options))).toMatch(message);
  });
});

describe("a word a row", () => {
  const data =
    'Sentence #,Word,POS,Tag\nSentence: 1,EU,NNP,B-ORG\n,rejects,VBZ,O\n,"a ""b""",X,O\n\nSentence: 2,"1,000",CD,O\n,Peter,NNP,B-PER\n';
  const examples = [
    { words: ["EU", "rejects", 'a "b"'], tags: ["B-ORG", "O", "O"] },
    { words: ["1,000", "Peter"], tags: ["O", "B-PER"] },
  ];

  test("is a sentence as long as its column says", async () => {
    const found = await read(data, tokenRows());
    expect(found).toEqual(examples);
    expect(found.map((example) => locationOf(example)?.line)).toEqual([2, 6]);
    expect(await readFromFile(data, tokenRows())).toEqual(examples);
    const everywhere = "s\tw\tt\n1\ta\tO\n1\tb\tX\n2\tc\tO\n";
    const options = { sentenceColumn: "s", wordColumn: "w", tagColumn: "t", delimiter: "\t" };
    expect(await read(everywhere, tokenRows(options))).toEqual([
      { words: ["a", "b"], tags: ["O", "X"] },
      { words: ["c"], tags: ["O"] },
    ]);
    expect(await read(everywhere, tokenRows({ ...options, tagColumn: null }))).toEqual([
      { words: ["a", "b"] },
      { words: ["c"] },
    ]);
  });

  test("leaves out marks between documents, and reads numbers", async () => {
    const marked = "Sentence #,Word,Tag\n1,-DOCSTART-,O\n2,a,3.0\n,b,-100\n";
    expect(await read(marked, tokenRows())).toEqual([{ words: ["a", "b"], tags: ["3", "-100"] }]);
  });

  test.each<[string, RegExp]>([
    ["Word,Tag\na,O\n", /there is no column "Sentence #"; the columns are "Word", "Tag"/],
    ["Sentence #,Word,Tag\n1,a\n", /^set\.txt:2: the row has 2 fields, the header 3/],
    ["Sentence #,Word,Tag\n1,a,O\n,b,\n", /^set\.txt:3: "Tag" is empty/],
    ["Sentence #,Word,Tag\n1,,O\n", /^set\.txt:2: "Word" is empty/],
    ['Sentence #,Word,Tag\n1,"a,O\n', /^set\.txt:2: the quote that this row opens is never closed/],
  ])("%j is refused", async (contents, message) => {
    expect(await refusal(contents, tokenRows())).toMatch(message);
  });
});

describe("columns of words", () => {
  test.each<[string, string, object, string[][]]>([
    ["hash tags and signs", "# O\n#news B-X\na O\n", {}, [["#", "#news", "a"]]],
    ["the tag of a sign", "# #\na NN\n", {}, [["#", "a"]]],
    ["comments", "# id 1\na O\n# more\nb O\n", { comment: "# " }, [["a", "b"]]],
    ["no comments", "# text\na O\n", { comment: "" }, [["#", "a"]]],
    ["commas", "a,O\nb,B-X\n\nc,O\n", { separator: "," }, [["a", "b"], ["c"]]],
    ["separators at the end", "a\tO\t\nb\tO\t\t\n", { separator: "tab" }, [["a", "b"]]],
    ["marks between documents", "-DOCSTART- -X- O\n\n-DOCSTART-\na NN O\nb NN O\n", {}, [["a", "b"]]],
    ["an index whose column is named", "1 a O\n2 b O\n", { wordColumn: 1 }, [["a", "b"]]],
    ["numbers that are words", "1 a O\n2 b O\n", { wordColumn: 0 }, [["1", "2"]]],
    ["numbers in two columns", "1 O\n2 O\n", {}, [["1", "2"]]],
    ["numbers in a later sentence", "a b O\n\n1 a O\n2 b O\n", {}, [["a"], ["1", "2"]]],
    ["byte order mark and CRLF", "\uFEFFa O\r\nb O\r\n\r\nc O\r\n", {}, [["a", "b"], ["c"]]],
  ])("%s", async (_, data, options, words) => {
    expect((await read(data, conll(options))).map((example) => example.words)).toEqual(words);
    expect((await readFromFile(data, conll(options))).map((example) => example.words)).toEqual(words);
  });

  test.each<[string, object, RegExp]>([
    ["# id 1\na O\n", {}, /^set\.txt:1: "# id 1" may be a comment, or a word: name what comments begin with/],
    ["# newdoc\na O\n", {}, /"# newdoc" may be a comment/],
    ["a O\n\n# sent_id = 2\nb O\n", {}, /^set\.txt:3: "# sent_id = 2" may be a comment/],
    ["#id 1\na O\n", {}, /"#id 1" may be a comment/],
    ["a NN O\nb O\n", {}, /^set\.txt:2: "b O" has 2 columns, the lines before it 3/],
    [
      "1 a O\n2 b O\n",
      {},
      /^set\.txt:1: the first column counts the words; name the column of the words \(wordColumn\)/,
    ],
    ["0\ta\tO\n1\tb\tO\n", { separator: "tab" }, /the first column counts the words/],
  ])("%j is refused", async (data, options, message) => {
    expect(await refusal(data, conll(options))).toMatch(message);
  });
});

describe("CoNLL-U", () => {
  const row = (...cells: string[]): string => `${cells.concat(Array(10 - cells.length).fill("_")).join("\t")}\n`;
  const data = [
    "# sent_id = 1\n# text = au lait #1\n",
    row("1-2", "au"),
    row("1", "à", "à", "ADP", "IN", "_", "3", "case"),
    row("2", "le", "le", "DET", "DT", "_", "3", "det"),
    row("2.1", "elided", "elided", "VERB"),
    row("3", "lait frais", "lait", "NOUN", "NN", "_", "0", "root", "_", "SpaceAfter=No"),
    row("4", "#", "#", "SYM", "SYM", "_", "3", "dep"),
    `\n# text = b\n${row("1", "b", "b", "X", "FW", "_", "0", "root")}\n`,
  ].join("");

  test.each([
    [{}, ["ADP", "DET", "NOUN", "SYM"]],
    [{ tags: "xpos" }, ["IN", "DT", "NN", "SYM"]],
    [{ tags: "deprel" }, ["case", "det", "root", "dep"]],
    [{ tags: 3 }, ["ADP", "DET", "NOUN", "SYM"]],
  ] as const)("gives words with a tag: %j", async (options, tags) => {
    const examples = await read(data, conllu(options));
    expect(examples).toEqual([
      { words: ["à", "le", "lait frais", "#"], tags },
      { words: ["b"], tags: [expect.any(String)] },
    ]);
    expect(await readFromFile(data, conllu(options))).toEqual(examples);
  });

  test("without tags is refused", async () => {
    expect(await refusal(row("1", "a") + row("2", "b"), conllu())).toMatch(/no tags in column 3, only _; name another/);
  });
});

describe("one JSON document", () => {
  const objects = [
    { text: "a", label: "x" },
    { text: "b {", label: "y" },
  ];
  test.each<[string, string]>([
    ["a list", JSON.stringify(objects)],
    ["a list over many lines", JSON.stringify(objects, null, 2)],
    ["under data", JSON.stringify({ version: "1", data: objects })],
    ["under rows", JSON.stringify({ features: [{ name: "text" }], rows: objects }, null, 1)],
    ["with a byte order mark", `\uFEFF${JSON.stringify(objects)}`],
  ])("%s", async (_, data) => {
    expect(await read(data, jsonList(textFields()))).toEqual(objects);
  });

  test("knows the lines of its objects", async () => {
    const found = await read(JSON.stringify(objects, null, 2), jsonList(textFields()));
    expect(found.map((example) => locationOf(example)?.line)).toEqual([2, 6]);
    const rows = JSON.stringify({ rows: [{ row_idx: 0, row: { text: "a" } }] });
    expect(await read(rows, jsonList(plainFields({ textColumn: "row.text" })))).toEqual([{ text: "a" }]);
  });

  test.each<[string, RegExp]>([
    ["{}", /^set\.txt: there is no list of objects: write \[\{\.\.\.\}, \{\.\.\.\}\]/],
    ["[]", /there is no list of objects/],
    ['{"text":{"0":"a"},"label":{"0":"x"}}', /there is no list of objects/],
    ["", /there is no list of objects/],
    ['["a"]', /^set\.txt:1: an example is "a"; it must be an object/],
    ['[\n{"text":"a"}]', /^set\.txt:2: there is no "label"/],
    ['[{"text":"a","label":"x"},]', /^set\.txt:1: the file is not JSON/],
    ['[{"text":"a","label":"x"}', /the file is not JSON/],
  ])("%j is refused", async (data, message) => {
    expect(await refusal(data, jsonList(textFields()))).toMatch(message);
  });

  test.each<[string, RegExp]>([
    ["[\n{}]", /has the format json \(jsonList\)$/],
    ['[{"text":"a","label":"x"}]', /the line is a list; a file that is one list of objects has the format json/],
    ['{\n"text":"a"}', /one document over several lines has the format json/],
    ['# a\n{"text":"a","label":"x"}', /is it a comment\? Name what comments begin with \(comment\)$/],
    ['{"text":"a","label":NaN}', /NaN and Infinity are no JSON/],
  ])("%j in place of lines says so", async (data, message) => {
    expect(await refusal(data, jsonLines(textFields()))).toMatch(message);
  });

  test("lines may have comments", async () => {
    const data = '// a\n{"text":"a"}\n// b\n{"text":"b"}\n';
    expect(await read(data, jsonLines(plainFields(), { comment: "//" }))).toEqual([{ text: "a" }, { text: "b" }]);
  });
});

describe("encodings", () => {
  const text = 'text,label\n"café “q” 😀",x\nb,y\n';
  const utf16 = (isBig: boolean, mark = true): Uint8Array => {
    const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    return Uint8Array.from(
      (mark ? [0xfeff, ...units] : units).flatMap((unit) => {
        const pair = [unit & 0xff, unit >> 8];
        return isBig ? pair.reverse() : pair;
      }),
    );
  };
  const wanted = [
    { text: "café “q” 😀", label: "x" },
    { text: "b", label: "y" },
  ];

  test("UTF-16 with either order, and without a mark", async () => {
    const format = csv(textFields(), { encoding: "utf-16" });
    for (const data of [utf16(false), utf16(true), utf16(false, false)])
      expect(await read(data, format)).toEqual(wanted);
    for (const data of [utf16(false), utf16(true), utf16(false, false), utf16(true, false)]) {
      expect(await refusal(data, csv(textFields()))).toMatch(/the file is UTF-16 text; name the encoding "utf-16"/);
    }
    expect(await refusal(utf16(false).subarray(0, 41), format)).toMatch(/not utf-16 text/);
    const source = { name: "set", data: utf16(false) };
    await expect(openDataset(source, format, { keep: "file" })).rejects.toThrow(
      "UTF-16 text cannot be read at any place",
    );
  });

  test("Windows' letters, in every format of lines", async () => {
    const cp1252 = (content: string): Uint8Array =>
      Uint8Array.from(content, (letter) => (letter === "’" ? 0x92 : letter.charCodeAt(0)));
    const encoding = "windows-1252";
    expect(await read(cp1252("text\nit’s é\n"), csv(plainFields(), { encoding }))).toEqual([{ text: "it’s é" }]);
    expect(await read(cp1252('{"text":"it’s"}\n'), jsonLines(plainFields(), { encoding }))).toEqual([{ text: "it’s" }]);
    expect(await read(cp1252("it’s O\n"), conll({ encoding }))).toMatchObject([{ words: ["it’s"] }]);
    expect(await read(cp1252("Sentence #,Word,Tag\n1,it’s,O\n"), tokenRows({ encoding }))).toMatchObject([
      { words: ["it’s"] },
    ]);
    expect(await read(cp1252("it’s"), plainText({ encoding }))).toEqual([{ text: "it’s" }]);
    expect(await refusal(cp1252("text\nit’s\n"), csv(plainFields()))).toMatch(
      /^set\.txt:2: the line is not utf-8 text; name the file's encoding, such as windows-1252/,
    );
  });
});

test.each<[string, Uint8Array, RegExp]>([
  ["Parquet", new TextEncoder().encode("PAR1\x15\x04"), /is a Parquet file; write it as JSON Lines/],
  ["Arrow", new TextEncoder().encode("ARROW1\0\0"), /is an Arrow file/],
  ["an Arrow stream", bytes(0xff, 0xff, 0xff, 0xff, 0x10, 0), /is an Arrow file/],
  ["zip", bytes(0x50, 0x4b, 3, 4, 20, 0), /is a zip archive, or a workbook of Excel; unpack it/],
  ["Excel", bytes(0xd0, 0xcf, 0x11, 0xe0, 0xa1), /is a workbook of Excel; save the sheet as CSV/],
  ["gzip", bytes(0x1f, 0x8b, 8, 0), /is a gzip file; unpack it/],
  ["bzip2", new TextEncoder().encode("BZh91AY"), /is a bzip2 file/],
  ["zstd", bytes(0x28, 0xb5, 0x2f, 0xfd, 0), /is a zstd file/],
  ["xz", bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), /is an xz file/],
  ["SQLite", new TextEncoder().encode("SQLite format 3\0"), /is a SQLite database/],
  [
    "LFS",
    new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"),
    /is a pointer of Git LFS/,
  ],
])("what is no text is named: %s", async (_, data, message) => {
  for (const format of [
    csv(textFields()),
    jsonLines(textFields()),
    conll(),
    plainText(),
    labelledLines(),
    squad(),
    jsonList(textFields()),
  ]) {
    expect(await refusal(data, format as DataFormat<object>)).toMatch(message);
  }
});
