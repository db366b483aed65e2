import { describe, expect, test } from "vitest";
import { sequenceParts } from "../src/collate/parts.js";
import {
  type Batch,
  collectLabels,
  DataError,
  type IntegerArray,
  jsonLines,
  LabelSet,
  memoryDataset,
  multipleChoiceCollator,
  openDataset,
  type QuestionExample,
  questionAnsweringCollator,
  type TextExample,
  type TokenClassificationBatchInputs,
  TrainerOptionError,
  textClassificationCollator,
  textFields,
  tokenClassificationCollator,
} from "../src/index.js";
import { wordTags } from "../src/internal.js";
import golden from "./fixtures/batches.json" with { type: "json" };
import { left, right } from "./tokenizer.js";

const of = (side: string) => (side === "left" ? left : right);

/** Lists like those of the reference. */
function nested({ data, shape }: { readonly data: ArrayLike<number>; readonly shape: readonly number[] }): unknown {
  const values: number[] = Array.from(data);
  return shape.slice(1).reduceRight<unknown[]>((items, extent) => {
    return Array.from({ length: items.length / extent }, (_, i) => items.slice(i * extent, (i + 1) * extent));
  }, values);
}

function lists(inputs: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, nested(array as IntegerArray)]));
}

/** Checks that a batch holds the same tokens without padding as with it, whole and in parts. */
function sameTokens(batch: Batch): void {
  const { attention_mask: mask, ...padded } = batch.inputs;
  const { offsets } = batch.sequences;
  const length = mask.shape.at(-1)!;
  expect(offsets[offsets.length - 1]).toBe(batch.tokens);
  for (const name of ["input_ids", "token_type_ids"] as const) {
    const kept = padded[name].data.filter((_, at) => mask.data[at] === 1);
    expect(batch.sequences[name]).toEqual(kept);
  }
  for (let row = 1; row < offsets.length; row++) {
    const own = mask.data.subarray((row - 1) * length, row * length).filter((value) => value === 1);
    expect(own.length).toBe(offsets[row]! - offsets[row - 1]!);
  }
  for (const tokens of [1, 20, 1e9]) {
    const parts = sequenceParts(batch, tokens);
    expect(parts.flatMap(({ input_ids: ids }) => Array.from(ids!))).toEqual(Array.from(batch.sequences.input_ids!));
    for (const part of parts) {
      expect(part.offsets[0]).toBe(0);
      const { choices } = part as { readonly choices?: ArrayLike<number> };
      expect(part.input_ids!.length <= tokens || (choices?.length ?? part.offsets.length - 1) === 1).toBe(true);
    }
    if (tokens === 1) expect(parts).toHaveLength(batch.rows);
    if (tokens === 1e9) expect(parts).toEqual([batch.sequences]);
  }
}

/** Labels of tokens without padding, out of those of a padded batch. */
function labelsKept({ inputs }: { readonly inputs: TokenClassificationBatchInputs }): Int32Array {
  return (inputs.labels!.data as Int32Array).filter((_, at) => inputs.attention_mask.data[at] === 1);
}

/** Choices as rows. */
function flat(inputs: Batch["inputs"]): Batch["inputs"] {
  const rows = ({ data, shape }: IntegerArray) => ({ data, shape: [shape[0]! * shape[1]!, shape[2]!] });
  return {
    input_ids: rows(inputs.input_ids),
    attention_mask: rows(inputs.attention_mask),
    token_type_ids: rows(inputs.token_type_ids),
  };
}

