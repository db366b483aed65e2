import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type {
  AddedTokenInput,
  BatchEncoding,
  CallOptions,
  ConvBertTokenizer,
  ConvBertTokenizerFast,
  TextInput,
} from "../src/index.js";
import { camelCase } from "../src/special-tokens.js";

export type AnyTokenizer = ConvBertTokenizer | ConvBertTokenizerFast;
export type Step = readonly [method: string, args: readonly unknown[], result: unknown];

export interface Features {
  readonly words: readonly string[];
  readonly texts: readonly string[];
  readonly cases: readonly {
    readonly kind: "slow" | "fast";
    readonly options: Record<string, unknown>;
    readonly steps: readonly Step[];
  }[];
  readonly folders: readonly {
    readonly name: string;
    readonly kind: "slow" | "fast";
    readonly files: Record<string, string>;
    readonly options: Record<string, unknown>;
    readonly steps: readonly Step[];
  }[];
  readonly json: readonly {
    readonly json: Record<string, unknown>;
    readonly model: Record<string, unknown>;
    readonly encodings: readonly Record<string, unknown>[];
  }[];
  readonly saved: readonly {
    readonly kind: "slow" | "fast";
    readonly options: Record<string, unknown>;
    readonly steps: readonly (readonly [string, ...unknown[]])[];
    readonly files: Record<string, string>;
  }[];
}

const read = (name: string): never =>
  JSON.parse(
    gunzipSync(readFileSync(fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)))).toString("utf8"),
  ) as never;

/** Answers of the reference to many small questions: tooling/reference/tokenizer-features.py. */
export const features: Features = read("features.json.gz");

export interface Api {
  readonly cases: readonly {
    readonly kind: "slow" | "fast";
    readonly options: Record<string, unknown>;
    readonly steps: readonly Step[];
  }[];
  /** Slow tokenizers of folders with a tokenizer.json. */
  readonly folders: readonly {
    readonly name: string;
    readonly files: Record<string, string>;
    readonly steps: readonly Step[];
  }[];
  readonly corpus: readonly string[];
  /** Tokenizers of folders, trained anew on the corpus: the tokens in the order of their ids, and what they do. */
  readonly retrained: readonly {
    readonly files: Record<string, string>;
    readonly given: Record<string, unknown>;
    readonly size: number;
    readonly options: Record<string, unknown>;
    readonly tokens: readonly string[];
    readonly steps: readonly Step[];
  }[];
}

/** Answers of the reference's methods for ids: tooling/reference/tokenizer-api.py. */
export const api: Api = read("api.json.gz");

/** JSON knows neither undefined nor maps, and neither does what the reference recorded. */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  return JSON.parse(JSON.stringify(value instanceof Map ? Object.fromEntries(value) : value));
}

function rows(batch: BatchEncoding): Record<string, unknown> {
  if (!batch.isFast) return { ...batch };
  const indices = batch.encodings.map((_, i) => i);
  return {
    ...batch,
    tokens: indices.map((i) => batch.tokens(i)),
    word_ids: indices.map((i) => batch.wordIds(i)),
    sequence_ids: indices.map((i) => batch.sequenceIds(i)),
  };
}

function questions(batch: BatchEncoding): unknown {
  const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
  return batch.encodings.map((e) => ({
    token_to_sequence: range(e.length).map((k) => e.tokenToSequence(k)),
    token_to_word: range(e.length).map((k) => e.tokenToWord(k)),
    token_to_chars: range(e.length).map((k) => e.tokenToChars(k)),
    char_to_token: range(2).map((s) => range(40).map((k) => e.charToToken(k, s))),
    char_to_word: range(2).map((s) => range(40).map((k) => e.charToWord(k, s))),
    word_to_tokens: range(2).map((s) => range(12).map((k) => e.wordToTokens(k, s))),
    word_to_chars: range(2).map((s) => range(12).map((k) => e.wordToChars(k, s))),
    n_sequences: e.nSequences,
    overflowing: e.overflowing.map((o) => o.ids),
  }));
}

/** Does to our tokenizer what a step did to the reference's. */
export function take(tokenizer: AnyTokenizer, method: string, args: readonly unknown[]): unknown {
  const callOptions = (): CallOptions => ({ ...(args[1] as CallOptions), verbose: false });
  switch (method) {
    case "call":
      return rows(tokenizer(args[0] as TextInput, callOptions()));
    case "questions":
      return questions(tokenizer(args[0] as TextInput, callOptions()));
    case "add_tokens":
      return tokenizer.addTokens(args[0] as AddedTokenInput[], { special: args[1] as boolean });
    case "add_special_tokens":
      return tokenizer.addSpecialTokens(args[0] as object);
    case "added_tokens_decoder":
      return Object.fromEntries(tokenizer.addedTokensDecoder);
    case "get_added_vocab":
      return Object.fromEntries(tokenizer.getAddedVocab());
    case "len":
      return tokenizer.length;
    case "convert_ids_to_tokens":
      return tokenizer.convertIdsToTokens(args[0] as number[], { skip_special_tokens: args[1] as boolean });
    case "encode":
      return tokenizer.encode(args[0] as string, callOptions());
    case "tokenize":
      return tokenizer.tokenize(args[0] as string, callOptions());
    default: {
      const member = (tokenizer as unknown as Record<string, unknown>)[camelCase(method)];
      return typeof member === "function" ? member.apply(tokenizer, args) : member;
    }
  }
}
