import { describe, expect, test } from "vitest";
import { ConvBertTokenizerFast } from "../src/index.js";
import { questionWindows } from "../src/internal.js";

const WORDS = ["who", "is", "it", "a", "b", "c", "d", "e", "f"];
const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n");
const examples = [
  { question: "who is it", context: "a b c d e f" },
  { question: "who", context: "a" },
];

describe.each(["right", "left"] as const)("windows of a tokenizer that pads on the %s", (side) => {
  const tokenizer = new ConvBertTokenizerFast(vocabulary, { padding_side: side });
  const layouts: (readonly number[])[] = [];
  const windows = questionWindows(tokenizer, examples, 8, (tokens) => {
    layouts.push(tokens);
    return { asked: [2, 1], stride: 1 };
  });
  const tokensOf = (ids: ArrayLike<number>) => tokenizer.convertIdsToTokens(Array.from(ids)) as string[];

  test("ask as much of each question as the layout says, once for all of them", () => {
    expect(layouts).toEqual([[3, 1]]);
    const pair = (question: string, context: string): string =>
      `[CLS] ${side === "right" ? `${question} [SEP] ${context}` : `${context} [SEP] ${question}`} [SEP]`;
    expect(windows.map(({ encoding }) => tokensOf(encoding.ids).join(" "))).toEqual([
      pair("who is", "a b c"),
      pair("who is", "c d e"),
      pair("who is", "e f"),
      pair("who", "a"),
    ]);
    expect(windows.map(({ example }) => example)).toEqual([0, 0, 0, 1]);
  });

  test("tell which of their sequences is the context, and where its tokens stand", () => {
    for (const { encoding, example, contextAt } of windows) {
      expect(contextAt).toBe(side === "right" ? 1 : 0);
      const [start, end] = encoding.sequenceRanges[contextAt]!;
      const { context } = examples[example]!;
      const read = Array.from({ length: end - start }, (_, i) => context.slice(...encoding.offsets[start + i]!));
      expect(read).toEqual(tokensOf(encoding.ids).slice(start, end));
    }
  });
});