describe("texts", () => {
  test.each(golden.texts.map((item, i) => [i, item] as const))("are padded as in the reference: case %i", (_, item) => {
    const examples: TextExample[] = item.texts.map((text) =>
      typeof text === "string" ? { text, label: "x" } : { text: text[0]!, text_pair: text[1]!, label: "x" },
    );
    const options = {
      maxLength: item.maxLength,
      padding: item.padding as "longest",
      padToMultipleOf: item.multiple,
      labels: ["y", "x"],
    };
    const collator = textClassificationCollator(of(item.side), options);
    const batch = collator.collate(examples);
    expect(lists(batch.inputs)).toEqual({ ...item.batch, labels: examples.map(() => 1) });
    expect(batch.inputs.labels!.data).toBeInstanceOf(Int32Array);
    sameTokens(batch);
    expect(batch.sequences.labels).toEqual({ data: Int32Array.from(examples, () => 1), shape: [examples.length] });
  });

  test("several labels, numbers and none", () => {
    const several = textClassificationCollator(right, {
      problemType: "multi_label_classification",
      labels: ["a", "b", "c"],
    });
    const labels = several.collate([
      { text: "x", label: ["c", "a"] },
      { text: "y", label: [] },
      { text: "z", label: "b" },
    ]).inputs.labels!;
    expect(labels).toEqual({ data: new Float32Array([1, 0, 1, 0, 0, 0, 0, 1, 0]), shape: [3, 3] });
    const numbers = textClassificationCollator(right, { problemType: "regression" });
    expect(numbers.collate([{ text: "x", label: 2.5 }]).inputs.labels).toEqual({
      data: new Float32Array([2.5]),
      shape: [1],
    });
    const two = textClassificationCollator(right, { problemType: "regression", labels: ["v", "a"] });
    expect(two.collate([{ text: "x", label: [1, 2] }]).inputs.labels!.shape).toEqual([1, 2]);
    const batch = several.collate([{ text: "x" }]);
    expect(batch.inputs).not.toHaveProperty("labels");
    expect(batch.targets).toBe(0);
  });

  test("an example that does not fit is named with its line", async () => {
    const data = '{"text":"a","label":"x"}\n{"text":"b","label":"new"}\n';
    const dataset = await openDataset({ name: "dev.jsonl", data }, jsonLines(textFields()));
    const examples = await Promise.all([0, 1].map((i) => dataset.get(i)));
    const collator = textClassificationCollator(right, { labels: ["x"] });
    expect(() => collator.collate(examples)).toThrow(/^dev\.jsonl:2: the label "new"/);
    expect(() => collator.collate([{ text: "a", label: ["x"] }])).toThrow(DataError);
    expect(() => collator.collate([{ text: "a", label: "x" }, { text: "b" }])).toThrow(DataError);
    expect(() => collator.collate([{ text: "a" }, { text: "b", text_pair: "c" }])).toThrow(DataError);
    const numbers = textClassificationCollator(right, { problemType: "regression" });
    expect(() => numbers.collate([{ text: "a", label: "x" }])).toThrow(DataError);
  });

  test("options out of range", () => {
    const labels = ["x"];
    expect(() => textClassificationCollator(right)).toThrow(TrainerOptionError);
    expect(() => textClassificationCollator(right, { labels, maxLength: 3 })).toThrow(TrainerOptionError);
    expect(() => textClassificationCollator(right, { labels, padToMultipleOf: 0 })).toThrow(TrainerOptionError);
    expect(() => textClassificationCollator(right, { labels, padding: "none" as never })).toThrow(TrainerOptionError);
    const uneven = { labels, padding: "max_length", maxLength: 20, padToMultipleOf: 8 } as const;
    expect(() => textClassificationCollator(right, uneven)).toThrow(TrainerOptionError);
  });
});

describe("labels", () => {
  test("are sorted as Python sorts them", async () => {
    const dataset = memoryDataset<TextExample>(["b", "a", "Z", "😀", "\uFFFD"].map((label) => ({ text: "", label })));
    expect((await collectLabels(dataset)).names).toEqual(["Z", "a", "b", "\uFFFD", "😀"]);
    const numbers = memoryDataset<TextExample>([{ text: "", label: 10 }, { text: "", label: [9, -1] }, { text: "" }]);
    expect((await collectLabels(numbers)).names).toEqual(["-1", "9", "10"]);
    const tags = memoryDataset([{ words: ["a", "b"], tags: ["O", "B-X"] }, { words: ["c"] }]);
    expect((await collectLabels(tags)).names).toEqual(["B-X", "O"]);
  });
});

describe("tags", () => {
  test.each(golden.tokens.map((item, i) => [i, item] as const))("are set as in the reference: case %i", (_, item) => {
    const examples = item.sentences.map((words, i) => ({ words, tags: item.tags[i]! }));
    const { names, maxLength, labelAllTokens } = item;
    const collator = tokenClassificationCollator(of(item.side), { labels: names, maxLength, labelAllTokens });
    const batch = collator.collate(examples);
    expect(lists(batch.inputs)).toEqual(item.batch);
    sameTokens(batch);
    expect(batch.sequences.labels).toEqual(labelsKept(batch));
    // What is right by token is right by word, where the word has a token.
    const { offsets, labels } = batch.sequences;
    const tags = batch.wordStarts.map((first, row) => {
      const classes = Array.from(labels as Int32Array).slice(offsets[row], offsets[row + 1]);
      return wordTags(first, classes, new LabelSet(names), "?");
    });
    for (const [i, sentence] of tags.entries()) {
      expect(sentence).toHaveLength(examples[i]!.words.length);
      for (const [word, tag] of sentence.entries()) expect([examples[i]!.tags[word], "?"]).toContain(tag);
    }
    expect(tags[1]).not.toContain("?");
    expect(tags[3]).toContain("?");
  });

  test("unknown tags are an error, or do not count", () => {
    const example = { words: ["a", "b"], tags: ["O", "B-NEW"] };
    expect(() => tokenClassificationCollator(right, { labels: ["O"] }).collate([example])).toThrow(/"B-NEW"/);
    const lenient = tokenClassificationCollator(right, { labels: ["O"], unknownTags: "ignore" });
    expect([...lenient.collate([example]).inputs.labels!.data]).toEqual([-100, 0, -100, -100]);
    expect(lenient.collate([{ words: ["a"] }]).inputs).not.toHaveProperty("labels");
    expect(() => lenient.collate([{ words: ["a"], tags: [] }])).toThrow(DataError);
    expect(() => tokenClassificationCollator(right, { labels: [] })).toThrow(TrainerOptionError);
  });
});

