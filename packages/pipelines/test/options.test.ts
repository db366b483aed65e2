import { afterAll, describe, expect, test } from "vitest";
import { createTextClassification, PIPELINE_TASKS, type PipelineTask, pipeline } from "../src/index.js";
import { folder, rejection } from "./support.js";

const classify = await pipeline("text-classification", folder("multi-label"));
const label = await pipeline("token-classification", folder("entities"));
const answer = await pipeline("question-answering", folder("question-answering"));
const fill = await pipeline("fill-mask", folder("masked"));
const choose = await pipeline("multiple-choice", folder("choices"));
const embed = await pipeline("feature-extraction", folder("base"));
const compare = await pipeline("sentence-similarity", folder("base"));
const propose = await pipeline("zero-shot-classification", folder("entailment"));

afterAll(() => {
  for (const made of [classify, label, answer, fill, choose, embed, propose]) made.dispose();
});

/** Options as nobody's types allow them. */
const odd = (options: object): never => options as never;

const QUESTION = { question: "who?", context: "anna painted the museum" };
const CHOICE = { prompt: "the king", choices: ["lives", "wrote"] };
const SIMILAR = { source_sentence: "a film", sentences: ["the queen of the north", "a book"] };
const CALLS: Readonly<Record<PipelineTask, (options: object) => Promise<unknown>>> = {
  "text-classification": (options) => classify("x", odd(options)),
  "token-classification": (options) => label("x", odd(options)),
  "question-answering": (options) => answer(QUESTION, odd(options)),
  "fill-mask": (options) => fill("a [MASK]", odd(options)),
  "multiple-choice": (options) => choose(CHOICE, odd(options)),
  "feature-extraction": (options) => embed("x", odd(options)),
  "sentence-similarity": (options) => compare(SIMILAR, odd(options)),
  "zero-shot-classification": (options) => propose("x", ["music"], odd(options)),
};

describe("unknown options are errors that name what was meant", () => {
  test.each([
    ["text-classification", { topk: 2 }, /no option "topk"; did you mean top_k\?/],
    ["text-classification", { topK: 2 }, /no option "topK"; did you mean top_k\?/],
    ["text-classification", { return_all_scores: true }, /"return_all_scores"; use top_k: null/],
    ["text-classification", { function: "none" }, /no option "function"; it has .*function_to_apply/],
    ["text-classification", { functionToApply: "none" }, /did you mean function_to_apply\?/],
    ["text-classification", { truncate: true }, /did you mean truncation\?/],
    ["text-classification", { padding: true }, /"padding"; leave it out: texts run at their own lengths/],
    ["text-classification", { batch_size: 8 }, /"batch_size"; did you mean batchTokens\?/],
    ["token-classification", { aggregationStrategy: "simple" }, /did you mean aggregation_strategy\?/],
    ["token-classification", { agregation_strategy: "simple" }, /did you mean aggregation_strategy\?/],
    ["token-classification", { grouped_entities: true }, /use aggregation_strategy: "simple"/],
    ["token-classification", { ignore_subwords: true }, /use aggregation_strategy: "first"/],
    ["token-classification", { ignoreLabels: [] }, /did you mean ignore_labels\?/],
    ["token-classification", { isSplitIntoWords: true }, /did you mean is_split_into_words\?/],
    ["question-answering", { topk: 2 }, /did you mean top_k\?/],
    ["question-answering", { docStride: 2 }, /did you mean doc_stride\?/],
    ["question-answering", { is_split_into_words: true }, /no option "is_split_into_words"/],
    ["fill-mask", { target: "river" }, /did you mean targets\?/],
    ["multiple-choice", { top_k: 1 }, /multiple-choice has no option "top_k"; it has /],
    ["feature-extraction", { pool: "mean" }, /"pool"; it has .*pooling/],
    ["feature-extraction", { normalise: true }, /did you mean normalize\?/],
    ["zero-shot-classification", { multi_class: true }, /did you mean multi_label\?/],
    ["zero-shot-classification", { multiLabel: true }, /did you mean multi_label\?/],
    ["zero-shot-classification", { hypothesisTemplate: "{}" }, /did you mean hypothesis_template\?/],
  ] as const)("%s %j", async (task, options, message) => {
    const error = await rejection(CALLS[task](options));
    expect(error).toMatchObject({ code: "invalid-option", details: { option: Object.keys(options)[0] } });
    expect(error.message).toMatch(message);
  });

  test("wherever they are given: calls, streams, creation", async () => {
    expect((await rejection(classify.stream(["x"], odd({ topk: 1 })).next())).message).toMatch(/did you mean top_k/);
    const { model, tokenizer } = classify;
    expect(() => createTextClassification({ model, tokenizer }, odd({ topk: 1 }))).toThrow(/did you mean top_k/);
    const made = pipeline("text-classification", folder("multi-label"), odd({ topk: 1 }));
    expect((await rejection(made)).message).toMatch(/did you mean top_k\?/);
    const loading = pipeline("text-classification", folder("multi-label"), odd({ cacheDir: "x" }));
    expect((await rejection(loading)).message).toMatch(/no option "cacheDir"/);
    for (const options of [5, "top_k", ["top_k"], null]) {
      expect((await rejection(classify("x", options as never))).message).toMatch(
        /options of text-classification must be/,
      );
    }
  });

  test("names from elsewhere are quoted without what a terminal would act on", async () => {
    const { message } = await rejection(CALLS["fill-mask"]({ "\u001b[2J\u202e\u009b1m": 1 }));
    expect(message).toContain('"\\u001b[2J\\u202e\\u009b1m"');
  });
});

