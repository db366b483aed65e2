import { DataError, type DataLocation, show } from "./error.js";
import type {
  AnswerText,
  ChoiceExample,
  PlainExample,
  QuestionExample,
  TextExample,
  TokenExample,
} from "./examples.js";

/** A line of JSONL, or a row of CSV with its header's names. */
export type Row = Readonly<Record<string, unknown>>;

/** How a row becomes an example: which columns it takes, and what it makes of them. */
export interface FieldMapping<T extends object> {
  /** Columns that must be there; a CSV file without one is rejected at its header. */
  readonly required: readonly string[];
  read(row: Row, where: DataLocation): T;
}

export interface TextFieldOptions {
  /** Default "text". */
  readonly textColumn?: string;
  /** Second text of a pair. Default none. */
  readonly pairColumn?: string;
  /** Default "label"; null reads none. */
  readonly labelColumn?: string | null;
  /** Several labels in one cell, with this between them; an empty cell has none. JSON lists need no separator. */
  readonly labelSeparator?: string;
  /** Several labels, a column each, holding 0 or 1 (also false and true): the columns' names are the labels. */
  readonly labelColumns?: readonly string[];
  /** "number" for regression: the label is a number, also where CSV has its text. Default "class". */
  readonly labelType?: "class" | "number";
}

/** Texts or pairs with a label (text-classification): single, multi-label or regression. */
export function textFields(options: TextFieldOptions = {}): FieldMapping<TextExample> {
  const { textColumn = "text", pairColumn, labelSeparator, labelColumns, labelType = "class" } = options;
  const labelColumn = labelColumns ? null : options.labelColumn === undefined ? "label" : options.labelColumn;
  const read = (row: Row, where: DataLocation): TextExample => {
    const example = {
      text: stringAt(row, textColumn, where),
      ...(pairColumn !== undefined && { textPair: stringAt(row, pairColumn, where) }),
    };
    if (labelColumns) return { ...example, label: labelColumns.filter((column) => flagAt(row, column, where)) };
    if (labelColumn === null) return example;
    const value = valueAt(row, labelColumn, where);
    const fail = (wanted: string): DataError => invalid(labelColumn, value, wanted, where);
    if (labelType === "number") {
      const values = Array.isArray(value) ? value.map(numberOf) : numberOf(value);
      if (values === undefined || (Array.isArray(values) && values.includes(undefined))) throw fail("a number");
      return { ...example, label: values as number | number[] };
    }
    if (Array.isArray(value)) {
      if (!value.every(isClass)) throw fail("a list of labels");
      return { ...example, label: value };
    }
    if (!isClass(value)) throw fail("a label: a string or a whole number");
    if (labelSeparator === undefined) {
      if (value === "") throw fail("a label");
      return { ...example, label: value };
    }
    const parts = String(value).split(labelSeparator);
    return { ...example, label: parts.map((part) => part.trim()).filter((part) => part !== "") };
  };
  return {
    required: [textColumn, ...(pairColumn === undefined ? [] : [pairColumn]), ...(labelColumns ?? list(labelColumn))],
    read,
  };
}

export interface TokenFieldOptions {
  /** Default "tokens". A list, or a string of words with spaces between. */
  readonly wordsColumn?: string;
  /** Default "tags"; null reads none. */
  readonly tagsColumn?: string | null;
}

/** Words with a tag each (token-classification). Tags may be numbers where a file has class indices. */
export function tokenFields(options: TokenFieldOptions = {}): FieldMapping<TokenExample> {
  const { wordsColumn = "tokens", tagsColumn = "tags" } = options;
  return {
    required: [wordsColumn, ...list(tagsColumn)],
    read(row, where) {
      const words = stringsAt(row, wordsColumn, where);
      if (tagsColumn === null) return { words };
      const tags = stringsAt(row, tagsColumn, where);
      if (words.length !== tags.length) {
        throw new DataError("invalid-value", `${words.length} words have ${tags.length} tags`, {
          ...where,
          field: tagsColumn,
        });
      }
      return { words, tags };
    },
  };
}

export interface QuestionFieldOptions {
  /** Default "question". */
  readonly questionColumn?: string;
  /** Default "context". */
  readonly contextColumn?: string;
  /** Default "answers": `{ text: [...], answer_start: [...] }` or a list of `{ text, answer_start }`; null reads none. */
  readonly answersColumn?: string | null;
  /** Default "id"; the line's number where a row has none. */
  readonly idColumn?: string;
}

/** Questions with their contexts, a row each, as data sets of the hub have them (question-answering). */
export function questionFields(options: QuestionFieldOptions = {}): FieldMapping<QuestionExample> {
  const {
    questionColumn = "question",
    contextColumn = "context",
    answersColumn = "answers",
    idColumn = "id",
  } = options;
  return {
    required: [questionColumn, contextColumn, ...list(answersColumn)],
    read(row, where) {
      const context = stringAt(row, contextColumn, where);
      const id = row[idColumn] ?? where.line ?? "";
      const answers = answersColumn === null ? [] : answersAt(row, answersColumn, where);
      for (const answer of answers) checkAnswer(answer, context, { ...where, field: answersColumn ?? undefined });
      return { id: String(id), question: stringAt(row, questionColumn, where), context, answers };
    },
  };
}

