import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, type MockInstance, test, vi } from "vitest";
import {
  type BatchEncoding,
  type CallOptions,
  ConvBertTokenizer,
  ConvBertTokenizerFast,
  type TextInput,
} from "../src/index.js";
import { golden, vocabulary } from "./golden-data.js";

const workerUrl = new URL("./worker-bootstrap.mjs", import.meta.url);
const always = { threads: 2, minimumSize: 0, workerUrl };

const rows = (batch: BatchEncoding): unknown => ({ ...batch, all: batch.encodings.map((e) => ({ ...e })) });

describe("workers give what a call gives", () => {
  // The caller would do the work where workers failed, and results be as equal: but it would say so, once.
  let warn: MockInstance<typeof console.warn>;
  beforeAll(() => {
    warn = vi.spyOn(console, "warn");
  });
  afterAll(() => {
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });

  const tokenizer = new ConvBertTokenizerFast(vocabulary, { do_lower_case: false });
  tokenizer.addTokens(["<e>", { content: "of the", lstrip: true }]);
  const texts = [...golden.texts, "\u{1d504} <e> out of the \u{1f600} box"];
  const calls: readonly (readonly [TextInput, CallOptions])[] = [
    [texts, {}],
    [texts, { padding: true, truncation: true, max_length: 20, return_tensors: true }],
    [texts, { return_offsets_mapping: true, return_special_tokens_mask: true }],
    [
      texts,
      {
        truncation: true,
        max_length: 8,
        stride: 2,
        return_overflowing_tokens: true,
        return_offsets_mapping: true,
        offset_unit: "utf16",
      },
    ],
    [golden.pairs, { truncation: "longest_first", max_length: 16 }],
    [golden.texts.map((text) => text.split(" ")), { is_split_into_words: true, return_offsets_mapping: true }],
  ];
  for (const [input, options] of calls) {
    test(JSON.stringify(options), async () => {
      expect(rows(await tokenizer.encodeBatch(input, options, always))).toEqual(rows(tokenizer(input, options)));
    });
  }
});

test("an error in a worker is the caller's error", async () => {
  const tokenizer = new ConvBertTokenizerFast(["[CLS]", "[SEP]", "a"], { unk_token: "<none>" });
  await expect(tokenizer.encodeBatch(["a", "b c"], {}, always)).rejects.toMatchObject({
    code: "missing-unknown-token",
  });
  expect((await tokenizer.encodeBatch(["a", "a a"], {}, always)).input_ids).toEqual(tokenizer(["a", "a a"]).input_ids);
});

test("a signal stops the call", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  await tokenizer.encodeBatch(golden.texts, {}, always);
  const controller = new AbortController();
  const running = tokenizer.encodeBatch(golden.texts, {}, { ...always, signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  expect((await tokenizer.encodeBatch(golden.texts, {}, always)).input_ids).toEqual(tokenizer(golden.texts).input_ids);
});

test("what a call refuses, workers refuse", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const strided = { truncation: true, max_length: 4, stride: 3 } as const;
  const error = await tokenizer.encodeBatch(["a b c d"], strided, always).catch((reason: unknown) => reason);
  expect(() => tokenizer(["a b c d"], strided)).toThrow((error as Error).message);
  await expect(tokenizer.encodeBatch(["a"], {}, { ...always, threads: 0 })).rejects.toMatchObject({
    code: "invalid-option",
  });
});

test("no texts, empty texts, and more texts than fit into one job", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const long = Array.from({ length: 3000 }, (_, i) => `${i} ${golden.texts[i % golden.texts.length]!.slice(0, 300)}`);
  for (const texts of [[], ["", "", "", "", ""], ["", "a", ""], long]) {
    expect((await tokenizer.encodeBatch(texts, {}, always)).input_ids).toEqual(tokenizer(texts).input_ids);
  }
});

test("calls at the same time share the workers", async () => {
  const warn = vi.spyOn(console, "warn");
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const expected = tokenizer(golden.texts).input_ids;
  const batches = [1, 2, 3].map((threads) => tokenizer.encodeBatch(golden.texts, {}, { ...always, threads }));
  for (const batch of await Promise.all(batches)) expect(batch.input_ids).toEqual(expected);
  expect(warn).not.toHaveBeenCalled();
});

