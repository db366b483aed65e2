import type { AlignedText } from "./aligned-text.js";
import { ALONE, CharacterActions, SPACE } from "./character-actions.js";
import { fastClasses, isChinese, isRustWhitespace } from "./unicode/classes.js";
import { codePoints, decompose, isCombining } from "./unicode/decompose.js";
import { lowerCharacter } from "./unicode/lowercase.js";

/** The settings of the reference's `BertNormalizer`, under the names of `tokenizer.json`. */
export interface BertNormalizerOptions {
  readonly clean_text: boolean;
  readonly handle_chinese_chars: boolean;
  /** null: whatever `lowercase` says. */
  readonly strip_accents: boolean | null;
  readonly lowercase: boolean;
}

/** A step that rewrites a text before it is split, keeping track of where each character came from. */
export interface Normalizer {
  normalize(text: AlignedText): void;
}

/** The Rust `BertNormalizer` (tokenizers 0.14.1, `normalizers/bert.rs`). */
export class BertNormalizer implements Normalizer {
  readonly options: BertNormalizerOptions;
  readonly #strip: boolean;

  constructor(options: BertNormalizerOptions) {
    this.options = options;
    this.#strip = options.strip_accents ?? options.lowercase;
  }

  normalize(text: AlignedText): void {
    const { clean_text, handle_chinese_chars, lowercase } = this.options;
    const { isControl, isMark } = fastClasses();
    if (clean_text) text.mapEach((c) => (isControl(c) ? [] : isRustWhitespace(c) ? [32] : [c]));
    if (handle_chinese_chars) text.mapEach((c) => (isChinese(c, true) ? [32, c, 32] : [c]));
    if (this.#strip) {
      text.decompose();
      text.mapEach((c) => (isMark(c) ? [] : [c]));
    }
    if (lowercase) text.mapEach(lowerPoints);
  }

  /** What becomes of one code point that has no neighbours; undefined where its neighbours matter. */
  one(codePoint: number): readonly number[] | undefined {
    const { clean_text, handle_chinese_chars, lowercase } = this.options;
    const { isControl, isMark } = fastClasses();
    let points: readonly number[] = [codePoint];
    if (clean_text) {
      if (isControl(codePoint)) return [];
      if (isRustWhitespace(codePoint)) return [32];
    }
    if (handle_chinese_chars && isChinese(codePoint, true)) points = [32, codePoint, 32];
    if (this.#strip) {
      points = points.flatMap((c) => decompose(c)).filter((c) => !isMark(c));
      if (points.some(isCombining)) return undefined;
    }
    return lowercase ? points.flatMap(lowerPoints) : points;
  }
}

const lowerPoints = (c: number): number[] => codePoints(lowerCharacter(String.fromCodePoint(c)));

/** Actions for the reference's `BertPreTokenizer`: white space parts words, punctuation is a word by itself. */
export function bertActions(normalizer: BertNormalizer | undefined): CharacterActions {
  const { isPunctuation } = fastClasses();
  return new CharacterActions((codePoint) =>
    (normalizer ? normalizer.one(codePoint) : [codePoint])?.flatMap((c) => {
      if (isRustWhitespace(c)) return SPACE;
      return isPunctuation(c) ? ALONE + c : c;
    }),
  );
}
