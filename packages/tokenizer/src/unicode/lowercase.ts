import { CONTROL, slowClasses } from "./classes.js";

/**
 * Lower case of one code point, without locale or context, as Unicode 14 has it; the same in Python 3.11 and in the Rust
 * crate. Unicode never parts a case pair nor pairs characters that are there already (its stability policy), so the
 * engine's mapping will do wherever both ends were assigned by Unicode 14.
 */
export function lowerCharacter(character: string): string {
  const classOf = slowClasses();
  const lower = character.toLowerCase();
  const isKnown = [character, lower].every((c) => c < "\x80" || classOf(c.codePointAt(0)!) !== CONTROL);
  return isKnown ? lower : character;
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** Each character of a text in lower case by itself, so that no sigma is a final one. */
export function lowerEach(text: string): string {
  return isAscii(text) ? text.toLowerCase() : Array.from(text, lowerCharacter).join("");
}

/** Python's `str.lower`: a capital sigma at the end of a word becomes the final one. */
export function pythonLower(text: string): string {
  // Capital sigmas are rare (inside an added token), and the properties around them old: the engine's will do.
  const final = text.replace(/(?<=\p{Cased}\p{Case_Ignorable}*)\u03a3(?!\p{Case_Ignorable}*\p{Cased})/gu, "\u03c2");
  return lowerEach(final);
}