/** What two workers make of two texts in a process with flags of its own, and what then keeps it from ending. */
function inProcess(flags: readonly string[], environment: Readonly<Record<string, string>> = {}): unknown {
  // Nothing that is listed is left to wait for, but for the pipe that the list goes through.
  const script = `
    import ${JSON.stringify(new URL("../../../tooling/config/source-hooks.mjs", import.meta.url).href)};
    const { ConvBertTokenizerFast } = await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)});
    const tokenizer = new ConvBertTokenizerFast(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", "a"]);
    const workerUrl = ${JSON.stringify(workerUrl.href)};
    const { input_ids } = await tokenizer.encodeBatch(["a", "b"], {}, { threads: 2, minimumSize: 0, workerUrl });
    console.log(JSON.stringify([input_ids, process.getActiveResourcesInfo().filter((name) => !/Pipe|TTY/.test(name))]));
  `;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@convbert/source", "--input-type=module", ...flags, "-e", script],
    { encoding: "utf8", env: { ...process.env, ...environment } },
  );
  // Where workers failed, this would say so.
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

const twoRows = [
  [1, 5, 2],
  [1, 0, 2],
];

test("workers that wait keep no script from ending", () => {
  expect(inProcess([])).toEqual([twoRows, []]);
});

test("flags that are the process's alone do not keep workers from starting", () => {
  expect(inProcess(["--max-old-space-size=500", "--stack-size=900"])).toEqual([twoRows, []]);
  expect(inProcess([], { NODE_OPTIONS: "--max-old-space-size=500" })).toEqual([twoRows, []]);
});

test("workers that end by themselves are no harm, and said so once", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const expected = tokenizer(["a fine film", "a"]).input_ids;
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const atOnce = "process.exit(3)";
  const later = `import { parentPort } from "node:worker_threads";
    parentPort.on("message", (message) => (message.files ? parentPort.postMessage({ id: -1 }) : process.exit(4)));`;
  for (const script of [atOnce, later, later]) {
    const workers = { ...always, workerUrl: new URL(`data:text/javascript,${encodeURIComponent(script)}`) };
    expect((await tokenizer.encodeBatch(["a fine film", "a"], {}, workers)).input_ids).toEqual(expected);
  }
  expect(warn.mock.calls.map(([message]) => message)).toEqual([
    expect.stringMatching(/workers are not available, one thread does the work.*code 3/),
    expect.stringMatching(/code 4/),
  ]);
  warn.mockRestore();
});

test("without workers the caller does the work", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  const expected = tokenizer(["a fine film"]).input_ids;
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const nowhere = { ...always, workerUrl: new URL("./no-such-worker.mjs", import.meta.url) };
  for (const parallel of [{}, { threads: 1, minimumSize: 0 }, nowhere]) {
    expect((await tokenizer.encodeBatch(["a fine film"], {}, parallel)).input_ids).toEqual(expected);
  }
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
  expect((await new ConvBertTokenizer(vocabulary).encodeBatch(["a fine film"], {}, always)).input_ids).toEqual(
    expected,
  );
});

test("a stream comes in batches", async () => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary);
  let drawn = 0;
  async function* texts(): AsyncGenerator<string | readonly [string, string]> {
    for (let i = 0; i < 10; i++) {
      drawn++;
      yield i % 2 ? ["a pair", `of ${i}`] : `text ${i}`;
    }
  }
  const sizes: number[] = [];
  const ids: number[][] = [];
  for await (const batch of tokenizer.stream(texts(), { padding: true }, { batchSize: 4 })) {
    const batchIds = batch.input_ids as number[][];
    sizes.push(batchIds.length);
    ids.push(...batchIds);
    expect(drawn).toBeLessThanOrEqual(sizes.length * 4);
  }
  expect(sizes).toEqual([4, 4, 2]);
  expect(ids[0]!.slice(0, 4)).toEqual(tokenizer.encode("text 0"));
  const stopped = tokenizer.stream(["a", "b"], {}, { signal: AbortSignal.abort(new Error("enough")) });
  await expect(stopped.next()).rejects.toThrow("enough");
});
