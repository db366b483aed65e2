// Names of labels, files and metrics come from data; cards and reports are read by people and rendered by others' software.

/** Controls, bidirectional embeddings, overrides and isolates, halves of surrogate pairs. */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/gu;
/** The same but for line ends and tabs. */
const UNSAFE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/** Text with what would act on a terminal or turn its reading order as `\u{1b}`; line ends and tabs stay. */
export function visible(text: string): string {
  return text.replace(UNSAFE_IN_LINES, escaped);
}

/** Text for HTML, in attributes as well. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Text that Markdown shows as it is: nothing in it becomes a heading, a link, a table's cell or HTML.
 * @param text anything, as a label from a data set.
 * @returns one line of Markdown.
 */
export function escapeMarkdown(text: string): string {
  return (
    text
      .replace(/[\t\n\v\f\r\x85\u2028\u2029]+/g, " ")
      .replace(UNSAFE, escaped)
      .replace(/[\\`*_[\]{}<>|~&#!]/g, "\\$&")
      // Bare addresses become links, too; and marks of lists, headings and quotations at the beginning.
      .replace(/:(?=\/\/)|(?<=\bwww)\.|(?<=\w)@(?=\w)/gi, "\\$&")
      .replace(/^(\s*)([-+=]|\d+(?=[.)]))/, (_match, space: string, mark: string) =>
        /\d/.test(mark) ? `${space}${mark}\\` : `${space}\\${mark}`,
      )
  );
}

/** Text as code within a line of Markdown, whatever backticks stand in it. */
export function codeSpan(text: string): string {
  const shown = text.replace(/[\t\n\v\f\r\x85\u2028\u2029]+/g, " ").replace(UNSAFE, escaped);
  const longest = Math.max(0, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const gap = /^`|`$/.test(shown) ? " " : "";
  return `${fence}${gap}${shown}${gap}${fence}`;
}

/**
 * Text as a block of code, whatever fences stand in it.
 * @param language for the highlighting, "sh".
 */
export function codeBlock(text: string, language = ""): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([fence]) => fence.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${visible(text)}\n${fence}`;
}

/** Text as a string of YAML: a JSON string with everything escaped that YAML or a terminal would not take. */
export function yamlString(text: string): string {
  const code = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text.replace(/\p{Cs}/gu, "\ufffd")).replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    code,
  );
}
