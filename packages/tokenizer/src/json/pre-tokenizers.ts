import { TokenizerError } from "../errors.js";
import type { Splitter } from "../fast/pipeline.js";
import { NUMBERS } from "../generated/numbers.js";
import { isRustWhitespace, PUNCTUATION } from "../unicode/classes.js";
import { fastClass } from "../unicode/fast-class.js";
import { isRustWord } from "../unicode/fast-words.js";
import { setOf } from "../unicode/runs.js";
import { type Json, readPattern } from "./parts.js";

type Piece = readonly [from: number, to: number];
/** All of a text in pieces, and which of them are matches. */
type Cut = (text: string) => readonly (readonly [piece: Piece, isMatch: boolean])[];
type Behavior = "Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

const isNumber = /* @__PURE__ */ setOf(NUMBERS);

/**
 * Makes the pre-tokenizer that a `tokenizer.json` describes (tokenizers 0.14.1, `pre_tokenizers/`).
 * @returns undefined for the reference's own BertPreTokenizer, which the scanner has built in.
 */
export function readPreTokenizer(json: Json): Splitter | undefined {
  return json["type"] === "BertPreTokenizer" ? undefined : makeSplitter(json);
}

function makeSplitter(json: Json): Splitter {
  const { type } = json;
  switch (type) {
    case "BertPreTokenizer":
      return inTurn([words, splitBy(cutAt(findPunctuation), "Isolated")]);
    case "Whitespace":
      return runsOf((c) => (isRustWhitespace(c) ? 0 : isRustWord(c) ? 1 : 2));
    case "WhitespaceSplit":
      return words;
    case "Punctuation":
      return splitBy(cutAt(findPunctuation), (json["behavior"] as Behavior | undefined) ?? "Isolated");
    case "Digits":
      return splitBy(cutAt(findAll(isNumber)), json["individual_digits"] ? "Isolated" : "Contiguous");
    case "Split": {
      const cut = cutAt(readPattern(json["pattern"]));
      const behavior = json["behavior"] as Behavior;
      return splitBy(json["invert"] ? (text) => cut(text).map(([piece, isMatch]) => [piece, !isMatch]) : cut, behavior);
    }
    case "Sequence":
      return inTurn((json["pretokenizers"] as readonly Json[]).map(makeSplitter));
    default:
      throw new TokenizerError(
        "unsupported",
        `tokenizer.json: there is no pre-tokenizer ${JSON.stringify(type)} in BERT's family`,
        { type },
      );
  }
}

/** Stretches of code points of one kind; those of kind 0 are left out. */
function runsOf(kindOf: (codePoint: number) => number): Splitter {
  return (text) => {
    const pieces: [number, number][] = [];
    let last = 0;
    let at = 0;
    for (const character of text) {
      const kind = kindOf(character.codePointAt(0)!);
      const end = at + character.length;
      if (kind !== 0 && kind === last) pieces.at(-1)![1] = end;
      else if (kind !== 0) pieces.push([at, end]);
      last = kind;
      at = end;
    }
    return pieces;
  };
}

const words: Splitter = runsOf((c) => (isRustWhitespace(c) ? 0 : 1));

/** Each code point of a set by itself. */
const findAll =
  (isMember: (codePoint: number) => boolean) =>
  (text: string): Piece[] => {
    const matches: Piece[] = [];
    let at = 0;
    for (const character of text) {
      if (isMember(character.codePointAt(0)!)) matches.push([at, at + character.length]);
      at += character.length;
    }
    return matches;
  };

const findPunctuation = findAll((c) => fastClass(c) === PUNCTUATION);

/** Cuts a text at matches, which stay pieces by themselves, as does what is between them. */
function cutAt(find: (text: string) => readonly Piece[]): Cut {
  return (text) => {
    const pieces: [Piece, boolean][] = [];
    let done = 0;
    for (const match of find(text)) {
      if (done < match[0]) pieces.push([[done, match[0]], false]);
      pieces.push([match, true]);
      done = match[1];
    }
    if (done < text.length) pieces.push([[done, text.length], false]);
    return pieces;
  };
}

/** What becomes of the matches, and where the text between them goes. */
function splitBy(cut: Cut, behavior: Behavior): Splitter {
  return (text) => {
    const all = [...cut(text)];
    if (behavior === "Removed") return all.flatMap(([piece, isMatch]) => (isMatch ? [] : [piece]));
    if (behavior === "MergedWithNext") all.reverse();
    const pieces: [number, number][] = [];
    let previous = false;
    for (const [[from, to], isMatch] of all) {
      const last = pieces.at(-1);
      const joins =
        behavior === "Contiguous" ? isMatch === previous : behavior.startsWith("Merged") && isMatch && !previous;
      if (last && joins) {
        if (behavior === "MergedWithNext") last[0] = from;
        else last[1] = to;
      } else pieces.push([from, to]);
      previous = isMatch;
    }
    return behavior === "MergedWithNext" ? pieces.reverse() : pieces;
  };
}

/** One after the other, each on the pieces of the one before. */
function inTurn(steps: readonly Splitter[]): Splitter {
  return (text) => {
    let pieces: readonly Piece[] = [[0, text.length]];
    for (const step of steps) {
      pieces = pieces.flatMap(([from, to]) => step(text.slice(from, to)).map(([a, b]): Piece => [from + a, from + b]));
    }
    return pieces.filter(([from, to]) => from < to);
  };
}
