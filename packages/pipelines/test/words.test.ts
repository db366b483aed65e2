import { readFileSync } from "node:fs";
import { ConvBertForTokenClassification } from "@convbert/heads";
import { ConvBertTokenizer } from "@convbert/tokenizer";
import { afterAll, describe, expect, test } from "vitest";
import { createTokenClassification, type EntityGroup, PipelineError, pipeline } from "../src/index.js";
import { folder } from "./support.js";

const label = await pipeline("token-classification", folder("entities"));
const slow = await pipeline("token-classification", folder("entities"), { use_fast: false });
const answer = await pipeline("question-answering", folder("question-answering"));
const slowAnswer = await pipeline("question-answering", folder("question-answering"), { use_fast: false });
afterAll(() => {
  for (const made of [label, slow, answer, slowAnswer]) made.dispose();
});

/** The slow tokenizer joins tokens without cleaning up the spaces before punctuation, as in the reference. */
const unspaced = (entities: readonly { readonly word: string }[]): object[] =>
  entities.map((entity) => ({ ...entity, word: entity.word.replaceAll(" ", "") }));

const WORDS = ["Anna", "lives", "in", "New", "York"];

describe("words that are given as lists", () => {
  const split = { is_split_into_words: true } as const;

  test("are one text, and a list of such lists is several", async () => {
    const one = await label(WORDS, { ...split, ignore_labels: [] });
    expect(one.map(({ start, end }) => WORDS.join(" ").slice(start, end))).toEqual(WORDS);
    expect(await label([WORDS, ["x"]], { ...split, ignore_labels: [] })).toEqual([
      one,
      await label(["x"], { ...split, ignore_labels: [] }),
    ]);
    expect(await label([], split)).toEqual([]);
    const streamed = [];
    for await (const found of label.stream([WORDS, ["x"]], { ...split, ignore_labels: [] })) streamed.push(found);
    expect(streamed).toEqual(await label([WORDS, ["x"]], { ...split, ignore_labels: [] }));
  });

  test("get one label each, whatever is in them", async () => {
    const words = ["Maria's", "house-boat", "😀x😀", "Parised"];
    const joined = words.join(" ");
    for (const strategy of ["first", "average", "max"] as const) {
      const found = await label(words, { ...split, aggregation_strategy: strategy, ignore_labels: [] });
      const edges = new Set([0, ...words.map((_, i) => words.slice(0, i + 1).join(" ").length)]);
      for (const { start, end } of found) {
        expect(edges.has(end)).toBe(true);
        expect(start === 0 || joined[start - 1] === " ").toBe(true);
      }
    }
  });

  test("have places in windows too", async () => {
    const many = Array.from({ length: 100 }, (_, i) => WORDS[i % WORDS.length]!);
    const found: EntityGroup[] = await label(many, {
      ...split,
      aggregation_strategy: "first",
      ignore_labels: [],
      stride: 8,
    });
    expect(found.at(-1)!.end).toBe(many.join(" ").length);
    for (const { start } of found) expect(start === 0 || many.join(" ")[start - 1] === " ").toBe(true);
  });

  test("of other tasks", async () => {
    using classify = await pipeline("text-classification", folder("multi-label"));
    const words = ["the", "old", "film"];
    expect(await classify(words, split)).toEqual(await classify(words.join(" ")));
    expect(await classify([words, ["x"]], split)).toEqual(await classify([words.join(" "), "x"]));
    expect(await classify({ text: words, text_pair: ["good"] }, split)).toEqual(
      await classify({ text: words.join(" "), text_pair: "good" }),
    );
    using embed = await pipeline("feature-extraction", folder("base"));
    expect((await embed(words, split)).data).toEqual((await embed(words.join(" "))).data);
    using fill = await pipeline("fill-mask", folder("masked"));
    expect(await fill(["the", "[MASK]", "film"], split)).toEqual(await fill("the [MASK] film"));
  });

  test("of another form are typed errors", async () => {
    const wrong = ["text", ["a", 5], [["a"], "b"], [["a", null]], 5, null, [[["a"]]]];
    for (const input of wrong) {
      const error: unknown = await label(input as never, split).catch((reason) => reason);
      expect(error).toBeInstanceOf(PipelineError);
      expect((error as PipelineError).code).toBe("invalid-input");
    }
    await expect(label([WORDS] as never)).rejects.toThrow(
      /must be a string, not a list; for words set is_split_into_words/,
    );
  });
});

