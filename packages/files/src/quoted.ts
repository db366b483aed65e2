/** Foreign text in a message is at most this long. */
const MOST = 200;

/** What changes a terminal's state or the order of its text: controls, separators, bidirectional marks, halves of pairs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/gu;

/**
 * A value from a file, ready to stand in a message: text in quotation marks and as {@link printable} gives it, numbers
 * as they are, lists and objects by their kind alone, however deep they are.
 * @param value anything that a parser can give.
 */
export function quoted(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `"${printable(value)}"`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? `a list of ${value.length}` : "an object";
    default:
      return printable(String(value));
  }
}

/**
 * Text from a file without quotation marks, as names of tensors: what a terminal would act on is escaped, and what is
 * beyond 200 characters left out.
 */
export function printable(text: string): string {
  const shown = text
    .slice(0, MOST)
    .replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
    .slice(0, MOST);
  return text.length > MOST ? `${shown}…` : shown;
}
