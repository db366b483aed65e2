import type { SentenceExample } from "../examples.js";
import type { FieldMapping } from "./mapping.js";
import { textFields } from "./text.js";

export interface SentenceFieldOptions {
  /** Default "text". */
  readonly textColumn?: string;
  /** Second text: of a pair, or what is like the first. Default none: single texts, for regression. */
  readonly pairColumn?: string;
  /** Third text: what is unlike the first. Default none. */
  readonly negativeColumn?: string;
  /** How alike the texts of a pair are, a number. Default none. */
  readonly scoreColumn?: string;
}

/** Single texts, pairs with a score or without, or three texts (sentence-embedding). */
export function sentenceFields(options: SentenceFieldOptions = {}): FieldMapping<SentenceExample> {
  const { textColumn = "text", pairColumn, negativeColumn, scoreColumn } = options;
  const columns = [textColumn, pairColumn, negativeColumn].filter((column) => column !== undefined);
  // Each column is read as the text of an example of its own, the score with the first.
  const [first, ...others] = columns.map((column, i) =>
    i === 0 && scoreColumn !== undefined
      ? textFields({ textColumn: column, labelColumn: scoreColumn, labelType: "number" })
      : textFields({ textColumn: column, labelColumn: null }),
  );
  return {
    required: [...first!.required, ...others.flatMap(({ required }) => required)],
    read(row, where) {
      const { text, label } = first!.read(row, where);
      return {
        texts: [text, ...others.map(({ read }) => read(row, where).text)],
        ...(label !== undefined && { score: label as number }),
      };
    },
  };
}
