import { ConvBertForTokenClassification } from "@convbert/heads";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { afterAll, describe, expect, test } from "vitest";
import {
  createTokenClassification,
  type PipelineError,
  type PipelineTask,
  pipeline,
  type RunProgress,
} from "../src/index.js";
import { folder, rejection } from "./support.js";

const classify = await pipeline("text-classification", folder("multi-label"));
const label = await pipeline("token-classification", folder("entities"));
const answer = await pipeline("question-answering", folder("question-answering"));
const fill = await pipeline("fill-mask", folder("masked"));
const choose = await pipeline("multiple-choice", folder("choices"));
const embed = await pipeline("feature-extraction", folder("base"));
const propose = await pipeline("zero-shot-classification", folder("entailment"));

afterAll(() => {
  for (const made of [classify, label, answer, fill, choose, embed, propose]) made.dispose();
});

const modelOf = (name: string) => ConvBertForTokenClassification.fromPretrained(folder(name));

const LONG = "the old bridge in the north ".repeat(20);

describe("lists", () => {
  const texts = ["a film", "the queen of the north wrote a fine book about music", "x", ""];

  test("results come in the order of the texts", async () => {
    const all = await classify(texts, { top_k: null });
    for (const [i, text] of texts.entries()) expect(all[i]).toEqual(await classify(text, { top_k: null }));
  });

  test("a text's answer does not depend on its neighbours", async () => {
    const together = await embed(texts, { pooling: "mean" });
    for (const [i, text] of texts.entries()) {
      const alone = await embed(text, { pooling: "mean" });
      expect(together[i]!.data).toEqual(alone.data);
    }
  });

  test("an empty list has no answers", async () => {
    expect(await classify([])).toEqual([]);
    expect(await label([], { aggregation_strategy: "simple" })).toEqual([]);
  });

  test("an error names the text it is about", async () => {
    const error = await rejection(classify(["fine", LONG]));
    expect(error).toMatchObject({ code: "too-long", index: 1, details: { limit: 64 } });
    expect(error.message).toMatch(/^input 1: the text has \d+ tokens and the model takes 64/);
  });
});

