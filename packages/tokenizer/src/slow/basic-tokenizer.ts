import { CONTROL, isChinese, isPythonSpace, MARK, PUNCTUATION, SPACE } from "../unicode/classes.js";
import { pythonLower } from "../unicode/lowercase.js";
import { codePoints, hasClass, sortRuns } from "../unicode/marks.js";
import { slowClass } from "../unicode/slow-class.js";

export interface BasicTokenizerOptions {
  readonly do_lower_case: boolean;
  readonly tokenize_chinese_chars: boolean;
  /** null: whatever `do_lower_case` says. */
  readonly strip_accents: boolean | null;
  readonly never_split: ReadonlySet<string>;
}

/** Splits a text into words, as Python's `BasicTokenizer` of transformers 4.34 does. */
export class BasicTokenizer {
  readonly options: BasicTokenizerOptions;

  constructor(options: BasicTokenizerOptions) {
    this.options = options;
  }

  tokenize(text: string, specialTokens: ReadonlySet<string>): string[] {
    const { do_lower_case, strip_accents, never_split } = this.options;
    // What is left after cleaning is assigned in Unicode 14, and normalizes alike in every later version.
    const words = pythonSplit(normalForm(this.#clean(text), "NFC")).map((word) => {
      if (never_split.has(word) || specialTokens.has(word)) return word;
      const lower = do_lower_case ? pythonLower(word) : word;
      return splitPunctuation((strip_accents ?? do_lower_case) ? stripAccents(lower) : lower);
    });
    return pythonSplit(words.join(" "));
  }

  /** Controls dropped, white space made spaces, Chinese characters set apart. */
  #clean(text: string): string {
    if (/^[\x20-\x7e]*$/.test(text)) return text;
    const chinese = this.options.tokenize_chinese_chars;
    let clean = "";
    for (const character of text) {
      const c = character.codePointAt(0)!;
      const kind = slowClass(c);
      if (kind === CONTROL) continue;
      clean += kind === SPACE ? " " : chinese && isChinese(c, false) ? ` ${character} ` : character;
    }
    return clean;
  }
}

/** A normal form, in time linear in the text: engines take the square of the length of unsorted marks. */
function normalForm(text: string, form: "NFC" | "NFD"): string {
  const sorted = text.replace(/\p{M}{64,}/gu, (marks) => {
    const points = codePoints(Array.from(marks, (mark) => mark.normalize("NFD")).join(""));
    sortRuns(points, (point) => point, hasClass);
    return points.map((point) => String.fromCodePoint(point)).join("");
  });
  return sorted.normalize(form);
}

/** `str.split()` of Python. */
export function pythonSplit(text: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    if (!isPythonSpace(text.charCodeAt(i))) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      words.push(text.slice(start, i));
      start = -1;
    }
  }
  if (start >= 0) words.push(text.slice(start));
  return words;
}

function stripAccents(word: string): string {
  if (/^[\0-\x7f]*$/.test(word)) return word;
  return Array.from(normalForm(word, "NFD"), (c) => (slowClass(c.codePointAt(0)!) === MARK ? "" : c)).join("");
}

/** Spaces around each punctuation character. */
function splitPunctuation(word: string): string {
  if (/^[\da-z]*$/i.test(word)) return word;
  return Array.from(word, (c) => (slowClass(c.codePointAt(0)!) === PUNCTUATION ? ` ${c} ` : c)).join("");
}