describe("unknown fields are errors that name what was meant", () => {
  test.each([
    [
      "textPair",
      () => classify({ text: "a", textPair: "b" } as never),
      /a text has no field "textPair"; did you mean text_pair\?/,
    ],
    ["pair", () => classify({ text: "a", pair: "b" } as never), /no field "pair"; it has text, text_pair/],
    ["label", () => classify([{ text: "a", label: "b" }] as never), /no field "label"/],
    ["questoin", () => answer({ questoin: "a", context: "b" } as never), /did you mean question\?/],
    ["ctx", () => answer({ question: "a", ctx: "b" } as never), /no field "ctx"/],
    ["Choices", () => choose({ prompt: "a", Choices: ["b"] } as never), /did you mean choices\?/],
  ])("%s", async (_name, call, message) => {
    const error = await rejection(call());
    expect(error.code).toBe("invalid-input");
    expect(error.message).toMatch(message);
  });
});

describe("values of another kind are typed errors", () => {
  const wrong: readonly (readonly [PipelineTask, object])[] = [
    ["text-classification", { top_k: "2" }],
    ["text-classification", { top_k: Number.NaN }],
    ["text-classification", { truncation: "yes" }],
    ["text-classification", { max_length: 0 }],
    ["text-classification", { batchTokens: 0 }],
    ["text-classification", { signal: {} }],
    ["text-classification", { signal: null }],
    ["text-classification", { onProgress: "yes" }],
    ["text-classification", { is_split_into_words: 1 }],
    ["token-classification", { aggregation_strategy: "SIMPLE" }],
    ["token-classification", { ignore_labels: "O" }],
    ["token-classification", { ignore_labels: [1] }],
    ["token-classification", { stride: -1, aggregation_strategy: "simple" }],
    ["token-classification", { delimiter: 5, is_split_into_words: true }],
    ["question-answering", { top_k: 0 }],
    ["question-answering", { max_answer_len: 0 }],
    ["question-answering", { max_question_len: 0 }],
    ["question-answering", { doc_stride: 1.5 }],
    ["question-answering", { handle_impossible_answer: "no" }],
    ["question-answering", { align_to_words: null }],
    ["fill-mask", { targets: 5 }],
    ["fill-mask", { targets: ["river", 5] }],
    ["fill-mask", { joint: true, whole_targets: true, targets: "river" }],
    ["fill-mask", { whole_targets: true }],
    ["multiple-choice", { padding: "longest" }],
    ["feature-extraction", { pooling: "last" }],
    ["feature-extraction", { normalize: "l2" }],
    ["zero-shot-classification", { hypothesis_template: null }],
    ["zero-shot-classification", { hypothesis_template: 5 }],
    ["zero-shot-classification", { multi_label: null }],
    ["zero-shot-classification", { onWarning: null }],
  ];
  test.each(wrong)("%s %o", async (task, options) => {
    expect((await rejection(CALLS[task](options))).code).toBe("invalid-option");
  });

  test("inputs too", async () => {
    const inputs = [undefined, null, 5, {}, [null], { text: null }, { text: 5 }, { text: "a", text_pair: 5 }];
    for (const input of inputs) expect((await rejection(classify(input as never))).code).toBe("invalid-input");
    for (const input of [undefined, 5, [null]])
      expect((await rejection(label(input as never))).code).toBe("invalid-input");
    for (const input of [null, 5, "x", { question: null, context: "x" }, { question: "x" }]) {
      expect((await rejection(answer(input as never))).code).toBe("invalid-input");
    }
    for (const input of [null, { prompt: null, choices: ["a"] }, { prompt: "a", choices: [null] }, { prompt: "a" }]) {
      expect((await rejection(choose(input as never))).code).toBe("invalid-input");
    }
    for (const input of [null, 5, { text: "x" }]) {
      expect((await rejection(propose(input as never, ["music"]))).code).toBe("invalid-input");
    }
    for (const labels of [null, 5, [5], [null]]) {
      const { code } = await rejection(propose("x", labels as never));
      expect(["invalid-option", "invalid-input"]).toContain(code);
    }
  });

  test("null is the default where the reference has None for it", async () => {
    expect(await label("anna lives", odd({ aggregation_strategy: null, ignore_labels: null, stride: null }))).toEqual(
      await label("anna lives"),
    );
    expect(await answer(QUESTION, odd({ top_k: null, max_seq_len: null, doc_stride: null }))).toEqual(
      await answer(QUESTION),
    );
    expect(await fill("a [MASK]", odd({ targets: null, top_k: null }))).toEqual(await fill("a [MASK]"));
    expect(await classify("x", odd({ function_to_apply: null, max_length: null }))).toEqual(await classify("x"));
    expect(await classify({ text: "x", text_pair: null } as never)).toEqual(await classify("x"));
  });
});

