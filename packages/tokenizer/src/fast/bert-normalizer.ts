import * as classes from "../unicode/classes.js";
import { decompose, isSurviving } from "../unicode/decompose.js";
import { fastClass } from "../unicode/fast-class.js";
import { lowerCharacter } from "../unicode/lowercase.js";
import { codePoints } from "../unicode/marks.js";
import type { AlignedText } from "./aligned-text.js";
import { ALONE, CharacterActions, SPACE } from "./character-actions.js";

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

/** What one code point becomes. */
type Step = (codePoint: number) => number[];

const clean: Step = (c) => {
  const kind = fastClass(c);
  return kind === classes.CONTROL ? [] : kind === classes.SPACE ? [32] : [c];
};
const setApart: Step = (c) => (classes.isChinese(c, true) ? [32, c, 32] : [c]);
const dropMarks: Step = (c) => (fastClass(c) === classes.MARK ? [] : [c]);
const lower: Step = (c) => codePoints(lowerCharacter(String.fromCodePoint(c)));

/** The Rust `BertNormalizer` (tokenizers 0.14.1, `normalizers/bert.rs`). */
export class BertNormalizer implements Normalizer {
  declare readonly options: BertNormalizerOptions;
  /** The steps that look at one code point at a time, before and after decomposition. */
  readonly #before: readonly Step[];
  readonly #after: readonly Step[];
  readonly #strips: boolean;

  constructor(options: BertNormalizerOptions) {
    this.options = options;
    const { clean_text, handle_chinese_chars, strip_accents, lowercase } = options;
    this.#strips = strip_accents ?? lowercase;
    this.#before = [...(clean_text ? [clean] : []), ...(handle_chinese_chars ? [setApart] : [])];
    this.#after = [...(this.#strips ? [dropMarks] : []), ...(lowercase ? [lower] : [])];
  }

  normalize(text: AlignedText): void {
    for (const step of this.#before) text.mapEach(step);
    if (this.#strips) text.decompose();
    for (const step of this.#after) text.mapEach(step);
  }

  /** What becomes of one code point that has no neighbours; undefined where its neighbours matter. */
  one(codePoint: number): readonly number[] | undefined {
    const inTurn = (points: number[], steps: readonly Step[]): number[] =>
      steps.reduce((made, step) => made.flatMap((c) => step(c)), points);
    const points = inTurn([codePoint], this.#before);
    if (!this.#strips) return inTurn(points, this.#after);
    const parts = points.flatMap((c) => decompose(c));
    return parts.some(isSurviving) ? undefined : inTurn(parts, this.#after);
  }
}

/** Actions for the reference's `BertPreTokenizer`: white space parts words, punctuation is a word by itself. */
export function bertActions(normalizer: BertNormalizer | undefined): CharacterActions {
  return new CharacterActions((codePoint) =>
    (normalizer ? normalizer.one(codePoint) : [codePoint])?.map((c) => {
      if (classes.isRustWhitespace(c)) return SPACE;
      return fastClass(c) === classes.PUNCTUATION ? ALONE + c : c;
    }),
  );
}