export interface ChoiceFieldOptions {
  /** Default "prompt". */
  readonly promptColumn?: string;
  /** One column with a list of choices (default "choices"), or a column each. */
  readonly choicesColumn?: string;
  readonly choiceColumns?: readonly string[];
  /** Default "label"; null reads none. */
  readonly labelColumn?: string | null;
  /** What the first choice is called in the label column. Default 0. */
  readonly firstLabel?: number;
}

/** Prompts with alternatives (multiple-choice). */
export function choiceFields(options: ChoiceFieldOptions = {}): FieldMapping<ChoiceExample> {
  const { promptColumn = "prompt", choicesColumn = "choices", choiceColumns } = options;
  const { labelColumn = "label", firstLabel = 0 } = options;
  return {
    required: [promptColumn, ...(choiceColumns ?? [choicesColumn]), ...list(labelColumn)],
    read(row, where) {
      const prompt = stringAt(row, promptColumn, where);
      const choices =
        choiceColumns?.map((column) => stringAt(row, column, where)) ?? stringsAt(row, choicesColumn, where, false);
      if (choices.length < 2) throw invalid(choicesColumn, choices, "at least two choices", where);
      if (labelColumn === null) return { prompt, choices };
      const value = valueAt(row, labelColumn, where);
      const label = (numberOf(value) ?? Number.NaN) - firstLabel;
      if (!(Number.isInteger(label) && label >= 0 && label < choices.length)) {
        throw invalid(
          labelColumn,
          value,
          `a whole number from ${firstLabel} to ${firstLabel + choices.length - 1}`,
          where,
        );
      }
      return { prompt, choices, label };
    },
  };
}

/** Plain texts (fill-mask). */
export function plainFields({
  textColumn = "text",
}: {
  readonly textColumn?: string;
} = {}): FieldMapping<PlainExample> {
  return { required: [textColumn], read: (row, where) => ({ text: stringAt(row, textColumn, where) }) };
}

/** Checks that an answer stands where it says. Throws DataError. */
export function checkAnswer(
  { text, answerStart }: AnswerText,
  context: string,
  where: DataLocation & { readonly field?: string | undefined },
): void {
  const start = utf16Offset(context, answerStart);
  if (start !== undefined && context.startsWith(text, start)) return;
  throw new DataError(
    "invalid-value",
    `the answer ${show(text)} does not stand at ${answerStart} of its context`,
    where,
  );
}

/** Place of a code point in UTF-16 units; undefined outside the text. */
export function utf16Offset(text: string, codePoint: number): number | undefined {
  if (!(codePoint >= 0 && codePoint <= text.length)) return undefined;
  let at = 0;
  for (let i = 0; i < codePoint; i++) {
    if (at >= text.length) return undefined;
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
}

function list<T>(value: T | null): T[] {
  return value === null ? [] : [value];
}

function invalid(field: string, value: unknown, wanted: string, where: DataLocation): DataError {
  return new DataError("invalid-value", `${field} is ${show(value)}; it must be ${wanted}`, { ...where, field });
}

function valueAt(row: Row, field: string, where: DataLocation): unknown {
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  if (value !== undefined && value !== null) return value;
  const names = Object.keys(row).slice(0, 12).map(show).join(", ");
  throw new DataError("missing-field", `there is no ${show(field)}; the row has ${names || "nothing"}`, {
    ...where,
    field,
  });
}

function stringAt(row: Row, field: string, where: DataLocation): string {
  const value = valueAt(row, field, where);
  if (typeof value === "string") return value;
  throw invalid(field, value, "a string", where);
}

function stringsAt(row: Row, field: string, where: DataLocation, split = true): string[] {
  const value = valueAt(row, field, where);
  if (split && typeof value === "string") return value.split(/\s+/).filter((word) => word !== "");
  if (Array.isArray(value) && value.every((item) => typeof item === "string" || Number.isInteger(item))) {
    return value.map(String);
  }
  throw invalid(field, value, "a list of strings", where);
}

function flagAt(row: Row, field: string, where: DataLocation): boolean {
  const value = valueAt(row, field, where);
  const text = String(value).trim().toLowerCase();
  if (text === "1" || text === "true" || value === 1.0) return true;
  if (text === "0" || text === "false") return false;
  throw invalid(field, value, "0 or 1", where);
}

function answersAt(row: Row, field: string, where: DataLocation): AnswerText[] {
  const value = valueAt(row, field, where) as { text?: unknown; answer_start?: unknown } | readonly unknown[];
  const fail = (): DataError => invalid(field, value, "{ text: [...], answer_start: [...] }", where);
  const { text, answer_start } = value as { text?: unknown; answer_start?: unknown };
  if (Array.isArray(text) && Array.isArray(answer_start)) {
    if (text.length !== answer_start.length) throw fail();
    return text.map((item, i) => answerOf({ text: item, answer_start: answer_start[i] }, fail));
  }
  if (!Array.isArray(value)) throw fail();
  return value.map((item) => answerOf(item, fail));
}

/** An answer of a file. `fail` makes the error for anything else. */
export function answerOf(value: unknown, fail: () => DataError): AnswerText {
  if (typeof value !== "object" || value === null) throw fail();
  const { text, answer_start } = value as { text?: unknown; answer_start?: unknown };
  if (typeof text !== "string" || !Number.isSafeInteger(answer_start)) throw fail();
  return { text, answerStart: answer_start as number };
}

function isClass(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? +value : NaN;
  return Number.isFinite(number) ? number : undefined;
}
