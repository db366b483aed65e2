import { columnFormat } from "./conll.js";
import type { TextEncoding } from "./encoding.js";
import { DataError } from "./error.js";
import type { TokenExample } from "./examples.js";
import type { RecordFormat } from "./format.js";

export interface ConlluOptions {
  /** Column of the tags: "upos" (default), "xpos" or "deprel", or its number from 0. */
  readonly tags?: "upos" | "xpos" | "deprel" | number;
  /** Default "utf-8". */
  readonly encoding?: TextEncoding;
}

const COLUMNS = { upos: 3, xpos: 4, deprel: 7 } as const;

/**
 * CoNLL-U of Universal Dependencies (universaldependencies.org/format.html): syntactic words with one of their columns as
 * tag. Comments, ranges of words that are written as one (`1-2`) and empty nodes (`1.1`) are skipped.
 */
export function conllu({ tags = "upos", ...options }: ConlluOptions = {}): RecordFormat<TokenExample> {
  const tagColumn = typeof tags === "number" ? tags : COLUMNS[tags];
  const format = columnFormat({ ...options, wordColumn: 1, tagColumn, separator: "tab", comment: "#" }, ([id = ""]) =>
    /^\d+[-.]\d+$/.test(id),
  );
  return {
    ...format,
    open(file) {
      const { group, parse } = format.open(file);
      return {
        group,
        parse(record) {
          const example = parse(record);
          if (!example.tags?.every((tag) => tag === "_")) return example;
          const problem = `the sentence has no tags in column ${tagColumn}, only _; name another (tags)`;
          throw new DataError("missing-field", problem, { file, line: record.line, field: "tag" });
        },
      };
    },
  };
}
