// Labels, names of tensors, tokens and texts come from files, and a terminal acts on what it is given: escape sequences move
// its cursor and hide text, bidirectional overrides turn the order of what is read.

/** White space that would end a line or move the cursor. */
const SPACES = /[\t\n\v\f\r\x85\u2028\u2029]/g;
/** Controls, bidirectional embeddings, overrides and isolates, and halves of surrogate pairs. */
const UNSAFE = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu;
/** What of these JSON leaves as it is. */
const UNSAFE_IN_JSON = /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

/** Text for a terminal, on one line: white space as spaces, what the terminal would act on as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(SPACES, " ").replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** A value as a line of JSON that a terminal can show; it means what it meant. */
export function jsonLine(value: unknown): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(UNSAFE_IN_JSON, escaped);
}