describe("zero-shot templates have one place for the label", () => {
  test.each([
    ["no place", /has no \{\} where the label should go/],
    ["{} and {}", /has 2 times \{\}; the label goes into one place/],
    ["{}{}{}", /has 3 times \{\}/],
    ["{0}", /has no \{\}/],
    ["{label}", /has no \{\}/],
    ["", /has no \{\}/],
  ])("%j", async (template, message) => {
    const error = await rejection(propose("a film", ["music"], { hypothesis_template: template }));
    expect(error).toMatchObject({ code: "invalid-option", details: { option: "hypothesis_template" } });
    expect(error.message).toMatch(message);
  });

  test("other braces stay what they are", async () => {
    expect((await propose("a film", ["music", "food"], { hypothesis_template: "{a} {} }" })).labels).toHaveLength(2);
  });
});

describe("options of calls at creation", () => {
  test("hold for calls and streams, and a call's own come first", async () => {
    using two = await pipeline("text-classification", folder("multi-label"), { top_k: 2, function_to_apply: "none" });
    const want = await classify("a film", { top_k: 2, function_to_apply: "none" });
    expect(await two("a film")).toEqual(want);
    expect(await two(["a film"])).toEqual([want]);
    for await (const found of two.stream(["a film"])) expect(found).toEqual(want);
    expect(await two("a film", { top_k: 1 })).toEqual(want.slice(0, 1));
    expect(await two("a film", { top_k: undefined, function_to_apply: undefined } as never)).toEqual(want);
    // Not disposed: the model is that of the other pipeline.
    const own = createTextClassification({ model: classify.model, tokenizer: classify.tokenizer }, { top_k: 2 });
    expect(await own("a film")).toEqual(await classify("a film", { top_k: 2 }));
  });

  test("of every task", async () => {
    const cases: readonly (readonly [PipelineTask, string, object, () => Promise<unknown>])[] = [
      [
        "token-classification",
        "entities",
        { aggregation_strategy: "simple", ignore_labels: [] },
        () => label("anna lives", { aggregation_strategy: "simple", ignore_labels: [] }),
      ],
      [
        "question-answering",
        "question-answering",
        { top_k: 3, max_answer_len: 2 },
        () => answer(QUESTION, { top_k: 3, max_answer_len: 2 }),
      ],
      [
        "fill-mask",
        "masked",
        { top_k: 2, targets: ["river", "city"] },
        () => fill("a [MASK]", { top_k: 2, targets: ["river", "city"] }),
      ],
      ["sentence-similarity", "base", { top_k: 1 }, () => compare(SIMILAR, { top_k: 1 })],
      ["multiple-choice", "choices", { padding: true }, () => choose(CHOICE, { padding: true })],
      ["feature-extraction", "base", { pooling: "mean" }, () => embed("anna lives", { pooling: "mean" })],
      [
        "zero-shot-classification",
        "entailment",
        { candidate_labels: ["a", "b"], multi_label: true },
        () => propose("anna lives", ["a", "b"], { multi_label: true }),
      ],
    ];
    const inputs: Readonly<Record<string, unknown>> = {
      "question-answering": QUESTION,
      "fill-mask": "a [MASK]",
      "multiple-choice": CHOICE,
      "sentence-similarity": SIMILAR,
    };
    for (const [task, model, options, want] of cases) {
      const made = await pipeline(task, folder(model), options);
      const found = await (made as unknown as (input: unknown) => Promise<unknown>)(inputs[task] ?? "anna lives");
      expect(found).toEqual(await want());
      made.dispose();
    }
  });

  test("are checked before anything is loaded", async () => {
    const wrong: readonly unknown[] = [
      ...[null, 5, "x", [], () => 1],
      ...[
        { top_k: 0 },
        { use_fast: 1 },
        { config: 5 },
        { config: null },
        { signal: 5 },
        { onProgress: "x" },
        { seed: "x" },
      ],
      ...[{ fetch: 5 }, { revision: 5 }, { timeout: "x" }, { offline: "yes" }, { threads: "2" }, { allowNewHead: 1 }],
    ];
    for (const options of wrong) {
      expect((await rejection(pipeline("fill-mask", "./nowhere", options as never))).code).toBe("invalid-option");
    }
  });

  test("warnings of calls go where those of loading go", async () => {
    const warnings: string[] = [];
    using made = await pipeline("fill-mask", folder("masked"), { onWarning: (text) => warnings.push(text) });
    await made("the [MASK]", { targets: "riverside" });
    expect(warnings).toEqual([expect.stringContaining("riverside")]);
  });

  test("candidate labels can be among a call's options", async () => {
    expect(await propose("a film", { candidate_labels: "music, food" })).toEqual(
      await propose("a film", ["music", "food"]),
    );
    const [found] = await propose(["a film"], { candidate_labels: ["music"], multi_label: true });
    expect(found).toEqual(await propose("a film", ["music"], { multi_label: true }));
    expect((await rejection(propose("a film"))).message).toContain("candidate labels are missing");
  });
});

