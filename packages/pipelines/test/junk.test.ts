import { TokenizerError } from "@convbert/tokenizer";
import { expect, test } from "vitest";
import { PIPELINE_TASKS, PipelineError, pipeline } from "../src/index.js";
import { FOLDERS } from "./support.js";

const hostile = { toString: null, valueOf: null };
const endless: unknown[] = [];
endless.push(endless);
const JUNK: readonly unknown[] = [
  ...[
    undefined,
    null,
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    10n,
    true,
    Symbol("x"),
    () => "x",
    hostile,
    endless,
  ],
  ...["", " ", "\u0000", "\ud800", "a\u202eb", "x".repeat(5000), "[MASK]", "[CLS] [SEP] [PAD]"],
  ...[
    [],
    [null],
    [[]],
    ["a"],
    [["a"]],
    [["a", "b"]],
    [[["a"]]],
    new Array(3),
    new Uint8Array(3),
    new Map(),
    new Date(0),
  ],
  ...[
    {},
    { text: hostile },
    { text: ["a"] },
    { text: "a", text_pair: [] },
    { question: "a", context: {} },
    { question: [], context: "b" },
  ],
  ...[
    { prompt: "a", choices: "b" },
    { prompt: "a", choices: [[]] },
    { prompt: "a", choices: new Array(2) },
    Object.create(null),
  ],
];
const OPTIONS = [
  ...[
    "top_k",
    "function_to_apply",
    "aggregation_strategy",
    "ignore_labels",
    "stride",
    "delimiter",
    "is_split_into_words",
  ],
  ...[
    "max_answer_len",
    "max_seq_len",
    "doc_stride",
    "max_question_len",
    "handle_impossible_answer",
    "align_to_words",
    "targets",
  ],
  ...[
    "whole_targets",
    "joint",
    "padding",
    "pooling",
    "normalize",
    "candidate_labels",
    "hypothesis_template",
    "multi_label",
  ],
  ...["truncation", "max_length", "batchTokens", "signal", "onProgress", "onWarning"],
];

test.each(PIPELINE_TASKS)("%s: whatever is given, there is an answer or a typed error", async (task) => {
  const made = await pipeline(task, FOLDERS[task], {
    onWarning: () => {},
  });
  const call = made as unknown as (...args: unknown[]) => Promise<unknown>;
  const good: unknown =
    task === "question-answering"
      ? { question: "who?", context: "anna lives in paris" }
      : task === "multiple-choice"
        ? { prompt: "the king", choices: ["lives", "wrote"] }
        : task === "sentence-similarity"
          ? { source_sentence: "a film", sentences: ["the queen of the north", "a book"] }
          : "the [MASK] is good";
  const untyped: string[] = [];
  let answers = 0;
  const check = async (what: string, ...args: unknown[]): Promise<void> => {
    try {
      await call(...args);
      answers++;
    } catch (error) {
      if (!(error instanceof PipelineError || error instanceof TokenizerError))
        untyped.push(`${what}: ${String(error)}`);
    }
  };
  const labels = task === "zero-shot-classification" ? [["a", "b"]] : [];
  for (const [i, input] of JUNK.entries()) {
    await check(`input ${i}`, input, ...labels);
    await check(`list of input ${i}`, [good, input], ...labels);
    await check(`words of input ${i}`, input, ...labels, { is_split_into_words: true });
    await check(`options ${i}`, good, ...labels, input);
    if (task === "zero-shot-classification") await check(`labels ${i}`, good, input);
    for (const name of OPTIONS) await check(`${name} ${i}`, good, ...labels, { [name]: input });
  }
  expect(untyped).toEqual([]);
  // This one takes objects alone, and few options.
  expect(answers).toBeGreaterThan(task === "sentence-similarity" ? 10 : 20);
  expect(await call(good, ...labels)).toBeDefined();
  made.dispose();
});
