import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ConvBertTokenizerFast } from "../src/index.js";
import { repairVocabulary } from "../src/repair.js";
import { trainWordPiece } from "../src/trainer/index.js";

const fixture = fileURLToPath(new URL("fixtures/training.json.gz", import.meta.url));
const { text, vocabulary } = JSON.parse(gunzipSync(readFileSync(fixture)).toString()) as {
  text: string;
  vocabulary: string[];
};
/** The reference gives continuations of one character their ids in the order of a hash map; take the recorded one. */
const continuingAlphabet = vocabulary.filter((token) => /^##.$/u.test(token)).map((token) => token.slice(2));

describe("training a WordPiece vocabulary", () => {
  it("gives the Rust trainer's tokens in its order", async () => {
    expect(await trainWordPiece([text], { vocab_size: 1200, continuingAlphabet })).toEqual(vocabulary);
  });

  it("gives the same for a stream of lines, and what it gives tokenizes", async () => {
    async function* lines() {
      yield* text.split(/(?<=\n)/);
    }
    const tokens = await trainWordPiece(lines(), { vocab_size: 1200, continuingAlphabet });
    expect(tokens).toEqual(vocabulary);
    const tokenizer = ConvBertTokenizerFast.fromVocabulary(tokens.join("\n"));
    expect(
      tokenizer.decode(tokenizer.encode("Alice was beginning to get very tired"), { skip_special_tokens: true }),
    ).toBe("alice was beginning to get very tired");
  });

  it("stops at an abort and refuses a size that is none", async () => {
    await expect(trainWordPiece([text], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    await expect(trainWordPiece([text], { vocab_size: 0 })).rejects.toThrow("vocab_size");
  });
});

describe("repairVocabulary", () => {
  const clean = "[PAD]\n[UNK]\nthe\n\u20ac\n\u00e9t\u00e9\nend\n";
  const damaged = "[PAD]\r\n[UNK]\r\nthe\r\n\u00e2\u201a\u00ac\r\n\u00c3\u00a9t\u00c3\u00a9\r\nend\r\n";

  it("takes the clean lines and says what it changed", () => {
    const { text: repaired, repairs } = repairVocabulary(damaged, clean);
    expect(repaired).toBe(clean);
    expect(repairs.map(({ id, to }) => [id, to])).toEqual([
      [3, "\u20ac"],
      [4, "\u00e9t\u00e9"],
    ]);
  });

  it("refuses files that do not belong together", () => {
    expect(() => repairVocabulary("a\nb\n", "a\n")).toThrow("2 lines");
    expect(() => repairVocabulary("a\nb\n", "a\nc\n")).toThrow("line 2");
  });
});
