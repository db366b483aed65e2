import { describe, expect, test } from "vitest";
import { type AddedTokenInput, ConvBertTokenizer, ConvBertTokenizerFast } from "../src/index.js";

const vocab = Object.fromEntries(
  ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ..."abcdefg"].map((word, id) => [word, id]),
);

async function load(tokens: readonly AddedTokenInput[]): Promise<ConvBertTokenizerFast> {
  const json = { model: { type: "WordPiece", vocab }, pre_tokenizer: { type: "WhitespaceSplit" } };
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
  tokenizer.addTokens(tokens);
  return tokenizer;
}

// As tokenizers 0.14.1 answers.
describe("white space that several added tokens take in", () => {
  const cases: readonly (readonly [text: string, ids: readonly number[], offsets: readonly (readonly number[])[]])[] = [
    [
      "<r>  <l> a",
      [12, 13, 5],
      [
        [0, 5],
        [5, 8],
        [9, 10],
      ],
    ],
    [
      "<r> <l>",
      [12, 13],
      [
        [0, 4],
        [4, 7],
      ],
    ],
    [
      "<r>   <s> a",
      [12, 14, 5],
      [
        [0, 6],
        [5, 9],
        [10, 11],
      ],
    ],
    [
      "<r>a <l>b",
      [12, 5, 13, 6],
      [
        [0, 3],
        [3, 4],
        [4, 8],
        [8, 9],
      ],
    ],
    [
      "<r>   <b> <l>",
      [12, 16, 13],
      [
        [0, 6],
        [6, 10],
        [10, 13],
      ],
    ],
    [
      "a <l> <l>",
      [5, 13, 13],
      [
        [0, 1],
        [1, 5],
        [5, 9],
      ],
    ],
    [
      "<r>\n <l>",
      [12, 13],
      [
        [0, 5],
        [5, 8],
      ],
    ],
  ];
  for (const normalized of [false, true]) {
    test.each(cases)(`%j, normalized ${normalized}`, async (text, ids, offsets) => {
      const tokenizer = await load([
        { content: "<r>", rstrip: true, normalized },
        { content: " <l>", lstrip: true, normalized },
        { content: " <s>", normalized },
        { content: "<l>", lstrip: true, normalized },
        { content: "  <b>", lstrip: true, rstrip: true, normalized },
      ]);
      const batch = tokenizer(text, { return_offsets_mapping: true });
      expect(batch.input_ids).toEqual(ids);
      expect(batch.offset_mapping).toEqual(offsets);
    });
  }

  test("a token of white space alone", async () => {
    const spans = async (flags: object, text: string): Promise<unknown> => {
      const tokenizer = await load([{ content: " ", normalized: false, ...flags }]);
      return tokenizer(text, { return_offsets_mapping: true }).offset_mapping;
    };
    expect(await spans({ lstrip: true, rstrip: true }, "a   b")).toEqual([
      [0, 1],
      [1, 4],
      [4, 5],
    ]);
    expect(await spans({ lstrip: true, rstrip: true }, "   ")).toEqual([[0, 3]]);
    expect(await spans({ rstrip: true }, "a   b")).toEqual([
      [0, 1],
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 5],
    ]);
  });

  test("a token that another has taken in whole is not found, where the reference panics", async () => {
    const tokenizer = await load([
      { content: " ", lstrip: true, normalized: false },
      { content: "a", rstrip: true, normalized: false },
    ]);
    expect(tokenizer("a   b", { return_offsets_mapping: true }).offset_mapping).toEqual([
      [0, 4],
      [4, 5],
    ]);
  });
});

// As the reference answers.
test("a token that is added later keeps its letters from then on", () => {
  const tokenizer = new ConvBertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ab", "x"]);
  expect(tokenizer.tokenize("AB x")).toEqual(["ab", "x"]);
  tokenizer.addTokens("AB", { special: true });
  expect(tokenizer.tokenize("AB x")).toEqual(["AB", "x"]);
  tokenizer.maskToken = "X";
  expect(tokenizer.tokenize("AB X")).toEqual(["AB", "[UNK]"]);
});
