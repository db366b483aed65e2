import { describe, expect, test } from "vitest";
import { ConvBertTokenizer, ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { vocabulary } from "./golden-data.js";

/** What has no counterpart in the reference, or parts from it: see DIVERGENCES.md. */
for (const tokenizer of [new ConvBertTokenizerFast(vocabulary), new ConvBertTokenizer(vocabulary)]) {
  describe(tokenizer.isFast ? "fast" : "slow", () => {
    test("a mask for ids without special tokens", () => {
      expect(tokenizer.getSpecialTokensMask([5, 6], [7])).toEqual([1, 0, 0, 1, 0, 1]);
    });

    test("pad takes batches, lists of encodings, tensors and typed arrays", () => {
      const expected = [
        [101, 1037, 2143, 102, 0],
        [101, 1037, 2986, 2143, 102],
      ];
      const texts = ["a film", "a fine film"];
      expect(tokenizer.pad(tokenizer(texts)).input_ids).toEqual(expected);
      expect(tokenizer.pad(texts.map((text) => tokenizer(text))).input_ids).toEqual(expected);
      expect({ ...tokenizer.pad(tokenizer(texts)) }).toEqual({ ...tokenizer(texts, { padding: true }) });
      const tensor = { data: Int32Array.from(expected.flat()), shape: [2, 5] };
      expect(tokenizer.pad(tokenizer(texts), { return_tensors: true }).input_ids).toEqual(tensor);
      const single = texts.map((text) => tokenizer(text, { return_tensors: true }));
      expect(tokenizer.pad(single).input_ids).toEqual(tensor);
      expect(tokenizer.pad(single, { return_tensors: false }).input_ids).toEqual(expected);
      const typed = expected.map((row) => ({ input_ids: Int32Array.from(row).filter((id) => id !== 0) }));
      expect(tokenizer.pad(typed).input_ids).toEqual(tensor);
      const long = expected.map((row) => ({
        input_ids: BigInt64Array.from(
          row.filter((id) => id !== 0),
          BigInt,
        ),
      }));
      expect(tokenizer.pad(long, { return_tensors: false }).input_ids).toEqual(expected);
    });

    test("the side of padding is the call's or the tokenizer's", () => {
      const given = { input_ids: [[5, 6], [7]] };
      expect(tokenizer.pad(given, { padding_side: "left" }).input_ids).toEqual([
        [5, 6],
        [0, 7],
      ]);
    });

    test("one sequence as a tensor is one row", () => {
      expect(tokenizer.pad({ input_ids: [5, 6] }, { return_tensors: true }).input_ids).toEqual({
        data: Int32Array.of(5, 6),
        shape: [1, 2],
      });
      expect(tokenizer.prepareForModel([5, 6], null, { return_tensors: true }).input_ids).toEqual({
        data: Int32Array.of(101, 5, 6, 102),
        shape: [1, 4],
      });
    });

    test("labels go through pad as they are, in tensors too", () => {
      const rows = [
        { input_ids: [5, 6], labels: 1, score: 0.5, name: "x" },
        { input_ids: [7], labels: 0, score: 0.25, name: "y" },
      ];
      const padded = tokenizer.pad(rows, { return_tensors: true });
      expect(padded).toMatchObject({ labels: [1, 0], score: [0.5, 0.25], name: ["x", "y"] });
      expect(padded.input_ids).toEqual({ data: Int32Array.of(5, 6, 7, 0), shape: [2, 2] });
      // What was given is not changed.
      expect(rows[1]).toEqual({ input_ids: [7], labels: 0, score: 0.25, name: "y" });
    });

    test("rows of different lengths are no tensor", () => {
      const given = { input_ids: [[5, 6], [7]], labels: [[1, 1], [1]] };
      expect(() => tokenizer.pad(given, { padding: false, return_tensors: true })).toThrow(/input_ids has 2 .* and 1/);
      expect(() => tokenizer.pad(given, { return_tensors: true })).toThrow(
        /labels has 2 numbers in row 0 and 1 in row 1/,
      );
    });

    test("padding needs a token for it", () => {
      const other = new (tokenizer.isFast ? ConvBertTokenizerFast : ConvBertTokenizer)(vocabulary);
      other.padToken = undefined;
      expect(() => other.pad({ input_ids: [[5, 6], [7]] })).toThrow(/does not have a padding token/);
      expect(other.pad({ input_ids: [[5, 6], [7]] }, { padding: false }).input_ids).toEqual([[5, 6], [7]]);
    });

    test("prepareForModel makes the rows of a call", () => {
      const [a, b] = ["a fine film", "a dull one"].map((text) =>
        tokenizer.convertTokensToIds(tokenizer.tokenize(text)),
      );
      for (const options of [
        {},
        { max_length: 8, truncation: "only_first" },
        { padding: "max_length", max_length: 12 },
      ] as const) {
        expect({ ...tokenizer.prepareForModel(a!, b, options) }).toEqual({
          ...tokenizer("a fine film", { text_pair: "a dull one", ...options }),
        });
      }
    });

    test("special tokens have their fields by role", () => {
      const other = new (tokenizer.isFast ? ConvBertTokenizerFast : ConvBertTokenizer)(vocabulary, {
        mask_token: { content: "[MASK]", lstrip: true },
        additional_special_tokens: ["<x>"],
      });
      const map = other.specialTokensMapExtended;
      expect(map["mask_token"]).toMatchObject({ content: "[MASK]", lstrip: true, special: true });
      expect(map["additional_special_tokens"]).toMatchObject([{ content: "<x>", special: true }]);
      const contents = Object.values(map)
        .flat()
        .map((token) => token.content);
      expect(contents).toEqual(Object.values(other.specialTokensMap).flat());
    });

    test("what was assigned to a property is checked when it counts", () => {
      const make = tokenizer.isFast ? ConvBertTokenizerFast : ConvBertTokenizer;
      for (const [name, value] of [
        ["paddingSide", "up"],
        ["truncationSide", null],
        ["modelMaxLength", "512"],
        ["modelMaxLength", Number.NaN],
        ["modelMaxLength", -1],
      ] as const) {
        const other = Object.assign(new make(vocabulary), { [name]: value });
        expect(() => other("a film"), name).toThrow(/padding_side|truncation_side|model_max_length/);
        expect(() => other.pad({ input_ids: [[5], [6, 7]] }), name).toThrow(TokenizerError);
      }
    });

    test("where nothing is cut, nothing overflows", () => {
      expect(tokenizer.prepareForModel([5], null, { return_overflowing_tokens: true })).toMatchObject({
        input_ids: [101, 5, 102],
        overflowing_tokens: [],
        num_truncated_tokens: 0,
      });
    });

    test("truncateSequences leaves what it was given as it was", () => {
      const ids = [1, 2, 3];
      const [kept, pair, cut] = tokenizer.truncateSequences(ids, null, { num_tokens_to_remove: 1, stride: 1 });
      expect([kept, pair, cut, ids]).toEqual([[1, 2], undefined, [2, 3], [1, 2, 3]]);
    });
  });
}
