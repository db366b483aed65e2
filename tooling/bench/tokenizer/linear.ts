/**
 * Times both tokenizers on texts made to break tokenizers, of half a length and of all of it: twice the text should take
 * about twice the time, and nothing near four times. Exits with 1 where it takes more than three times, and
 * twice as much text as that does again.
 * Usage: node tooling/bench/tokenizer/linear.ts [--length 1000000] [--rounds 3] [--only NAME]
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { importOurs } from "./contenders.ts";

const { values } = parseArgs({
  options: {
    length: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
  },
});
const length = Number(values.length);
const path = fileURLToPath(new URL("../../../packages/tokenizer/test/fixtures/vocab.txt.gz", import.meta.url));
const vocabulary = gunzipSync(readFileSync(path)).toString();
const { ConvBertTokenizer, ConvBertTokenizerFast } = await importOurs();

const added = Array.from({ length: 1000 }, (_, i) => `<token-${i}>`);
const plain = { fast: new ConvBertTokenizerFast(vocabulary), slow: new ConvBertTokenizer(vocabulary) };
const cased = { fast: new ConvBertTokenizerFast(vocabulary, { strip_accents: false }) };
const withTokens = { fast: new ConvBertTokenizerFast(vocabulary), slow: new ConvBertTokenizer(vocabulary) };
for (const tokenizer of Object.values(withTokens))
  tokenizer.addTokens([...added, { content: "x y", normalized: true }]);

const cycle =
  (...pieces: readonly string[]) =>
  (units: number): string => {
    let text = pieces.join("");
    while (text.length < units) text += text;
    return text.slice(0, units);
  };
/** Code points from one on, round and round. */
const range = (from: number, to: number) =>
  cycle(...Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)));

const texts = {
  "one long word": cycle("unaffable"),
  "one long unknown word": cycle("\u{1d504}"),
  "words of 100 letters": cycle("q".repeat(100), " "),
  "one combining mark": cycle("\u0301"),
  "all combining marks": range(0x300, 0x36f),
  "marks that survive": cycle("\u302e\u302a\u0301"),
  "all CJK": range(0x4e00, 0x9fff),
  "all punctuation": range(0x21, 0x2f),
  "all unassigned": range(0x40000, 0x4ffff),
  "all controls": range(0x80, 0x9f),
  "private use": range(0xe000, 0xf8ff),
  Hangul: range(0xac00, 0xd7a3),
  "white space": cycle(" \t\n\u3000"),
  "beginnings of special tokens": cycle("[", "[MAS"),
  "special tokens": cycle("[MASK]"),
  "capital sigmas": cycle("\u03a3"),
};
const addedTexts = {
  "many added tokens": cycle(...added),
  "beginnings of added tokens": cycle("<token-", "<", "x "),
  "white space and added tokens": cycle(" ".repeat(1000), "<token-1>", "x y"),
};

/** Milliseconds of processor time, which others on the machine disturb least. */
function lowest(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Number(values.rounds); i++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

let failed = false;
console.log(`node ${process.version}; lowest of ${values.rounds}, ms of processor time`);
console.log(`| text | tokenizer | ${length / 2} units | ${length} units | ratio |\n|---|---|---|---|---|`);
const groups = [
  [texts, plain],
  [{ "marks that stay": range(0x300, 0x36f) }, cased],
  [addedTexts, withTokens],
] as const;
for (const [made, tokenizers] of groups) {
  for (const [name, make] of Object.entries(made)) {
    if (!name.includes(values.only)) continue;
    for (const [kind, tokenizer] of Object.entries(tokenizers)) {
      const encode = (units: number) => {
        const text = make(units);
        return lowest(() => tokenizer.encode(text, { verbose: false }));
      };
      const [half, whole] = [encode(length / 2), encode(length)];
      const ratio = whole / half;
      // Collections of garbage fall where they will: growth that is real shows again at the next length.
      const bad = whole > 100 && ratio > 3 && encode(length * 2) / whole > 3;
      failed ||= bad;
      console.log(
        `| ${name} | ${kind} | ${half.toFixed(1)} | ${whole.toFixed(1)} | ${ratio.toFixed(2)}${bad ? " !" : ""} |`,
      );
    }
  }
}
process.exitCode = failed ? 1 : 0;
