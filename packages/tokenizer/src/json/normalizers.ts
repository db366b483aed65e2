import { TokenizerError } from "../errors.js";
import type { Aligned, AlignedText } from "../fast/aligned-text.js";
import { BertNormalizer, type Normalizer } from "../fast/bert-normalizer.js";
import { ACCENTS } from "../generated/accents.js";
import { COMPATIBLE } from "../generated/compatible.js";
import { isRustWhitespace } from "../unicode/classes.js";
import { decompose, isCombining } from "../unicode/decompose.js";
import { lowerCharacter } from "../unicode/lowercase.js";
import { codePoints } from "../unicode/marks.js";
import { setOf } from "../unicode/runs.js";
import { type Json, readPattern } from "./parts.js";
import type { FindAll } from "./pattern/matcher.js";

/** Makes the normalizer that a `tokenizer.json` describes (tokenizers 0.14.1, `normalizers/`). */
export function readNormalizer(json: Json): Normalizer {
  const { type } = json;
  switch (type) {
    case "BertNormalizer":
      return new BertNormalizer({
        clean_text: (json["clean_text"] as boolean | undefined) ?? true,
        handle_chinese_chars: (json["handle_chinese_chars"] as boolean | undefined) ?? true,
        strip_accents: (json["strip_accents"] as boolean | null | undefined) ?? null,
        lowercase: (json["lowercase"] as boolean | undefined) ?? true,
      });
    case "Sequence": {
      const steps = (json["normalizers"] as readonly Json[]).map(readNormalizer);
      return {
        normalize: (text) => {
          for (const step of steps) step.normalize(text);
        },
      };
    }
    case "Lowercase":
      return { normalize: (text) => text.mapEach((c) => codePoints(lowerCharacter(String.fromCodePoint(c)))) };
    case "NFD":
      return { normalize: (text) => text.decompose() };
    case "NFKD":
      return { normalize: (text) => text.decompose(compatible) };
    case "NFC":
    case "NFKC":
      return {
        normalize: (text) => {
          text.decompose(type === "NFC" ? undefined : compatible);
          compose(text);
        },
      };
    case "StripAccents":
      return { normalize: (text) => text.mapEach((c) => (isAccent(c) ? [] : [c])) };
    case "Strip":
      return { normalize: (text) => strip(text, json["strip_left"] !== false, json["strip_right"] !== false) };
    case "Replace": {
      const pattern = readPattern(json["pattern"]);
      const content = codePoints(String(json["content"] ?? ""));
      return { normalize: (text) => replace(text, pattern, content) };
    }
    default:
      throw new TokenizerError(
        "unsupported",
        `tokenizer.json: there is no normalizer ${JSON.stringify(type)} in BERT's family`,
        { type },
      );
  }
}

const isAccent = /* @__PURE__ */ setOf(ACCENTS);
const hasCompatible = /* @__PURE__ */ setOf(COMPATIBLE);

const compatible = (c: number): number[] =>
  hasCompatible(c) ? codePoints(String.fromCodePoint(c).normalize("NFKD")) : decompose(c);

function strip(text: AlignedText, left: boolean, right: boolean): void {
  const isSpace = (item: Aligned): boolean => isRustWhitespace(item[0]);
  const { items } = text;
  const from = left ? items.findIndex((item) => !isSpace(item)) : 0;
  const last = right ? items.findLastIndex((item) => !isSpace(item)) : items.length - 1;
  text.items = from < 0 ? [] : items.slice(from, last + 1);
}

/** What replaces a match takes the place of the match's last character. */
function replace(text: AlignedText, find: FindAll, content: readonly number[]): void {
  const { items } = text;
  // Matches count units, the text code points.
  const places = [...items.flatMap((item, i) => (item[0] > 0xffff ? [i, i] : [i])), items.length];
  const made: Aligned[] = [];
  let done = 0;
  for (const [begin, end] of find(text.toText())) {
    const from = places[begin]!;
    const to = places[end]!;
    // What is put before everything has no place of its own.
    const origin = items[0]?.[1] ?? 0;
    const [, start, stop] = to > 0 ? items[to - 1]! : [0, origin, origin];
    for (; done < from; done++) made.push(items[done]!);
    for (const point of content) made.push([point, start, stop]);
    done = to;
  }
  text.items = made.concat(items.slice(done));
}

/** NFC of decomposed text: what joins takes the place of its first part. */
function compose(text: AlignedText): void {
  const { items } = text;
  const made: Aligned[] = [];
  for (let from = 0; from < items.length; ) {
    let to = from + 1;
    // What joins may join further with what comes next.
    for (let last = items[from]![0]; to < items.length && reachesBack(last, items[to]![0]); to++)
      last = codePoints(String.fromCodePoint(last, items[to]![0]).normalize("NFC")).at(-1)!;
    let composed = "";
    for (let i = from; i < to; i++) composed += String.fromCodePoint(items[i]![0]);
    const result = codePoints(composed.normalize("NFC"));
    result.forEach((point, i) => {
      const [, start, end] = items[i === 0 ? from : to - result.length + i]!;
      made.push([point, start, end]);
    });
    from = to;
  }
  text.items = made;
}

/** Whether a code point may join what stands before it: marks, Hangul vowels and finals, and a few others. */
function reachesBack(before: number, point: number): boolean {
  if (isCombining(point) || (point >= 0x1161 && point <= 0x11c2)) return true;
  const pair = String.fromCodePoint(before, point);
  return point > 0x300 && pair.normalize("NFC") !== pair;
}
