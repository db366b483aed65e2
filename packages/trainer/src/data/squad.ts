import { TokenType } from "@streamparser/json";
import { answerOf, checkAnswer } from "./answers.js";
import { DataError, type DataLocation, show } from "./error.js";
import type { QuestionExample } from "./examples.js";
import type { DocumentFormat } from "./format.js";
import { streamJson } from "./json-stream.js";
import { locate } from "./location.js";
import type { ByteSource } from "./source.js";

export interface SquadOptions {
  /** What to do with an answer that does not stand where `answer_start` says. Default "error"; "skip" drops the question. */
  readonly misplacedAnswers?: "error" | "skip";
}

/** A paragraph of a file, and the lines on which it and its questions begin. */
interface Paragraph {
  readonly value: unknown;
  readonly title: string | undefined;
  readonly line: number;
  readonly questionLines: readonly number[];
}

/**
 * SQuAD's JSON, versions 1.1 and 2.0 (Rajpurkar et al. 2016, 2018): a question marked `is_impossible`, or without answers,
 * has none. Read paragraph by paragraph, so a file may be larger than memory.
 */
export function squad({ misplacedAnswers = "error" }: SquadOptions = {}): DocumentFormat<QuestionExample> {
  return {
    kind: "document",
    async *read(source, signal) {
      let found = false;
      for await (const paragraph of readParagraphs(source, signal)) {
        found = true;
        yield* questionsOf(paragraph, source.name, misplacedAnswers === "skip");
      }
      if (!found) {
        throw new DataError("missing-field", "there is no paragraph under data[].paragraphs[]; is this a SQuAD file?", {
          file: source.name,
          field: "paragraphs",
        });
      }
    },
  };
}

/** Nesting of the objects in `{ data: [{ paragraphs: [{ qas: [{}] }] }] }`. */
const ARTICLE_DEPTH = 3;
const PARAGRAPH_DEPTH = 5;
const QUESTION_DEPTH = 7;

function readParagraphs(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Paragraph> {
  let title: string | undefined;
  let key: string | undefined;
  let paragraphLine = 1;
  let questionLines: number[] = [];
  return streamJson(source, signal, {
    paths: () => ["$.data.*.paragraphs.*"],
    token(kind, text, depth, line) {
      if (kind === TokenType.LEFT_BRACE || kind === TokenType.LEFT_BRACKET) {
        key = undefined;
        if (depth === ARTICLE_DEPTH) {
          title = undefined;
        } else if (depth === PARAGRAPH_DEPTH) {
          paragraphLine = line;
          questionLines = [];
        } else if (depth === QUESTION_DEPTH) {
          questionLines.push(line);
        }
      } else if (depth === ARTICLE_DEPTH && kind === TokenType.STRING) {
        // The parser forgets what it has passed, the title of an article included.
        if (key === "title") title = text;
        key = key === undefined ? text : undefined;
      } else if (kind === TokenType.COMMA) {
        key = undefined;
      }
    },
    value: (value) => ({ value, title, line: paragraphLine, questionLines }),
  });
}

function* questionsOf(paragraph: Paragraph, file: string, skipMisplaced: boolean): Generator<QuestionExample> {
  const { title, line } = paragraph;
  const { context, qas } = fieldsOf(paragraph.value, "a paragraph", { file, line });
  if (typeof context !== "string") throw wrong("context", context, "a string", { file, line });
  if (!Array.isArray(qas)) throw wrong("qas", qas, "a list of questions", { file, line });
  for (const [i, item] of qas.entries()) {
    const where = { file, line: paragraph.questionLines.length === qas.length ? paragraph.questionLines[i]! : line };
    const { id, question, answers, is_impossible: impossible } = fieldsOf(item, "a question", where);
    if (typeof question !== "string") throw wrong("question", question, "a string", where);
    if (typeof id !== "string" && typeof id !== "number") throw wrong("id", id, "a string", where);
    const fail = (): DataError => wrong("answers", answers, "a list of { text, answer_start }", where);
    if (impossible !== true && !Array.isArray(answers)) throw fail();
    const all = impossible === true ? [] : (answers as unknown[]).map((answer) => answerOf(answer, fail));
    try {
      for (const answer of all) checkAnswer(answer, context, { ...where, field: "answers" });
    } catch (error) {
      if (skipMisplaced) continue;
      throw error;
    }
    const example = { id: String(id), ...(title !== undefined && { title }), question, context, answers: all };
    yield locate(example, where);
  }
}

function fieldsOf(value: unknown, what: string, where: DataLocation): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DataError("invalid-value", `${what} is ${show(value)}; it must be an object`, where);
}

function wrong(field: string, value: unknown, wanted: string, where: DataLocation): DataError {
  const code = value === undefined ? "missing-field" : "invalid-value";
  return new DataError(code, `${field} is ${show(value)}; it must be ${wanted}`, { ...where, field });
}