describe("questions", () => {
  test.each(golden.questions.map((item, i) => [i, item] as const))(
    "get the reference's windows: case %i",
    (_, item) => {
      const examples: QuestionExample[] = item.examples;
      const collator = questionAnsweringCollator(of(item.side), { maxLength: item.maxLength, stride: item.stride });
      const batch = collator.collate(examples);
      expect(lists(batch.inputs)).toEqual(item.batch);
      expect(batch.windows.map(({ example }) => examples.indexOf(example))).toEqual(item.of);
      sameTokens(batch);
      expect(batch.sequences.start_positions).toEqual(
        Int32Array.from(batch.windows, ({ startPosition }) => startPosition),
      );
      // The answer's tokens lead back to its text, but for letters of cut words.
      for (const { example, startPosition, endPosition, clsIndex, contextStart, offsets } of batch.windows) {
        if (startPosition === clsIndex) continue;
        const from = offsets[2 * (startPosition - contextStart)]!;
        const to = offsets[2 * (endPosition - contextStart) + 1]!;
        expect(example.context.slice(from, to)).toContain(example.answers[0]!.text);
      }
    },
  );

  test("long questions are cut, and every option leaves room to move on", () => {
    const example = { id: "1", question: "why ".repeat(200), context: "because ".repeat(100), answers: [] };
    const windows = questionAnsweringCollator(right, { maxLength: 32 }).windows([example]);
    expect(windows.length).toBeGreaterThan(5);
    for (const window of windows) expect(window.input_ids.length).toBeLessThanOrEqual(32);
    expect(() => questionAnsweringCollator(right, { maxLength: 32, stride: 20 })).toThrow(TrainerOptionError);
    expect(() => questionAnsweringCollator(right, { maxLength: 32, maxQuestionLength: 29 })).toThrow(
      TrainerOptionError,
    );
    const smallest = questionAnsweringCollator(right, { maxLength: 5 }).windows([{ ...example, context: "a b c" }]);
    expect(smallest.map((window) => window.contextEnd - window.contextStart)).toEqual([1, 1, 1]);
  });

  test("many examples have the windows that each of them has", () => {
    const examples: QuestionExample[] = golden.questions[0]!.examples;
    const collator = questionAnsweringCollator(right, { maxLength: 32, stride: 8 });
    const many = Array.from({ length: 150 }, (_, i) => ({ ...examples[i % examples.length]!, id: String(i) }));
    const windows = collator.windows(many);
    expect(windows.length).toBeGreaterThan(many.length);
    expect(windows).toEqual(many.flatMap((example) => collator.windows([example])));
  });

  test("an answer that does not stand there is an error; an empty context has a window", () => {
    const collator = questionAnsweringCollator(right);
    const wrong = { id: "1", question: "q", context: "abc", answers: [{ text: "x", answerStart: 1 }] };
    expect(() => collator.collate([wrong])).toThrow(DataError);
    const [window] = collator.windows([{ ...wrong, context: "", answers: [] }]);
    expect(window).toMatchObject({ startPosition: 0, endPosition: 0, contextStart: 3, contextEnd: 3 });
    expect(collator.collate([]).rows).toBe(0);
  });
});

describe("choices", () => {
  const { examples, maxLength, batch: expected } = golden.choices;

  test("are padded as in the reference, or by prompt", () => {
    const collator = multipleChoiceCollator(right, { maxLength });
    const batch = collator.collate(examples);
    expect(lists(batch.inputs)).toEqual({ ...expected, labels: examples.map(({ label }) => label) });
    expect(batch).toMatchObject({ rows: 2, targets: 2 });
    sameTokens({ ...batch, inputs: flat(batch.inputs) });
    expect(batch.sequences.choices).toEqual(Int32Array.of(2, 2));
    expect(sequenceParts(batch, 1).map(({ labels }) => nested(labels as IntegerArray))).toEqual(
      examples.map(({ label }) => [label]),
    );
  });

  test("must be as many in a batch, without padding they need not", () => {
    const collator = multipleChoiceCollator(right);
    const mixed = [...examples, { prompt: "p", choices: ["a", "b", "c"], label: 2 }];
    const batch = collator.collate(mixed);
    expect(() => batch.inputs).toThrow(DataError);
    expect(batch.sequences).toMatchObject({ choices: Int32Array.of(2, 2, 3), labels: { shape: [3] } });
    expect(sequenceParts(batch, 1).map(({ offsets, choices }) => [offsets.length - 1, choices])).toEqual([
      [2, Int32Array.of(2)],
      [2, Int32Array.of(2)],
      [3, Int32Array.of(3)],
    ]);
    expect(() => collator.collate([{ prompt: "p", choices: ["a", "b"], label: 2 }])).toThrow(DataError);
  });
});
