import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast, encodeSequences, TokenizerError } from "../src/index.js";
import { vocabulary } from "./golden-data.js";

const fast = new ConvBertTokenizerFast(vocabulary);
const slow = new ConvBertTokenizer(vocabulary);

describe.each([
  ["fast", fast],
  ["slow", slow],
] as const)("rows one after the other, of the %s tokenizer,", (_, tokenizer) => {
  const texts = ["a fine film", "", "a dull one, all in all"];
  const rowsOf = (found: ReturnType<typeof encodeSequences>, field: "input_ids" | "token_type_ids") =>
    found.offsets.slice(1).map((end, row) => [...found[field].subarray(found.offsets[row], end)]);

  test.each([
    [texts, {}],
    [texts, { truncation: true, max_length: 4 }],
    [texts, { text_pair: ["b c d", "e", "f"], truncation: "only_first", max_length: 8 }],
    [[["a", "film"], ["dull"]], { is_split_into_words: true }],
    [[], {}],
  ] as const)("are those of a call: %j, %j", (input, options) => {
    const expected = tokenizer(input as string[], { ...options, return_token_type_ids: true } as never);
    const found = encodeSequences(tokenizer, input, options as never);
    expect(rowsOf(found, "input_ids")).toEqual(expected.input_ids);
    expect(rowsOf(found, "token_type_ids")).toEqual(expected.token_type_ids);
    expect(found.input_ids).toBeInstanceOf(Int32Array);
  });

  test("are one of a single text, have no padding whatever is asked for, and need no special tokens", () => {
    const { input_ids: ids } = tokenizer("a fine film");
    expect(encodeSequences(tokenizer, "a fine film")).toEqual({
      input_ids: Int32Array.from(ids),
      token_type_ids: new Int32Array(ids.length),
      offsets: [0, ids.length],
    });
    const padding = { padding: "max_length", truncation: true, max_length: 12 } as never;
    expect(encodeSequences(tokenizer, "a fine film", padding).offsets).toEqual([0, ids.length]);
    expect(encodeSequences(tokenizer, ["a", "film"], { add_special_tokens: false })).toEqual({
      input_ids: Int32Array.from([ids[1]!, ids[3]!]),
      token_type_ids: new Int32Array(2),
      offsets: [0, 1, 2],
    });
  });

  test("refuse what a call refuses", () => {
    expect(() => encodeSequences(tokenizer, 5 as never)).toThrow(TokenizerError);
    expect(() => encodeSequences(tokenizer, "a", { max_lenght: 3 } as never)).toThrow("max_lenght: there is none");
  });
});

test("windows of a long text are rows of their own", () => {
  const options = { truncation: true, max_length: 5, stride: 1 } as const;
  const text = "a fine film and a dull one";
  const { input_ids } = fast([text], { ...options, return_overflowing_tokens: true });
  const found = encodeSequences(fast, text, { ...options, return_overflowing_tokens: true });
  expect(found.offsets).toHaveLength(input_ids.length + 1);
  expect([...found.input_ids]).toEqual(input_ids.flat());
});
