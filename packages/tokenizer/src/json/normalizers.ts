import { TokenizerError } from "../errors.js";
import type { Aligned, AlignedText } from "../fast/aligned-text.js";
import { BertNormalizer, type Normalizer } from "../fast/bert-normalizer.js";
import { ACCENTS } from "../generated/accents.js";
import { COMPATIBLE } from "../generated/compatible.js";
import { isRustWhitespace } from "../unicode/classes.js";
import { decompose, isCombining } from "../unicode/decompose.js";
import { lowerCharacter } from "../unicode/lowercase.js";
import { codePoints, swaps } from "../unicode/marks.js";
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
      return { normalize: (text) => compose(text, type === "NFC" ? decompose : compatible) };
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

/** What replaces may be long, and be put in at every place: so a short text cannot use up all memory. */
const MOST_MADE = 1 << 22;
const MOST_GROWTH = 64;

/** What replaces a match takes the place of the match's last character. */
function replace(text: AlignedText, find: FindAll, content: readonly number[]): void {
  const { items } = text;
  // As in the reference, nothing is put into a text of which nothing is left.
  if (items.length === 0) return;
  // Matches count units, the text code points.
  const units = [...items.flatMap((item, i) => (item[0] > 0xffff ? [i, i] : [i])), items.length];
  const made: Aligned[] = [];
  let done = 0;
  for (const [begin, end] of find(text.toText())) {
    const from = units[begin]!;
    const to = units[end]!;
    // What is put before everything has no place of its own.
    const [, start, stop] = to > 0 ? items[to - 1]! : [0, text.from, text.from];
    for (; done < from; done++) made.push(items[done]!);
    if (made.length + content.length > Math.max(MOST_MADE, items.length * MOST_GROWTH))
      throw new TokenizerError(
        "invalid-input",
        `tokenizer.json: a normalizer Replace makes more than ${MOST_MADE} characters of a text of ${items.length}`,
        { characters: items.length },
      );
    for (const point of content) made.push([point, start, stop]);
    done = to;
  }
  text.items = made.concat(items.slice(done));
}

/** A code point of a decomposition, and how many characters of the text it stands for, less one. */
type Part = readonly [point: number, change: number];

/**
 * NFC. Characters that join stand for all they were made of; as in the reference, those are counted off in the order that
 * results, whatever changed places.
 */
function compose(text: AlignedText, partsOf: (codePoint: number) => readonly number[]): void {
  const { items } = text;
  let at = 0;
  text.items = joined(text.parts(partsOf)).map(([point, change]): Aligned => {
    // What is more than the text had shares the place of what stands before it.
    const [, start, end] = items[change > 0 ? at - 1 : at]!;
    at += 1 - change;
    return [point, start, end];
  });
}

/** Canonical composition (Unicode Standard, D117): a character joins the last that does not combine, if nothing parts them. */
function joined(parts: readonly Part[]): readonly Part[] {
  const made: Part[] = [];
  /** Place of the last that does not combine. */
  let base = -1;
  for (const [point, change] of parts) {
    const combines = isCombining(point);
    if (base >= 0) {
      const [last] = made.at(-1)!;
      const isBeside = base === made.length - 1;
      const [before, others] = made[base]!;
      // Those in between are of lower classes, unless one is of the same.
      const whole = isBeside || (combines && swaps(point, last)) ? pairOf(before, point) : undefined;
      if (whole !== undefined) {
        made[base] = [whole, others + change - 1];
        continue;
      }
    }
    if (!combines) base = made.length;
    made.push([point, change]);
  }
  return made;
}

/** The one character that two make, if there is one. */
function pairOf(before: number, point: number): number | undefined {
  if (point < 0x300) return undefined;
  const whole = codePoints(String.fromCodePoint(before, point).normalize("NFC"));
  return whole.length === 1 && decompose(whole[0]!).length > 1 ? whole[0] : undefined;
}
