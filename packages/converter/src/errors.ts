import { printable } from "@convbert/files/internal";

/**
 * What is wrong with the weights:
 * - "format": the file is damaged, hostile, or not what its name says;
 * - "unsupported": a valid file that uses something this package does not read (the message says what to do);
 * - "missing": no tensor, or no weights file, of that name;
 * - "mismatch": values given to a writer do not fit their declared type or shape.
 */
export type WeightsErrorCode = "format" | "unsupported" | "missing" | "mismatch";

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

export interface WeightsErrorFields extends ErrorOptions {
  readonly file?: string;
  readonly tensor?: string;
}

/** Names come from files: they are escaped, and long ones cut. */
function messageText(message: string, { file, tensor }: WeightsErrorFields): string {
  let text = message;
  for (const name of [file, tensor]) {
    if (name) text = text.replaceAll(name, printable(name));
  }
  return text.replace(UNSAFE, (character) => printable(character));
}

/** The one error of this package: `file` and `tensor` say where, the message what to do. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
  readonly code: WeightsErrorCode;
  readonly file: string | undefined;
  readonly tensor: string | undefined;

  constructor(code: WeightsErrorCode, message: string, fields: WeightsErrorFields = {}) {
    super(messageText(fields.file === undefined ? message : `${fields.file}: ${message}`, fields), {
      ...(fields.cause === undefined ? {} : { cause: fields.cause }),
    });
    this.code = code;
    this.file = fields.file;
    this.tensor = fields.tensor;
  }
}
