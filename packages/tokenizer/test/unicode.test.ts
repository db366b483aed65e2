import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { AlignedText } from "../src/fast/aligned-text.js";
import { BertNormalizer, bertActions } from "../src/fast/bert-normalizer.js";
import { ALONE, LIST, SPACE } from "../src/fast/character-actions.js";
import { readNormalizer } from "../src/json/normalizers.js";
import { readPreTokenizer } from "../src/json/pre-tokenizers.js";
import { CONTROL } from "../src/unicode/classes.js";
import { lowerCharacter } from "../src/unicode/lowercase.js";
import { slowClass } from "../src/unicode/slow-class.js";
import digests from "./fixtures/unicode-digests.json" with { type: "json" };

const digest = (lines: readonly string[]): string => createHash("sha256").update(lines.join("\n")).digest("hex");

/** The planes in which something is assigned, and the ends of the others. */
function* codePoints(): Generator<number> {
  for (let c = 0; c < 0x110000; c++) {
    const isEmpty = (c >= 0x40000 && c < 0xe0000) || c >= 0xf0000;
    const isEnd = (c & 0xffff) < 0x100 || (c & 0xffff) >= 0xff00;
    if ((c < 0xd800 || c >= 0xe000) && (!isEmpty || isEnd)) yield c;
  }
}

// Whatever the engine's Unicode version: these digests are of the references' own answers for every code point.
test("the slow tokenizer's normal forms and lower case are those of Python 3.11", () => {
  const lines: string[] = [];
  for (const c of codePoints()) {
    // U+FFFD is dropped as if it were a control; Python's categories know it as a symbol.
    const isAssigned = slowClass(c) !== CONTROL || c === 0xfffd;
    // Tab and line ends are controls that count as white space.
    if (!isAssigned || [9, 10, 13].includes(c)) continue;
    const character = String.fromCodePoint(c);
    lines.push([character.normalize("NFD"), character.normalize("NFC"), lowerCharacter(character)].join(" "));
  }
  expect(digest(lines)).toBe(digests.slow);
});

test("what the fast tokenizer makes of each code point is what tokenizers 0.14.1 makes of it", () => {
  const kinds = [
    [true, true, true],
    [true, false, true],
    [false, true, false],
  ].map(
    ([clean_text, strip_accents, lowercase]) =>
      new BertNormalizer({
        clean_text: clean_text!,
        handle_chinese_chars: true,
        strip_accents: strip_accents!,
        lowercase: lowercase!,
      }),
  );
  const actions = bertActions(undefined);
  const all = [...codePoints()];
  const lines: string[] = [];
  for (let i = 0; i < all.length; i += 4096) {
    const chunk = all.slice(i, i + 4096).map((c) => `a${String.fromCodePoint(c)}a`);
    const made = kinds.map((kind) => normalizeEach(kind, chunk));
    chunk.forEach((_, k) => {
      const action = actions.of(all[i + k]!);
      const pieces = action >= ALONE && action < LIST ? 3 : action === SPACE ? 2 : 1;
      lines.push([...made.map((texts) => texts[k]), pieces].join(" "));
    });
  }
  expect(digest(lines)).toBe(digests.fast);
});

test("what the other stages of tokenizer.json make of each code point is what tokenizers 0.14.1 makes of it", () => {
  const forms = ["NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Lowercase"].map((type) => readNormalizer({ type }));
  const pieces = [{ type: "Whitespace" }, { type: "Digits", individual_digits: true }, { type: "WhitespaceSplit" }].map(
    (json) => readPreTokenizer(json)!,
  );
  const lines: string[] = [];
  for (const c of codePoints()) {
    const text = `a${String.fromCodePoint(c)}a`;
    const made = forms.map((form) => {
      const aligned = new AlignedText(text);
      form.normalize(aligned);
      return aligned.toText();
    });
    lines.push([...made, ...pieces.map((split) => split(text).length)].join(" "));
  }
  expect(digest(lines)).toBe(digests.stages);
});

/** Normalizes texts in one go. Each begins and ends with a letter, so that they leave each other alone. */
function normalizeEach(normalizer: BertNormalizer, texts: readonly string[]): string[] {
  const aligned = new AlignedText(texts.join(""), 0, texts.join("").length);
  normalizer.normalize(aligned);
  const made: string[] = [];
  let end = 0;
  let at = 0;
  for (const text of texts) {
    end += text.length;
    let result = "";
    for (; at < aligned.items.length && aligned.items[at]![1] < end; at++)
      result += String.fromCodePoint(aligned.items[at]![0]);
    made.push(result);
  }
  return made;
}

test("the one-pass scanner and the stages agree on every code point", () => {
  const normalizer = new BertNormalizer({
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  });
  for (const c of codePoints()) {
    const alone = normalizer.one(c);
    if (!alone) continue;
    const aligned = new AlignedText(String.fromCodePoint(c), 0, c > 0xffff ? 2 : 1);
    normalizer.normalize(aligned);
    const points = aligned.items.map(([point]) => point);
    if (points.join() !== alone.join()) expect(points, c.toString(16)).toEqual(alone);
  }
});
