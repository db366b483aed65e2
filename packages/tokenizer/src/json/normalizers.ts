import type { AlignedText } from "../aligned-text.js";
import { BertNormalizer, type Normalizer } from "../bert-normalizer.js";
import { TokenizerError } from "../errors.js";
import { isRustWhitespace } from "../unicode/classes.js";
import { codePoints, isCombining } from "../unicode/decompose.js";
import { lowerCharacter } from "../unicode/lowercase.js";
import { type Json, readPattern } from "./parts.js";

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
    case "NFKD":
      return { normalize: (text) => text.decompose(type) };
    case "NFC":
    case "NFKC":
      return {
        normalize: (text) => {
          text.decompose(type === "NFC" ? "NFD" : "NFKD");
          compose(text);
        },
      };
    case "StripAccents":
      return { normalize: (text) => text.mapEach((c) => (/\p{M}/u.test(String.fromCodePoint(c)) ? [] : [c])) };
    case "Strip":
      return { normalize: (text) => strip(text, json["strip_left"] !== false, json["strip_right"] !== false) };
    case "Replace": {
      const pattern = readPattern(json["pattern"]);
      const content = codePoints(String(json["content"] ?? ""));
      return { normalize: (text) => replace(text, pattern, content) };
    }
    default:
      throw new TokenizerError("unsupported", `tokenizer.json: there is no normalizer ${JSON.stringify(type)} in BERT's family`, { type });
  }
}

/** Rebuilds a text from some of its places, or others in their stead. */
function rebuild(text: AlignedText, make: (keep: (at: number, point?: number) => void) => void): void {
  const { points, starts, ends } = text;
  text.points = [];
  text.starts = [];
  text.ends = [];
  make((at, point = points[at]!) => {
    text.points.push(point);
    text.starts.push(starts[at]!);
    text.ends.push(ends[at]!);
  });
}

function strip(text: AlignedText, left: boolean, right: boolean): void {
  let from = 0;
  let to = text.points.length;
  if (left) while (from < to && isRustWhitespace(text.points[from]!)) from++;
  if (right) while (to > from && isRustWhitespace(text.points[to - 1]!)) to--;
  rebuild(text, (keep) => {
    for (let i = from; i < to; i++) keep(i);
  });
}

/** What replaces a match takes the place of the match's last character. */
function replace(text: AlignedText, pattern: RegExp, content: readonly number[]): void {
  // Matches count units, the text code points.
  const places: number[] = [];
  text.points.forEach((point, i) => {
    places.push(...(point > 0xffff ? [i, i] : [i]));
  });
  places.push(text.points.length);
  const matches = [...text.toText().matchAll(pattern)];
  rebuild(text, (keep) => {
    let done = 0;
    for (const match of matches) {
      const from = places[match.index]!;
      const to = places[match.index + match[0].length]!;
      while (done < from) keep(done++);
      for (const point of content) keep(Math.max(to - 1, 0), point);
      done = Math.max(done, to);
    }
    const end = places.at(-1)!;
    while (done < end) keep(done++);
  });
}

/** NFC of decomposed text: what joins takes the place of its first part. */
function compose(text: AlignedText): void {
  const { points } = text;
  const joined = (c: number): string => String.fromCodePoint(c);
  rebuild(text, (keep) => {
    for (let from = 0; from < points.length; ) {
      let to = from + 1;
      let composed = joined(points[from]!);
      // On to where nothing reaches back: marks, and what composes with what stands before it, like Hangul vowels.
      for (; to < points.length; to++) {
        const next = (composed + joined(points[to]!)).normalize("NFC");
        if (!isCombining(points[to]!) && Array.from(next).length > Array.from(composed).length) break;
        composed = next;
      }
      const result = codePoints(composed);
      result.forEach((point, i) => {
        keep(i === 0 ? from : to - result.length + i, point);
      });
      from = to;
    }
  });
}