describe("names of tasks", () => {
  test("have the reference's aliases", async () => {
    using ner = await pipeline("ner", folder("entities"), { aggregation_strategy: "simple" });
    expect(ner.task).toBe("token-classification");
    expect(await ner("anna lives")).toEqual(await label("anna lives", { aggregation_strategy: "simple" }));
    using sentiment = await pipeline("sentiment-analysis", folder("multi-label"));
    expect(sentiment.task).toBe("text-classification");
    expect(await sentiment("a film", { top_k: null })).toEqual(await classify("a film", { top_k: null }));
  });

  test("that do not exist are answered with the nearest, and all", async () => {
    for (const [name, meant] of [
      ["text_classification", "text-classification"],
      ["TokenClassification", "token-classification"],
      ["fillmask", "fill-mask"],
      ["sentiment_analysis", "sentiment-analysis"],
      ["zero-shot-clasification", "zero-shot-classification"],
    ]) {
      expect((await rejection(pipeline(name as PipelineTask, folder("base")))).message).toContain(
        `did you mean ${meant}?`,
      );
    }
    const { message } = await rejection(pipeline("toString" as PipelineTask, folder("base")));
    for (const task of PIPELINE_TASKS) expect(message).toContain(task);
    expect(message).not.toContain("did you mean");
  });
});
