import { describe, expect, test } from "vitest";
import {
  classNamesOf,
  collectLabels,
  DataError,
  type FineTuneOptions,
  fineTune,
  type IndexedDataset,
  LabelSet,
  memoryDataset,
  type TextExample,
  type TokenExample,
  TrainerOptionError,
  textClassificationCollator,
} from "../src/index.js";
import { tinyConfig, tokenizer } from "./tiny.js";

const texts = (...labels: unknown[]): IndexedDataset<TextExample> =>
  memoryDataset(labels.map((label) => ({ text: "the film", label }) as TextExample));
const { id2label: _, label2id: __, ...config } = tinyConfig;
const START = { config, tokenizer, epochs: 1, batchSize: 4, unpadded: true, seed: 3 };
const SEVERAL = { problemType: "multi_label_classification" } as const;

async function namesOf(task: "text-classification" | "token-classification", options: object): Promise<string[]> {
  const { model } = await fineTune(task, { ...START, ...options } as FineTuneOptions<typeof task>);
  using trained = model;
  return Object.values(trained.config.id2label);
}

describe("lists of 0 and 1", () => {
  test.each<[string, unknown[]]>([
    [
      "numbers",
      [
        [1, 0, 1],
        [0, 1, 0],
        [0, 0, 0],
      ],
    ],
    [
      "texts of cells",
      [
        ["1", "0", "1"],
        ["0", "0", "0"],
      ],
    ],
    [
      "one number of two",
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      "both of two",
      [
        [1, 1],
        [0, 1],
      ],
    ],
    ["all of them, and some texts without a label", [[1, 1, 1, 1], undefined, [1, 1, 1, 1]]],
  ])("are labels by position: %s", async (_, labels) => {
    const found = await collectLabels(texts(...labels));
    const width = (labels[0] as unknown[]).length;
    expect(found).toMatchObject({ multiHot: true, names: ["0", "1", "2", "3"].slice(0, width) });
    const collate = textClassificationCollator(tokenizer, { ...SEVERAL, labels: found }).collate;
    const lists = labels.filter((label) => label !== undefined) as (string | number)[][];
    const { inputs } = collate(lists.map((label) => ({ text: "a", label })));
    expect([...inputs.labels!.data]).toEqual(lists.flat().map(Number));
    expect(inputs.labels!.shape).toEqual([lists.length, width]);
  });

  test.each<[string, unknown[], string[]]>([
    ["ids in lists of any length", [[0, 2], [1], [0]], ["0", "1", "2"]],
    [
      "ids in lists of one length",
      [
        [0, 2],
        [1, 2],
      ],
      ["0", "1", "2"],
    ],
    ["one id each", [[0], [1]], ["0", "1"]],
    ["classes", [0, 1], ["0", "1"]],
    ["names, one of them twice", [["a", "b", "a"]], ["a", "b"]],
  ])("are not %s", async (_, labels, names) => {
    expect(await collectLabels(texts(...labels))).toMatchObject({ multiHot: false, names });
  });

  test.each<[string, unknown[], RegExp]>([
    [
      "of several lengths",
      [
        [1, 0, 1],
        [0, 1],
      ],
      /the label \[1,0,1\] has a number twice/,
    ],
    [
      "with other numbers",
      [
        [1, 0, 1],
        [0, 2, 0],
      ],
      /has a number twice/,
    ],
    ["with shares", [[0.5, 0.5]], /the label 0\.5 is neither a name nor a whole number/],
    ["with -100", [[1, -100]], /the label is -100, which says that there is none/],
    ["beside single ones", [[1, 1], 0], /has a number twice/],
  ])("are refused %s", async (_, labels, message) => {
    const error = await collectLabels(texts(...labels)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
  });

  test("later examples have as many numbers", () => {
    const labels = new LabelSet(["a", "b", "c"], { multiHot: true });
    const { collate } = textClassificationCollator(tokenizer, { ...SEVERAL, labels });
    for (const label of [[1, 0], [1, 0, 2], ["a"], 1, []]) {
      expect(() => collate([{ text: "a", label }])).toThrow(/is no list of 3 numbers 0 or 1/);
    }
  });

  test("are told from names by a collator that was given names alone", () => {
    const of = (names: string[], label: (string | number)[]) => [
      ...textClassificationCollator(tokenizer, { ...SEVERAL, labels: names }).collate([{ text: "a", label }]).inputs
        .labels!.data,
    ];
    expect(of(["a", "b", "c"], [0, 1, 1])).toEqual([0, 1, 1]);
    expect(of(["0", "1"], [1, 0])).toEqual([1, 1]);
    expect(() => of(["a", "b", "c"], [0, 1])).toThrow(/the label 0 is none of "a", "b", "c"/);
  });

  test("train with names, and not for a single class", async () => {
    const train = texts([1, 0, 1], [0, 1, 0]);
    expect(await namesOf("text-classification", { ...SEVERAL, train })).toEqual(["0", "1", "2"]);
    const labelNames = ["x", "y", "z"];
    expect(await namesOf("text-classification", { ...SEVERAL, train, labelNames })).toEqual(labelNames);
    await expect(
      namesOf("text-classification", { ...SEVERAL, train, labelNames: ["x", "y", "z", "w"] }),
    ).rejects.toThrow("give one for each of the labels 0, 1, 2");
    await expect(namesOf("text-classification", { train })).rejects.toThrow(TrainerOptionError);
  });
});

test("cells of several labels want to know what parts them", async () => {
  for (const label of ["a,b", "a; b", "x|y", "2,5"]) {
    await expect(namesOf("text-classification", { ...SEVERAL, train: texts(label, "c") })).rejects.toThrow(
      /name what stands between labels \(labelSeparator\)/,
    );
  }
  expect(await namesOf("text-classification", { ...SEVERAL, train: texts("a", "b") })).toEqual(["a", "b"]);
  expect(await namesOf("text-classification", { ...SEVERAL, train: texts(["a,b"], ["c"]) })).toEqual(["a,b", "c"]);
});

describe("numbers with names", () => {
  const tagged = (...tags: string[][]): IndexedDataset<TokenExample> =>
    memoryDataset(tags.map((list) => ({ words: list.map(() => "film"), tags: list })));
  const names = ["O", "B-PER", "I-PER", "B-LOC"];

  test("are their indices, also where some do not occur", async () => {
    const train = tagged(["0", "3", "-100"], ["1", "0"]);
    expect(await namesOf("token-classification", { train, labelNames: names })).toEqual(names);
    expect(await namesOf("token-classification", { train, classNames: names })).toEqual(names);
    expect(await namesOf("text-classification", { train: texts(0, 2), labelNames: ["a", "b", "c"] })).toEqual([
      "a",
      "b",
      "c",
    ]);
    // Not for numbers that have no place among them.
    expect(await namesOf("text-classification", { train: texts(1, 3, 5), labelNames: ["a", "b", "c"] })).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(await namesOf("text-classification", { train: texts("x", "y"), classNames: ["a", "b"] })).toEqual([
      "x",
      "y",
    ]);
    expect(await namesOf("text-classification", { train: texts(0, 4), classNames: ["a", "b"] })).toEqual(["0", "4"]);
  });

  test("are scored as what they are called, and what is not what one expects is noted", async () => {
    const train = tagged(["0", "1", "2", "0"], ["3", "0"]);
    const run = async (options: object) => {
      const { model, notes, test } = await fineTune("token-classification", {
        ...START,
        train,
        test: train,
        ...options,
      });
      model.dispose();
      return { notes, test };
    };
    expect((await run({ labelNames: names })).notes).toEqual([]);
    const { notes } = await run({});
    expect(notes).toEqual([expect.stringMatching(/the tag "0" is of no scheme .* name the tags \(labelNames\)/)]);
    expect((await run({ scoreBy: "word" })).notes).toEqual([]);
    expect((await run({ labelNames: ["O", "PER", "LOC", "ORG"] })).notes[0]).toMatch(
      /^the tag "PER" is of no scheme .* entities$/,
    );
  });

  test("the best of models that find nothing is that of the smaller loss", async () => {
    const train = tagged(["O", "OBJ"], ["O", "O"]);
    const { model, summary } = await fineTune("token-classification", {
      ...{ ...START, train, evaluation: train, epochs: 8, learningRate: 1e-3, scoreBy: "entity" },
    });
    model.dispose();
    expect(summary.best!.epoch).toBeGreaterThan(1);
  });
});

test("questions without an answer stop a run that does not say what becomes of them", async () => {
  const question = { id: "1", question: "it", context: "the film", answers: [{ text: "film", answerStart: 4 }] };
  const both = memoryDataset([question, { ...question, id: "2", answers: [] }]);
  const run = async (options: Partial<FineTuneOptions<"question-answering">>) => {
    const { model } = await fineTune("question-answering", { ...START, maxLength: 16, train: both, ...options });
    model.dispose();
  };
  await expect(run({})).rejects.toThrow(
    "allowNoAnswer is false; 1 of the 2 training questions have no answer: set it, as SQuAD 2.0 wants it, or skipUnanswered",
  );
  await expect(run({ train: memoryDataset([question]), test: both })).rejects.toThrow("1 of the 2 test questions");
  await run({ allowNoAnswer: true });
  await run({ skipUnanswered: true, evaluation: both });
});

describe("names in dataset_info.json", () => {
  const names = ["O", "B-PER"];
  const label = { names, _type: "ClassLabel" };
  test.each<[string, unknown]>([
    ["a class", { features: { tags: label } }],
    ["a list", { features: { tags: { feature: label, _type: "Sequence" } } }],
    ["a list of later versions", { features: { tags: { feature: label, _type: "List" } } }],
    ["a list of earlier versions", { features: { tags: [label] } }],
    ["configurations that agree", { a: { features: { tags: label } }, b: { features: { tags: label, x: {} } } }],
  ])("of %s", (_, info) => {
    expect(classNamesOf(info, "tags")).toEqual(names);
    expect(classNamesOf(info, "other")).toBeUndefined();
  });

  test.each<[unknown]>([
    [null],
    [[]],
    ["x"],
    [{}],
    [{ features: null }],
    [{ features: { tags: { dtype: "int64", _type: "Value" } } }],
    [{ features: { tags: { names: [] } } }],
    [{ features: { tags: { names: [1] } } }],
    [{ features: { tags: { names: "O" } } }],
    [{ features: { tags: { feature: { feature: {} } } } }],
    [{ a: { features: { tags: label } }, b: { features: { tags: { names: ["x"] } } } }],
    [JSON.parse('{"features":{"__proto__":{"tags":{"names":["a"]}}}}')],
  ])("are not in %j", (info) => {
    expect(classNamesOf(info, "tags")).toBeUndefined();
  });
});
