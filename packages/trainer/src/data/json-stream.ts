import { Tokenizer, TokenParser, TokenType } from "@streamparser/json";
import { DataError } from "./error.js";
import { checkKind } from "./file-kind.js";
import type { ByteSource } from "./source.js";

/** What is wanted of a JSON document that is never in memory as a whole. */
export interface JsonStream<T> {
  /** Where the wanted values lie, by what the document is: a list or an object. */
  paths(root: "[" | "{"): string[];
  /** Sees every token, with its text, the nesting after it, and its line from 1. */
  token(kind: TokenType, text: string, depth: number, line: number): void;
  /** A value that was wanted, right after its last token. */
  value(value: unknown): T;
}

/** The wanted values of a document, in order. Throws DataError for what is no JSON, with its line. */
export async function* streamJson<T>(
  source: ByteSource,
  signal: AbortSignal | undefined,
  wanted: JsonStream<T>,
): AsyncGenerator<T> {
  const file = source.name;
  let line = 1;
  let depth = 0;
  let syntaxError: Error | undefined;
  const ready: T[] = [];
  const fail = (error: Error): void => {
    syntaxError ??= error;
  };

  const tokenizer = new Tokenizer();
  let parser: TokenParser | undefined;
  const parserOf = (root: TokenType): TokenParser => {
    const made = new TokenParser({
      paths: wanted.paths(root === TokenType.LEFT_BRACKET ? "[" : "{"),
      keepStack: false,
    });
    made.onValue = ({ value }) => void ready.push(wanted.value(value));
    made.onError = fail;
    return made;
  };
  tokenizer.onError = fail;
  tokenizer.onToken = (token) => {
    const kind = token.token;
    if (kind === TokenType.LEFT_BRACE || kind === TokenType.LEFT_BRACKET) depth++;
    else if (kind === TokenType.RIGHT_BRACE || kind === TokenType.RIGHT_BRACKET) depth--;
    wanted.token(kind, String(token.value), depth, line);
    parser ??= parserOf(kind);
    if (!syntaxError) parser.write(token);
  };
  const check = (): void => {
    if (!syntaxError) return;
    throw new DataError("invalid-syntax", `the file is not JSON: ${syntaxError.message}`, { file, line }, syntaxError);
  };

  const validator = new TextDecoder("utf-8", { fatal: true });
  const validate = (piece?: Uint8Array): void => {
    try {
      validator.decode(piece, { stream: piece !== undefined });
    } catch (cause) {
      throw new DataError("invalid-encoding", "the file is not utf-8 text", { file, line }, cause);
    }
  };

  let first = true;
  for await (const piece of source.stream(signal)) {
    if (first) checkKind(piece, file);
    first = false;
    validate(piece);
    // Line by line, so that an error and a value know theirs.
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
  if (parser && !parser.isEnded) parser.end();
  check();
  yield* ready;
}
