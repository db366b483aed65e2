import { readFileSync } from "node:fs";
import { ConvBertForTokenClassification } from "@convbert/heads";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { expect, test } from "vitest";
import { createTokenClassification, type LabelScore, pipeline } from "../src/index.js";
import { schemeOf, splitLabel } from "../src/label-scheme.js";
import { folder } from "./support.js";

const LONG = "the old bridge in the north ".repeat(20);

/** A test for every heading of the page, by its name. */
const DIVERGENCES: Readonly<Record<string, () => Promise<void>>> = {
  async "Texts of a list are never padded"() {
    using classify = await pipeline("text-classification", folder("multi-label"));
    const texts = ["x", "the queen of the north wrote a fine book about music"];
    const together = await classify(texts, { top_k: null });
    for (const [i, text] of texts.entries()) expect(together[i]).toEqual(await classify(text, { top_k: null }));
    await expect(classify(texts, { padding: true } as never)).rejects.toThrow(/never padded/);
    using choose = await pipeline("multiple-choice", folder("choices"));
    const choice = { prompt: "Anna works in", choices: ["Paris", "a red train station"] };
    expect(await choose(choice, { padding: true })).not.toEqual(await choose(choice));
  },

  async "Unknown options and fields are errors"() {
    using label = await pipeline("token-classification", folder("entities"));
    await expect(label("x", { grouped_entities: true } as never)).rejects.toThrow(/use aggregation_strategy: "simple"/);
    using classify = await pipeline("text-classification", folder("multi-label"));
    await expect(classify({ text: "a", textPair: "b" } as never)).rejects.toThrow(/did you mean text_pair/);
  },

  async "A list of one text gives a list of one answer"() {
    using answer = await pipeline("question-answering", folder("question-answering"));
    const input = { question: "who?", context: "Anna lives in Paris" };
    expect(await answer([input])).toEqual([await answer(input)]);
    using propose = await pipeline("zero-shot-classification", folder("entailment"));
    expect(await propose(["a film"], ["music"])).toEqual([await propose("a film", ["music"])]);
    using label = await pipeline("token-classification", folder("entities"));
    expect(await label(["anna"])).toEqual([await label("anna")]);
  },

  async "Places are UTF-16 units"() {
    using label = await pipeline("token-classification", folder("entities"));
    const text = "😀😀 anna 𠀀 Paris";
    const found = await label(text, { ignore_labels: [] });
    expect(found.map(({ start, end }) => text.slice(start, end))).toEqual(["😀😀", "anna", "𠀀", "Paris"]);
  },

  async "A text that is too long is an error"() {
    using classify = await pipeline("text-classification", folder("multi-label"));
    await expect(classify(LONG)).rejects.toMatchObject({ code: "too-long" });
    expect(await classify(LONG, { truncation: true })).toHaveLength(1);
    using label = await pipeline("token-classification", folder("entities"));
    expect(await label(LONG)).toEqual(await label(LONG, { truncation: true }));
    await expect(label(LONG, { truncation: false })).rejects.toMatchObject({ code: "too-long" });
    using propose = await pipeline("zero-shot-classification", folder("entailment"));
    expect((await propose(LONG, ["music"])).labels).toEqual(["music"]);
    await expect(propose(LONG, ["music"], { truncation: false })).rejects.toMatchObject({ code: "too-long" });
    using answer = await pipeline("question-answering", folder("question-answering"));
    await expect(answer({ question: LONG, context: "x" })).rejects.toMatchObject({ code: "too-long" });
    const cut = await answer({ question: LONG, context: "Anna lives" }, { truncation: true });
    expect("Anna lives".slice(cut.start, cut.end)).toBe(cut.answer);
  },

  async "Which tokens continue a word is known from the tokenizer"() {
    const words = ["한", "글"];
    const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...words.map((word) => word.normalize("NFD"))];
    const tokenizer = new ConvBertTokenizerFast(vocabulary, { model_max_length: 64 });
    const model = await ConvBertForTokenClassification.fromPretrained(folder("entities"));
    using korean = createTokenClassification({ tokenizer, model });
    const tokens = await korean(words.join(" "), { ignore_labels: [] });
    const [group] = await korean(words.join(" "), { aggregation_strategy: "first", ignore_labels: [] });
    expect(group!.score).toBeCloseTo((tokens[0]!.score + tokens[1]!.score) / 2, 6);
  },

  async "A word that was given is one word"() {
    using label = await pipeline("token-classification", folder("entities"), {
      aggregation_strategy: "first",
      ignore_labels: [],
    });
    const first = (await label(["house-boat"], { is_split_into_words: true } as never)) as object[];
    expect(first).toHaveLength(1);
    expect(first[0]).toMatchObject({ start: 0, end: "house-boat".length });
  },

  async "Only the mark of the scheme is taken from a label"() {
    const scheme = schemeOf(["O", "B-PER", "I-PER", "gross-tax", "net-tax"]);
    expect(["gross-tax", "net-tax", "B-PER"].map((label) => splitLabel(label, scheme).kind)).toEqual([
      "gross-tax",
      "net-tax",
      "PER",
    ]);
  },

  async "Labels that mark ends are read as what they say"() {
    const names = ["O", "B-PER", "I-PER", "E-PER", "S-PER", "S-LOC"];
    const config = { id2label: { ...names }, label2id: Object.fromEntries(names.map((name, i) => [name, i])) };
    using label = await pipeline("token-classification", folder("entities"), { config });
    const text = "Anna lives in New York, and works on the old bridge with Maria!";
    const tokens = await label(text, { ignore_labels: [] });
    const groups = await label(text, { aggregation_strategy: "simple", ignore_labels: [] });
    // A group begins wherever the labels say so, and nowhere else.
    const begins = tokens.filter(({ entity }, i) => {
      const before = i === 0 ? "" : tokens[i - 1]!.entity;
      const isEnd = /^[ES]-/.test(before);
      return isEnd || /^[BS]-/.test(entity) || before.replace(/^.-/, "") !== entity.replace(/^.-/, "");
    });
    expect(groups.map(({ start }) => start)).toEqual(begins.map(({ start }) => start));
    expect(tokens.some(({ entity }) => /^[ES]-/.test(entity))).toBe(true);
  },

  async "Question answering without top_k gives one answer, with it a list"() {
    using answer = await pipeline("question-answering", folder("question-answering"));
    const input = { question: "who?", context: "Anna lives in Paris" };
    expect(await answer(input, { top_k: 1 })).toEqual([await answer(input)]);
  },

  async "Answers never end before they begin, and windows always fit"() {
    using answer = await pipeline("question-answering", folder("question-answering"));
    for (const found of await answer({ question: "who?", context: "Anna lives in Paris" }, { top_k: 100 })) {
      expect(found.end).toBeGreaterThan(found.start);
    }
    const question = "who ".repeat(50);
    expect((await answer({ question, context: LONG })).answer).not.toBe("");
    const cut = await answer({ question: "who lives", context: LONG }, { max_question_len: 1 });
    expect(cut).toEqual(await answer({ question: "who", context: LONG }));
    await expect(answer({ question, context: LONG }, { max_seq_len: 65 })).rejects.toThrow(/takes 64 tokens at most/);
  },

  async "Features have no leading axis of 1"() {
    using embed = await pipeline("feature-extraction", folder("base"));
    expect((await embed("the queen")).shape).toEqual([4, 16]);
  },

  async "A template has one place for the label"() {
    using propose = await pipeline("zero-shot-classification", folder("entailment"));
    for (const template of ["{} {}", "{0}", "{x}"]) {
      await expect(propose("x", ["a"], { hypothesis_template: template })).rejects.toMatchObject({
        code: "invalid-option",
      });
    }
    expect((await propose("x", ["a"], { hypothesis_template: "{x} {}" })).labels).toEqual(["a"]);
  },

  async "A pair is written with names"() {
    using classify = await pipeline("text-classification", folder("multi-label"));
    await expect(classify([["a", "b"]] as never)).rejects.toThrow(/a pair is written \{ text/);
    const found: LabelScore[] = await classify({ text: "a", text_pair: "b" });
    expect(found).toHaveLength(1);
  },

  async "Slow tokenizers have places, words and windows"() {
    using label = await pipeline("token-classification", folder("entities"), { use_fast: false });
    const text = "Anna 😀 Zürich";
    const found = await label(text, { ignore_labels: [] });
    expect(found[0]).toMatchObject({ word: "anna", start: 0, end: 4 });
    expect(found[1]).toMatchObject({ word: "😀", start: 5, end: 7 });
    const pieces = found.slice(2).map(({ start, end }) => text.slice(start, end));
    expect(pieces[0]).toBe("Z");
    expect(new Set(pieces.slice(1))).toEqual(new Set(["Zürich"]));
    const options = { aggregation_strategy: "first", ignore_labels: [], stride: 8 } as const;
    expect((await label(LONG, options)).at(-1)!.end).toBe(LONG.trimEnd().length);
    using answer = await pipeline("question-answering", folder("question-answering"), { use_fast: false });
    const context = "Anna lives (in Paris).";
    const best = await answer({ question: "who?", context });
    expect(context.slice(best.start, best.end)).toBe(best.answer);
    expect(best.answer).toMatch(/^(Anna|lives|\(in|Paris\)\.)( |$)/);
  },
};

test.each(Object.entries(DIVERGENCES))("%s", async (_name, check) => check());

test("every divergence of the page has its test, and every test its divergence", () => {
  const page = readFileSync(new URL("../DIVERGENCES.md", import.meta.url), "utf8");
  const headings = Array.from(page.matchAll(/^## (.+)$/gm), ([, heading]) => heading);
  expect(headings).toEqual(Object.keys(DIVERGENCES));
});