describe("with the slow tokenizer", () => {
  const texts = [
    "Anna lives in New York, and works on the old bridge!",
    "a dull  book about Zürich",
    "",
    "Johnson visited (Newton).",
  ];

  test("places and answers are those of the fast one", async () => {
    expect(slow.tokenizer).toBeInstanceOf(ConvBertTokenizer);
    for (const options of [
      { ignore_labels: [] },
      { aggregation_strategy: "simple" },
      { aggregation_strategy: "first", ignore_labels: [] },
      { aggregation_strategy: "max" },
    ] as const) {
      const [found, want] = [await slow(texts, options), await label(texts, options)];
      // Where normalizing changes letters ("ü"), places of pieces are those of the word.
      for (const i of [0, 2, 3]) expect(unspaced(found[i]!)).toEqual(unspaced(want[i]!));
      expect(found[1]!.map((entity) => ({ ...entity, start: 0, end: 0 }))).toEqual(
        want[1]!.map((entity) => ({ ...entity, start: 0, end: 0 })),
      );
    }
  });

  test("long texts are read in windows, or cut, or refused", async () => {
    const long = "the old bridge in the north ".repeat(20);
    const options = { aggregation_strategy: "simple", ignore_labels: [], stride: 8 } as const;
    expect(await slow(long, options)).toEqual(await label(long, options));
    expect(await slow(long)).toEqual(await label(long));
    await expect(slow(long, { truncation: false })).rejects.toMatchObject({ code: "too-long", details: { limit: 64 } });
    await expect(label(long, { truncation: false })).rejects.toMatchObject({
      code: "too-long",
      details: { limit: 64 },
    });
  });

  test("words that are given as a list", async () => {
    const options = { is_split_into_words: true, ignore_labels: [] } as const;
    expect(await slow(WORDS, options)).toEqual(await label(WORDS, options));
    const first = { ...options, aggregation_strategy: "first" } as const;
    const words = ["Maria's", "house-boat"];
    expect(unspaced(await slow(words, first))).toEqual(unspaced(await label(words, first)));
  });

  test("questions are answered as with the fast one, by words that white space parts", async () => {
    const context = "Anna lives in Paris and John wrote a fine book about the river";
    const input = { question: "Who wrote the book?", context };
    expect(await slowAnswer(input, { top_k: 5 })).toEqual(await answer(input, { top_k: 5 }));
    expect(await slowAnswer(input, { top_k: 5, align_to_words: false })).toEqual(
      await answer(input, { top_k: 5, align_to_words: false }),
    );
    const long = { question: "Who?", context: `${context} . `.repeat(20) };
    const windows = { max_seq_len: 40, doc_stride: 8, top_k: 3 };
    expect(await slowAnswer(long, windows)).toEqual(await answer(long, windows));
    const [best] = await slowAnswer({ question: "where?", context: "(in Paris), not there" }, { top_k: 1 });
    expect(best!.answer).toMatch(/^\S.*\S$/);
  });

  test("every other task runs", async () => {
    for (const [task, model, input] of [
      ["text-classification", "multi-label", "a film"],
      ["fill-mask", "masked", "the [MASK] is good"],
      ["multiple-choice", "choices", { prompt: "the king", choices: ["lives", "wrote a book"] }],
      ["zero-shot-classification", "entailment", "a film"],
    ] as const) {
      const more = task === "zero-shot-classification" ? ({ candidate_labels: ["music", "food"] } as object) : {};
      using fast = await pipeline(task, folder(model), more);
      using made = await pipeline(task, folder(model), { use_fast: false, ...more });
      const call = made as unknown as (given: unknown) => Promise<unknown>;
      expect(await call(input)).toEqual(await (fast as unknown as (given: unknown) => Promise<unknown>)(input));
    }
  });

  test("can be given ready", async () => {
    const tokenizer = new ConvBertTokenizer(readFileSync(`${folder("entities")}vocab.txt`, "utf8"), {
      model_max_length: 64,
    });
    using own = createTokenClassification({
      tokenizer,
      model: await ConvBertForTokenClassification.fromPretrained(folder("entities")),
    });
    expect(await own("anna lives")).toEqual(await label("anna lives"));
  });
});