describe("progress and cancellation", () => {
  test("progress counts rows and tokens, batch by batch", async () => {
    const input = { prompt: "the king", choices: ["lives", "wrote a book"] };
    const run = async (batchTokens?: number) => {
      const seen: RunProgress[] = [];
      await choose(input, {
        onProgress: (progress) => seen.push(progress),
        ...(batchTokens !== undefined && { batchTokens }),
      });
      return seen;
    };
    // [CLS] the king [SEP] lives [SEP], and with three words: the longer one first.
    expect(await run()).toEqual([{ done: 2, total: 2, tokens: 14 }]);
    expect(await run(14)).toEqual([{ done: 2, total: 2, tokens: 14 }]);
    expect(await run(13)).toEqual([
      { done: 1, total: 2, tokens: 8 },
      { done: 2, total: 2, tokens: 14 },
    ]);
  });

  test("an abort stops the list with the signal's reason, and the pipeline goes on", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let done = 0;
    const running = classify(Array(50).fill("a film"), {
      batchTokens: 4,
      signal: controller.signal,
      onProgress() {
        if (++done === 3) controller.abort(reason);
      },
    });
    await expect(running).rejects.toBe(reason);
    expect(done).toBe(3);
    expect(await classify("a film")).toHaveLength(1);
  });

  test("a signal that is aborted already stops before any work", async () => {
    await expect(classify("a film", { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });
});

describe("texts that are longer than the model takes", () => {
  test("are an error, unless truncation is asked for", async () => {
    expect((await rejection(classify(LONG))).code).toBe("too-long");
    expect(await classify(LONG, { truncation: true })).toHaveLength(1);
    const cut = await embed(LONG, { truncation: true, max_length: 10 });
    expect(cut.shape).toEqual([10, 16]);
    expect((await rejection(embed(LONG, { max_length: 1000 }))).code).toBe("invalid-option");
  });

  test("are read whole in windows that overlap", async () => {
    const cut = await label(LONG, { aggregation_strategy: "simple", ignore_labels: [] });
    const whole = await label(LONG, { aggregation_strategy: "simple", ignore_labels: [], stride: 8 });
    expect(cut.at(-1)!.end).toBeLessThan(LONG.length - 100);
    expect(whole.at(-1)!.end).toBe(LONG.trimEnd().length);
    for (const [i, group] of whole.entries()) {
      if (i > 0) expect(group.start).toBeGreaterThanOrEqual(whole[i - 1]!.end);
    }
  });

  test("a long context does not hide its end", async () => {
    const context = `${LONG} anna painted the museum`;
    const answers = await answer({ question: "who?", context }, { top_k: 200, max_answer_len: 3 });
    expect(Math.max(...answers.map(({ end }) => end))).toBe(context.length);
    for (const { start, end, answer: text } of answers) expect(context.slice(start, end)).toBe(text);
  });
});

describe("places are UTF-16 units of the text", () => {
  test("behind characters of two units", async () => {
    const text = "😀😀 anna 𠀀 Paris";
    const tokens = await label(text, { ignore_labels: [] });
    expect(tokens.map(({ start, end }) => text.slice(start, end))).toEqual(["😀😀", "anna", "𠀀", "Paris"]);
    expect(tokens.map(({ word }) => word)).toEqual(["😀😀", "anna", "𠀀", "paris"]);
    expect(tokens.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });

  test("words are known from the tokenizer, not guessed from lengths", async () => {
    // Decomposed, each of these words is a token of three characters. The reference compares that with the one
    // character in the text and takes the second word for a continuation of the first.
    const words = ["한", "글"];
    const tokenizer = new ConvBertTokenizerFast(
      ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...words.map((word) => word.normalize("NFD"))],
      { model_max_length: 64 },
    );
    using korean = createTokenClassification({ tokenizer, model: await modelOf("entities") });
    const tokens = await korean(words.join(" "), { ignore_labels: [] });
    expect(tokens.map(({ word }) => word.normalize("NFC"))).toEqual(words);
    // Both get the same label here, so two words give the mean of their scores; one word would give the first's.
    const [group] = await korean(words.join(" "), { aggregation_strategy: "first", ignore_labels: [] });
    expect(group).toMatchObject({ start: 0, end: 3 });
    expect(group!.score).toBeCloseTo((tokens[0]!.score + tokens[1]!.score) / 2, 6);
    expect(group!.score).not.toBeCloseTo(tokens[0]!.score, 6);
  });
});

describe("question answering", () => {
  const context = "Anna lives in Paris. John wrote a book.";

  test("a question may be cut", async () => {
    const question = "who who who who who who";
    const cut = await answer({ question, context }, { max_question_len: 1 });
    expect(cut).toEqual(await answer({ question: "who", context }));
    expect(cut).not.toEqual(await answer({ question, context }));
  });

  test("needs room for the context", async () => {
    const error = await rejection(answer({ question: LONG, context }));
    expect(error).toMatchObject({ code: "too-long", details: { limit: 64 } });
    expect((await rejection(answer({ question: "who?", context }, { doc_stride: 70 }))).code).toBe("invalid-option");
    expect((await rejection(answer({ question: "who?", context }, { max_seq_len: 65 }))).code).toBe("invalid-option");
  });

  test("refuses an empty question or context", async () => {
    expect((await rejection(answer({ question: "", context }))).code).toBe("invalid-input");
    expect((await rejection(answer({ question: "who?", context: "" }))).code).toBe("invalid-input");
    expect((await rejection(answer("who?" as never))).code).toBe("invalid-input");
  });

  test("a context of white space has no answer", async () => {
    expect(await answer({ question: "who?", context: " \n " })).toEqual({ score: 0, start: 0, end: 0, answer: "" });
    expect(await answer({ question: "who?", context: " \n " }, { top_k: 3 })).toEqual([]);
  });
});

describe("fill-mask", () => {
  test("a text without a mask is an error that shows it", async () => {
    const error = await rejection(fill("the film is good"));
    expect(error.code).toBe("no-mask");
    expect(error.message).toContain("[MASK]");
    expect(error.message).toContain("the film is good");
  });

  test("warns of targets that are not in the vocabulary", async () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    const found = (await fill("the [MASK]", { targets: ["riverside", "city"], onWarning })) as { token_str: string }[];
    expect(found.map(({ token_str }) => token_str).sort()).toEqual(["city", "river"]);
    expect(warnings).toEqual(['the target "riverside" is not in the vocabulary; river takes its place']);
    expect((await rejection(fill("the [MASK]", { targets: [], onWarning }))).code).toBe("invalid-option");
  });
});

describe("zero-shot classification", () => {
  test("needs labels and a place for them", async () => {
    expect((await rejection(propose("a film", []))).code).toBe("invalid-option");
    expect((await rejection(propose("a film", ", ,"))).code).toBe("invalid-option");
    const error = await rejection(propose("a film", ["music"], { hypothesis_template: "no place" }));
    expect(error.message).toContain('"no place" has no {}');
  });

  test("labels are taken literally", async () => {
    expect((await propose("a film", ["$& music", "food"])).labels.sort()).toEqual(["$& music", "food"]);
  });
});

describe("features", () => {
  test("normalized vectors have length 1", async () => {
    const { data, shape } = await embed("the queen", { normalize: true });
    expect(shape).toEqual([4, 16]);
    for (let row = 0; row < 4; row++) expect(Math.hypot(...data.subarray(row * 16, row * 16 + 16))).toBeCloseTo(1, 5);
  });
});

describe("wrong use", () => {
  test("of options and inputs gives typed errors", async () => {
    const wrong: [Promise<unknown>, PipelineError["code"]][] = [
      [classify("x", { top_k: 0 }), "invalid-option"],
      [classify("x", { top_k: 1.5 }), "invalid-option"],
      [classify("x", { function_to_apply: "relu" as never }), "invalid-option"],
      [classify(5 as never), "invalid-input"],
      [classify(null as never), "invalid-input"],
      [classify([["a", "b"]] as never), "invalid-input"],
      [label("x", { aggregation_strategy: "mean" as never }), "invalid-option"],
      [label("x", { stride: 5 }), "invalid-option"],
      [label("x", { stride: 62, aggregation_strategy: "simple" }), "invalid-option"],
      [choose({ prompt: "x", choices: [] }), "invalid-input"],
      [choose({ prompt: "x" } as never), "invalid-input"],
      [embed("x", { pooling: "last" as never }), "invalid-option"],
      [pipeline("translation" as PipelineTask, folder("base")), "invalid-option"],
    ];
    for (const [promise, code] of wrong) expect((await rejection(promise)).code).toBe(code);
  });

  test("a folder that is not there is named", async () => {
    await expect(pipeline("fill-mask", folder("nothing-here"))).rejects.toThrow(/nothing-here/);
  });
});

describe("loading", () => {
  test("reports what a checkpoint lacks", async () => {
    const warnings: string[] = [];
    await expect(pipeline("text-classification", folder("base"))).rejects.toThrow(/no head.*allowNewHead/);
    const other = await pipeline("text-classification", folder("base"), {
      allowNewHead: true,
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings.join("\n")).toMatch(/newly initialized.*classifier/);
    other.dispose();
  });

  test("takes a tokenizer from elsewhere, and models that are loaded already", async () => {
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(folder("base"));
    using own = createTokenClassification({ model: await modelOf("entities"), tokenizer });
    expect(own.task).toBe("token-classification");
    expect(await own("anna lives")).toEqual(await label("anna lives"));
    using other = await pipeline("token-classification", folder("entities"), { tokenizer: folder("base") });
    expect(await other("anna lives")).toEqual(await label("anna lives"));
  });

  test("both backends agree", async () => {
    using reference = await pipeline("text-classification", folder("multi-label"), { backend: "reference" });
    const [ours, readable] = [await classify("the old king"), await reference("the old king")];
    expect(ours[0]!.label).toBe(readable[0]!.label);
    expect(ours[0]!.score).toBeCloseTo(readable[0]!.score, 5);
  });

  test("dispose gives the memory back and can be repeated", async () => {
    const before = classify.model as unknown as { backend: { memory(): { liveBytes: number } } };
    const live = () => before.backend.memory().liveBytes;
    const start = live();
    const made = await pipeline("text-classification", folder("multi-label"));
    await made(["a film", "the king"]);
    expect(live()).toBeGreaterThan(start);
    made.dispose();
    made.dispose();
    expect(live()).toBe(start);
  });
});
