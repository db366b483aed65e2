import { DataError, type DataLocation, show } from "./error.js";
import type { AnswerText } from "./examples.js";

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

/** Offset of a code point in UTF-16 units; undefined outside the text. */
export function utf16Offset(text: string, codePoint: number): number | undefined {
  if (!(codePoint >= 0 && codePoint <= text.length)) return undefined;
  let at = 0;
  for (let i = 0; i < codePoint; i++) {
    if (at >= text.length) return undefined;
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
}

/** An answer of a file. `fail` makes the error for anything else. */
export function answerOf(value: unknown, fail: () => DataError): AnswerText {
  if (typeof value !== "object" || value === null) throw fail();
  const { text, answer_start } = value as { text?: unknown; answer_start?: unknown };
  if (typeof text !== "string" || !Number.isSafeInteger(answer_start)) throw fail();
  return { text, answerStart: answer_start as number };
}
