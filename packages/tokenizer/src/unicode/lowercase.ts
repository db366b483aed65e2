import { CAPITALS } from "../generated/capitals.js";
import { setOf } from "./runs.js";

const mayBeCapital = /* @__PURE__ */ setOf(CAPITALS);

/**
 * Lower case of one character, without locale or context, as Unicode 14 has it; the same in Python 3.11 and in the Rust
 * crate. Unicode never parts a case pair, so the engine's mapping will do where the table allows for one.
 */
export function lowerCharacter(character: string): string {
  return mayBeCapital(character.codePointAt(0)!) ? character.toLowerCase() : character;
}

/** Each character of a text in lower case by itself, so that no sigma is a final one. */
export function lowerEach(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Array.from(text, lowerCharacter).join("") : text.toLowerCase();
}

/** Python's `str.lower`: a capital sigma at the end of a word becomes the final one. */
export function pythonLower(text: string): string {
  // Capital sigmas are rare (inside an added token), and the properties around them old: the engine's will do.
  const final = text.replace(/(?<=\p{Cased}\p{Case_Ignorable}*)\u03a3(?!\p{Case_Ignorable}*\p{Cased})/gu, "\u03c2");
  return lowerEach(final);
}
