import { Tokenizer, TokenParser, TokenType } from "@streamparser/json";
import { DataError, type DataLocation, show } from "./error.js";
import type { QuestionExample } from "./examples.js";
import { answerOf, checkAnswer } from "./fields.js";
import type { DocumentFormat } from "./format.js";
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

async function* readParagraphs(source: ByteSource, signal: AbortSignal | undefined): AsyncGenerator<Paragraph> {
  let line = 1;
  let depth = 0;
  let title: string | undefined;
  let key: string | undefined;
  let paragraphLine = 1;
  let questionLines: number[] = [];
  let failure: Error | undefined;
  const ready: Paragraph[] = [];
  const fail = (error: Error): void => {
    failure ??= error;
  };

  const tokenizer = new Tokenizer();
  const parser = new TokenParser({ paths: ["$.data.*.paragraphs.*"], keepStack: false });
  parser.onValue = ({ value }) => {
    ready.push({ value, title, line: paragraphLine, questionLines });
  };
  parser.onError = fail;
  tokenizer.onError = fail;
  tokenizer.onToken = (token) => {
    if (token.token === TokenType.LEFT_BRACE || token.token === TokenType.LEFT_BRACKET) {
      depth++;
      key = undefined;
      if (depth === ARTICLE_DEPTH) {
        title = undefined;
      } else if (depth === PARAGRAPH_DEPTH) {
        paragraphLine = line;
        questionLines = [];
      } else if (depth === QUESTION_DEPTH) {
        questionLines.push(line);
      }
    } else if (token.token === TokenType.RIGHT_BRACE || token.token === TokenType.RIGHT_BRACKET) {
      depth--;
    } else if (depth === ARTICLE_DEPTH && token.token === TokenType.STRING) {
      // The parser forgets what it has passed, the title of an article included.
      const text = String(token.value);
      if (key === "title") title = text;
      key = key === undefined ? text : undefined;
    } else if (token.token === TokenType.COMMA) {
      key = undefined;
    }
    if (!failure) parser.write(token);
  };
  const check = (): void => {
    if (!failure) return;
    throw new DataError(
      "invalid-syntax",
      `the file is not JSON: ${failure.message}`,
      { file: source.name, line },
      failure,
    );
  };

  const validator = new TextDecoder("utf-8", { fatal: true });
  const validate = (piece?: Uint8Array): void => {
    try {
      validator.decode(piece, { stream: piece !== undefined });
    } catch (cause) {
      throw new DataError("invalid-encoding", "the file is not utf-8 text", { file: source.name, line }, cause);
    }
  };

  for await (const piece of source.stream(signal)) {
    validate(piece);
    // Line by line, so that an error and a question know theirs.
    for (let at = 0; at < piece.length; ) {
      const newline = piece.indexOf(10, at);
      const end = newline < 0 ? piece.length : newline + 1;
      tokenizer.write(piece.subarray(at, end));
      check();
      yield* ready.splice(0);
      if (newline >= 0) line++;
      at = end;
    }
  }
  validate();
  if (!tokenizer.isEnded) tokenizer.end();
  check();
  if (!parser.isEnded) parser.end();
  check();
  yield* ready;
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
