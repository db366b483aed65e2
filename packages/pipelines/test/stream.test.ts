import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PipelineError, type Pipelines, type PipelineTask, pipeline, type RunProgress } from "../src/index.js";
import { FOLDERS } from "./support.js";

const load = <Task extends PipelineTask>(task: Task): Promise<Pipelines[Task]> =>
  pipeline(task, FOLDERS[task]) as Promise<Pipelines[Task]>;

const TEXTS = ["a film", "the queen of the north wrote a fine book about music", "x", "", "anna lives in paris"];

let classify: Pipelines["text-classification"];
beforeAll(async () => {
  classify = await load("text-classification");
});
afterAll(() => classify.dispose());

async function collect<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** Values one after the other, with a pause before each. */
async function* slowly<Value>(values: Iterable<Value>, milliseconds: number): AsyncGenerator<Value> {
  for (const value of values) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    yield value;
  }
}

type Call = (input: unknown, ...rest: unknown[]) => Promise<unknown>;
type Stream = (inputs: unknown, ...rest: unknown[]) => AsyncIterable<unknown>;

const QUESTIONS = TEXTS.slice(1, 3).map((text) => ({ question: `${text}?`, context: `anna painted ${text} in paris` }));
const CASES: readonly (readonly [PipelineTask, readonly unknown[], ...unknown[]])[] = [
  ["text-classification", TEXTS],
  ["text-classification", [...TEXTS, { text: "a film", text_pair: "a book" }], { top_k: null }],
  ["token-classification", TEXTS, { ignore_labels: [] }],
  [
    "token-classification",
    ["the old bridge in the north ".repeat(20), ...TEXTS],
    { aggregation_strategy: "simple", stride: 8 },
  ],
  ["question-answering", QUESTIONS],
  ["question-answering", QUESTIONS, { top_k: 3, handle_impossible_answer: true }],
  ["fill-mask", ["the [MASK] of the north", "[MASK] lives in [MASK]", "a [MASK]"]],
  [
    "multiple-choice",
    [
      { prompt: "the king", choices: ["lives", "wrote a book"] },
      { prompt: "a", choices: ["b"] },
    ],
  ],
  ["multiple-choice", [{ prompt: "the king", choices: ["lives", "wrote a book"] }], { padding: true }],
  ["feature-extraction", TEXTS, { pooling: "mean", normalize: true }],
  [
    "sentence-similarity",
    TEXTS.slice(1).map((source_sentence) => ({ source_sentence, sentences: TEXTS })),
    { top_k: 3 },
  ],
  ["zero-shot-classification", TEXTS, "music, a fine film, x"],
];

describe("a stream", () => {
  test.each(CASES.map(([task, inputs, ...rest]) => ({ task, inputs, rest })))(
    "of $task gives what a list gives, whatever runs together",
    async ({ task, inputs, rest }) => {
      using run = await load(task);
      const call = run as unknown as Call;
      const { stream } = run as unknown as { stream: Stream };
      const expected = await call(inputs, ...rest);
      expect(await collect(stream(inputs, ...rest))).toEqual(expected);
      const options = rest.length > 0 && typeof rest.at(-1) === "object" ? (rest.at(-1) as object) : {};
      const others = rest.filter((value) => typeof value !== "object");
      for (const batchTokens of [1, 20]) {
        const separately = { ...options, batchTokens };
        expect(await collect(stream(slowly(inputs, 0), ...others, separately))).toEqual(expected);
        expect(await call(inputs, ...others, separately)).toEqual(expected);
      }
      // One by one, with the results of a list.
      for (const [i, input] of inputs.entries()) {
        expect(((await call([input], ...rest)) as unknown[])[0]).toEqual((expected as unknown[])[i]);
      }
    },
  );

  test("of nothing is empty", async () => {
    expect(await collect(classify.stream([]))).toEqual([]);
    expect(await collect(classify.stream(slowly([], 0)))).toEqual([]);
  });

  test("reads ahead within bounds, however long the source", async () => {
    let read = 0;
    let answered = 0;
    let furthest = 0;
    function* endless(): Generator<string> {
      for (;;) {
        read++;
        yield "a film";
      }
    }
    for await (const { label } of classify.stream(endless(), { batchTokens: 16 })) {
      expect(label).toBe("calm");
      furthest = Math.max(furthest, read - answered);
      if (++answered === 500) break;
    }
    // 16 batches of 16 tokens; each text has 4.
    expect(furthest).toBeLessThanOrEqual(65);
  });

  test("answers what it has when the source pauses", async () => {
    let release = () => {};
    const later = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* source(): AsyncGenerator<string> {
      yield "a film";
      yield "a book";
      await later;
      yield "the end";
    }
    const results = classify.stream(source());
    expect((await results.next()).value).toMatchObject({ label: "calm" });
    expect((await results.next()).done).toBe(false);
    release();
    expect((await results.next()).done).toBe(false);
    expect((await results.next()).done).toBe(true);
  });

  test("tells its source when nobody reads on", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<string> {
      try {
        for (;;) yield "a film";
      } finally {
        closed = true;
      }
    }
    for await (const _ of classify.stream(source(), { batchTokens: 4 })) break;
    expect(closed).toBe(true);
  });

  test("gives the answers before an input that cannot be read, then the error", async () => {
    const answers: unknown[] = [];
    const run = (async () => {
      for await (const answer of classify.stream(["a film", "a book", "the ".repeat(200), "never"]))
        answers.push(answer);
    })();
    await expect(run).rejects.toMatchObject({ name: "PipelineError", code: "too-long", index: 2 });
    expect(answers).toHaveLength(2);
  });

  test("passes on what its source throws", async () => {
    async function* source(): AsyncGenerator<string> {
      yield "a film";
      throw new Error("the disk is gone");
    }
    const results = classify.stream(source());
    expect((await results.next()).done).toBe(false);
    await expect(results.next()).rejects.toThrow("the disk is gone");
  });

  test("stops at an abort, even while its source hangs", async () => {
    const controller = new AbortController();
    async function* source(): AsyncGenerator<string> {
      yield "a film";
      await new Promise(() => {});
    }
    const results = classify.stream(source(), { signal: controller.signal });
    expect((await results.next()).done).toBe(false);
    const next = results.next();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
    expect(await classify("a film")).toHaveLength(1);
  });

  test("counts what was read so far", async () => {
    const seen: RunProgress[] = [];
    await collect(classify.stream(TEXTS, { batchTokens: 1000, onProgress: (progress) => seen.push(progress) }));
    expect(seen).toEqual([{ done: 5, total: 5, tokens: seen[0]!.tokens }]);
  });

  test("refuses a single text, and budgets that are no counts", async () => {
    await expect(collect(classify.stream("a film" as never))).rejects.toThrow(PipelineError);
    await expect(collect(classify.stream(["a"], { batchTokens: 0 }))).rejects.toThrow(/batchTokens is 0/);
    await expect(classify("a film", { batchTokens: 1.5 })).rejects.toThrow(/batchTokens/);
  });

  test("keeps no memory", async () => {
    const { backend } = classify.model as unknown as { backend: { memory(): { liveBlocks: number } } };
    const { liveBlocks } = backend.memory();
    await collect(classify.stream(TEXTS, { batchTokens: 16 }));
    for await (const _ of classify.stream(TEXTS)) break;
    expect(backend.memory().liveBlocks).toBe(liveBlocks);
  });
});
