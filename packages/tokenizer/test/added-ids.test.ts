import { describe, expect, test } from "vitest";
import { type AddedTokenInput, ConvBertTokenizer, ConvBertTokenizerFast } from "../src/index.js";
import { type AnyTokenizer, api, plain as plainOf, take } from "./features.js";

const kinds = [ConvBertTokenizer, ConvBertTokenizerFast];
const plain = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"];
/** "a" and "b" stand on two lines each, so that there are fewer tokens than ids. */
const doubled = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "a", "c", "b", "d"];
const pre_tokenizer = { type: "BertPreTokenizer" };
const token = (content: string): AddedTokenInput => ({ content, normalized: false });

/** Every id that the tokenizer can give, added ones included. */
function highestId(tokenizer: AnyTokenizer): number {
  return Math.max(...tokenizer.getVocab().values(), ...tokenizer.addedTokensDecoder.keys());
}

async function reloaded(tokenizer: AnyTokenizer): Promise<AnyTokenizer[]> {
  const files = await tokenizer.toFiles();
  const legacy = await tokenizer.toFiles({ legacyFormat: true });
  return Promise.all([files, legacy].flatMap((saved) => kinds.map((kind) => kind.fromPretrained(saved))));
}

describe("ids of added tokens", () => {
  test.each([
    ["lines once", plain, 7],
    ["doubled lines", doubled, 11],
    ["a vocabulary with gaps", { "[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "[PAD]": 3, "[MASK]": 4, a: 9, b: 20 }, 21],
  ])("new ones come after the highest, whatever the vocabulary: %s", async (_, vocabulary, first) => {
    for (const kind of kinds) {
      const tokenizer = new kind(vocabulary);
      const before = tokenizer.getVocab();
      expect(tokenizer.length).toBe(first);
      expect(tokenizer.addTokens([token("<x>"), token("a"), token("<y>")])).toBe(kind === ConvBertTokenizer ? 2 : 3);
      expect(tokenizer.convertTokensToIds(["<x>", "<y>", "a"])).toEqual([first, first + 1, before.get("a")]);
      expect(tokenizer.encode("a <x> b <y>", { add_special_tokens: false })).toEqual([
        before.get("a"),
        first,
        before.get("b"),
        first + 1,
      ]);
      expect(tokenizer.length).toBe(first + 2);
      expect(tokenizer.length).toBe(highestId(tokenizer) + 1);
      for (const again of await reloaded(tokenizer)) {
        expect(again.convertTokensToIds(["<x>", "<y>", "a", "b"])).toEqual([
          first,
          first + 1,
          before.get("a"),
          before.get("b"),
        ]);
        expect(again.length).toBe(first + 2);
      }
    }
  });

  test.each<[string, readonly string[], Record<string, AddedTokenInput>]>([
    ["after the vocabulary", plain, { 7: token("<x>"), 8: token("<y>") }],
    ["with a gap", plain, { 10: token("<x>"), 12: token("<y>") }],
    // What the reference gives where lines are doubled: 9 is the second line of "b" too.
    ["that a line has too", doubled, { 9: token("<x>"), 10: token("<y>") }],
    ["in a hole of doubled lines", doubled, { 5: token("<x>"), 6: token("<y>") }],
    ["far away", plain, { 1000: token("<x>"), 50000: token("<y>") }],
  ])("recorded ones are kept: %s", async (_, vocabulary, added_tokens_decoder) => {
    const ids = Object.keys(added_tokens_decoder).map(Number);
    const config = { "tokenizer_config.json": JSON.stringify({ added_tokens_decoder }) };
    const legacy = Object.fromEntries(ids.map((id) => [(added_tokens_decoder[id] as { content: string }).content, id]));
    const model = {
      type: "WordPiece",
      unk_token: "[UNK]",
      vocab: Object.fromEntries(plain.map((word, id) => [word, id])),
    };
    const added_tokens = ids.map((id) => ({ id, ...(added_tokens_decoder[id] as object) }));
    for (const kind of kinds) {
      const tokenizers = [
        new kind(vocabulary, { added_tokens_decoder }),
        await kind.fromPretrained({ "vocab.txt": vocabulary.join("\n"), ...config }),
        await kind.fromPretrained({ "vocab.txt": vocabulary.join("\n"), "added_tokens.json": JSON.stringify(legacy) }),
      ];
      if (kind === ConvBertTokenizerFast && vocabulary === plain)
        tokenizers.push(
          await kind.fromPretrained({ "tokenizer.json": JSON.stringify({ model, pre_tokenizer, added_tokens }) }),
        );
      for (const tokenizer of tokenizers) {
        expect(tokenizer.convertTokensToIds(["<x>", "<y>"])).toEqual(ids);
        expect(tokenizer.convertIdsToTokens(ids)).toEqual(["<x>", "<y>"]);
        expect(tokenizer.encode("<x> <y>", { add_special_tokens: false })).toEqual(ids);
        expect(tokenizer.length).toBe(Math.max(highestId(tokenizer) + 1, vocabulary.length));
        const { length } = tokenizer;
        tokenizer.addTokens(token("<z>"));
        expect(tokenizer.convertTokensToIds("<z>")).toBe(length);
        for (const again of await reloaded(tokenizer))
          expect(again.convertTokensToIds(["<x>", "<y>", "<z>"])).toEqual([...ids, length]);
      }
    }
  });

  test("an id that was recorded for two tokens is the first one's", async () => {
    const model = {
      type: "WordPiece",
      unk_token: "[UNK]",
      vocab: Object.fromEntries(plain.map((word, id) => [word, id])),
    };
    const added_tokens = [
      { id: 7, ...(token("<x>") as object) },
      { id: 7, ...(token("<y>") as object) },
    ];
    const files = { "tokenizer.json": JSON.stringify({ model, pre_tokenizer, added_tokens }) };
    const tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
    expect(tokenizer.convertTokensToIds(["<x>", "<y>"])).toEqual([7, 8]);
    expect(tokenizer.encode("<x> <y>", { add_special_tokens: false })).toEqual([7, 8]);
  });

  test.each(["x", "-1", "1.5", "", "1e10", "NaN"])("%j is no id that can be recorded", (id) => {
    for (const kind of kinds)
      expect(() => new kind(plain, { added_tokens_decoder: { [id]: token("<x>") } })).toThrow(/is no token id/);
  });

  // Golden rows: the reference's slow tokenizer on these files (tooling/reference/tokenizer-api.py).
  describe("the slow tokenizer takes those of tokenizer.json", () => {
    for (const { name, files, steps } of api.folders) {
      test(name, async () => {
        const tokenizer = await ConvBertTokenizer.fromPretrained(files);
        for (const [method, args, expected] of steps)
          expect(plainOf(take(tokenizer, method, args)), `${method}(${JSON.stringify(args)})`).toEqual(expected);
      });
    }

    test("without a vocab.txt too", async () => {
      const vocab = Object.fromEntries(plain.map((word, id) => [word, id]));
      const json = {
        pre_tokenizer,
        added_tokens: [{ id: 9, content: "<x>", normalized: false }],
        model: { type: "WordPiece", vocab },
      };
      const tokenizer = await ConvBertTokenizer.fromPretrained({ "tokenizer.json": JSON.stringify(json) });
      expect(tokenizer.encode("a <x> b")).toEqual([2, 5, 9, 6, 3]);
      expect(tokenizer.length).toBe(10);
    });
  });
});
