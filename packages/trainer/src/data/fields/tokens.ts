import { type Cell, parseCell } from "../cell.js";
import { DataError, type DataLocation } from "../error.js";
import type { TokenExample } from "../examples.js";
import { IGNORED_TAG, isDocumentMark, type Tag } from "../tags.js";
import { likelihoodsIn } from "./likelihoods.js";
import type { FieldMapping, Row } from "./mapping.js";
import { invalid, isRow, listed, valueAt, withoutFraction } from "./row.js";

export interface TokenFieldOptions {
  /** Default "tokens". A list, also as JSON, Python and numpy write it into a cell, or words with spaces between. */
  readonly wordsColumn?: string;
  /** Default "tags"; null reads none. */
  readonly tagsColumn?: string | null;
}

/**
 * Words with a tag each (token-classification). Tags may be numbers where a file has class indices; -100 is a word that
 * has none. A tag may also be an object that says how likely each tag is; numbers that add up to 1, tags left out being 0.
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

function tagsOf(value: unknown, cell: Cell | undefined, field: string, where: DataLocation): Tag[] {
  if (typeof value !== "string") return tagItems(value, field, where);
  const tags = cell?.kind === "container" ? tagItems(cell.value, field, where) : bySpaces(value);
  const numbers = tags.map((tag) => (typeof tag === "string" ? withoutFraction(tag) : tag));
  return numbers.every((tag) => typeof tag !== "string" || /^-?\d+$/.test(tag)) ? numbers : tags;
}

function tagItems(value: unknown, field: string, where: DataLocation): Tag[] {
  if (!Array.isArray(value) || !value.some(isRow)) return itemsOf(value, field, where);
  return value.map((item: unknown, word) => {
    if (typeof item === "string" || Number.isInteger(item)) return String(item);
    const tag = isRow(item) ? likelihoodsOf(item) : undefined;
    if (tag !== undefined) return tag;
    const wanted = 'a tag, or how likely each is as {"B-PER": number}, numbers from 0 to 1 that add up to 1';
    throw invalid(field, item, `${wanted} (word ${word + 1})`, where);
  });
}

/** No word is somewhat -100. */
function likelihoodsOf(item: Row): Tag | undefined {
  return Object.hasOwn(item, IGNORED_TAG) ? undefined : likelihoodsIn(item);
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
