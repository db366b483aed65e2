import { type Cell, parseCell } from "../cell.js";
import { DataError, type DataLocation } from "../error.js";
import type { TokenExample } from "../examples.js";
import { IGNORED_TAG, isDocumentMark } from "../tags.js";
import type { FieldMapping } from "./mapping.js";
import { invalid, listed, valueAt, withoutFraction } from "./row.js";

export interface TokenFieldOptions {
  /** Default "tokens". A list, also as JSON, Python and numpy write it into a cell, or words with spaces between. */
  readonly wordsColumn?: string;
  /** Default "tags"; null reads none. */
  readonly tagsColumn?: string | null;
}

/**
 * Words with a tag each (token-classification). Tags may be numbers where a file has class indices; -100 is a word that
 * has none.
 */
export function tokenFields(options: TokenFieldOptions = {}): FieldMapping<TokenExample> {
  const { wordsColumn = "tokens", tagsColumn = "tags" } = options;
  return {
    required: [wordsColumn, ...listed(tagsColumn)],
    read(row, where) {
      const words = valueAt(row, wordsColumn, where);
      if (tagsColumn === null) return { words: wordsOf(words, undefined, wordsColumn, where) };
      const value = valueAt(row, tagsColumn, where);
      const cell = typeof value === "string" ? parseCell(value) : undefined;
      if (cell?.kind === "broken") {
        throw invalid(
          tagsColumn,
          value,
          `a list as ["O", "B-PER"], or tags with spaces between: ${cell.reason}`,
          where,
        );
      }
      const all = wordsOf(words, cell, wordsColumn, where);
      const tags = tagsOf(value, cell, tagsColumn, where);
      if (all.length === tags.length) {
        return { words: all, tags: tags.map((tag, i) => (isDocumentMark(all[i]) ? IGNORED_TAG : tag)) };
      }
      throw new DataError("invalid-value", `${all.length} words have ${tags.length} tags`, {
        ...where,
        field: tagsColumn,
      });
    },
  };
}

/**
 * Words in brackets may be a sentence that has brackets: they are a list where the tags are one, or all of them have
 * quotes.
 */
function wordsOf(value: unknown, tags: Cell | undefined, field: string, where: DataLocation): string[] {
  if (typeof value !== "string") return itemsOf(value, field, where);
  const cell = parseCell(value);
  if (cell.kind === "broken" && /^\s*\[\s*["']/.test(value)) {
    throw invalid(field, value, `a list as ["a", "b"], or words with spaces between: ${cell.reason}`, where);
  }
  if (cell.kind !== "container") return bySpaces(value);
  const { value: list } = cell;
  const isList = tags?.kind === "container" || (Array.isArray(list) && list.every((item) => typeof item === "string"));
  return isList ? itemsOf(list, field, where) : bySpaces(value);
}

function tagsOf(value: unknown, cell: Cell | undefined, field: string, where: DataLocation): string[] {
  if (typeof value !== "string") return itemsOf(value, field, where);
  const tags = cell?.kind === "container" ? itemsOf(cell.value, field, where) : bySpaces(value);
  const numbers = tags.map(withoutFraction);
  return numbers.every((tag) => /^-?\d+$/.test(tag)) ? numbers : tags;
}

function bySpaces(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function itemsOf(value: unknown, field: string, where: DataLocation): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string" || Number.isInteger(item))) {
    return value.map(String);
  }
  throw invalid(field, value, "a list of strings", where);
}
