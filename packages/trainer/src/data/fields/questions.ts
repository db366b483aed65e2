import { answerOf, checkAnswer } from "../answers.js";
import { parseCell } from "../cell.js";
import type { DataError, DataLocation } from "../error.js";
import type { AnswerText, QuestionExample } from "../examples.js";
import type { FieldMapping, Row } from "./mapping.js";
import { invalid, listed, stringAt, valueAt } from "./row.js";

export interface QuestionFieldOptions {
  /** Default "question". */
  readonly questionColumn?: string;
  /** Default "context". */
  readonly contextColumn?: string;
  /**
   * Default "answers": `{ text: [...], answer_start: [...] }` or a list of `{ text, answer_start }`, also as JSON or Python
   * in a cell, or in columns `answers.text` and `answers.answer_start`; null reads none.
   */
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
    required: [questionColumn, contextColumn, ...listed(answersColumn)],
    read(row, where) {
      const context = stringAt(row, contextColumn, where);
      const id = row[idColumn] ?? where.line ?? "";
      const answers = answersColumn === null ? [] : answersAt(row, answersColumn, where);
      for (const answer of answers) checkAnswer(answer, context, { ...where, field: answersColumn ?? undefined });
      return { id: String(id), question: stringAt(row, questionColumn, where), context, answers };
    },
  };
}

function answersAt(row: Row, field: string, where: DataLocation): AnswerText[] {
  const given = valueAt(row, field, where);
  const fail = (): DataError => invalid(field, given, "{ text: [...], answer_start: [...] }", where);
  const value = listIn(given);
  if (typeof value !== "object" || value === null) throw fail();
  if (Array.isArray(value)) return value.map((item) => answerOf(item, fail));
  const { text, answer_start } = value as { text?: unknown; answer_start?: unknown };
  const [texts, starts] = [listIn(text), listIn(answer_start)];
  // One answer in columns of its own.
  if (typeof texts === "string")
    return texts === "" ? [] : [answerOf({ text: texts, answer_start: numeric(starts) }, fail)];
  if (!Array.isArray(texts) || !Array.isArray(starts) || texts.length !== starts.length) throw fail();
  return texts.map((item, i) => answerOf({ text: item, answer_start: numeric(starts[i]) }, fail));
}

function listIn(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const cell = parseCell(value);
  return cell.kind === "container" ? cell.value : value;
}

function numeric(value: unknown): unknown {
  return typeof value === "string" && value.trim() !== "" ? Number(value) : value;
}
