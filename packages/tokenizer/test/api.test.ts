import { isDeepStrictEqual } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { type CallOptions, ConvBertTokenizer, ConvBertTokenizerFast, TokenizerError } from "../src/index.js";
import { camelCase } from "../src/special-tokens.js";
import { type AnyTokenizer, api, plain, take } from "./features.js";
import { vocabulary } from "./golden-data.js";

const kinds = { slow: ConvBertTokenizer, fast: ConvBertTokenizerFast };

type Call = (...args: unknown[]) => unknown;

/** The length in each call's warning, 0 for none. */
function warnings(tokenizer: AnyTokenizer, calls: readonly (readonly [string, ...unknown[]])[]): number[] {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    return calls.map(([name, ...args]) => {
      warn.mockClear();
      if (name === "__call__") (tokenizer as unknown as Call)(...args);
      else if (name === "prepare_for_model")
        tokenizer.prepareForModel(args[0] as number[], null, args[1] as CallOptions);
      else (tokenizer as unknown as Record<string, Call>)[name]!(...args);
      const lengths = warn.mock.calls.flatMap(([message]) => /^Token indices.*\((\d+) > /.exec(message)?.[1] ?? []);
      return Number(lengths[0] ?? 0);
    });
  } finally {
    warn.mockRestore();
  }
}

function act(tokenizer: AnyTokenizer, method: string, args: readonly unknown[]): unknown {
  if (method === "warns") return warnings(tokenizer, args[0] as [string, ...unknown[]][]);
  if (method === "set") return void Reflect.set(tokenizer, camelCase(args[0] as string), args[1]);
  const member = (tokenizer as unknown as Record<string, unknown>)[camelCase(method)];
  return typeof member === "function" ? (member as Call).apply(tokenizer, [...args]) : take(tokenizer, method, args);
}

/**
 * Known divergence: of a second sequence that is cut away whole, the reference's fast tokenizer takes the [SEP] away too, but
 * not its token type, so that the fields differ in length. Ours keeps both.
 */
function isDivergent(kind: string, method: string, args: readonly unknown[]): boolean {
  const { truncation, max_length } = (args[2] ?? {}) as CallOptions;
  return (
    kind === "fast" &&
    method === "prepare_for_model" &&
    !!args[1] &&
    truncation === true &&
    max_length! > 0 &&
    max_length! <= 4
  );
}

describe("what the reference's methods for ids answer", () => {
  api.cases.forEach(({ kind, options, steps }, i) => {
    test(`${i} ${kind} ${JSON.stringify(options)}`, () => {
      const tokenizer = new kinds[kind](vocabulary, options);
      const differences: unknown[] = [];
      for (const [method, args, expected] of steps) {
        let found: unknown;
        try {
          found = plain(act(tokenizer, method, args));
        } catch (error) {
          if (!(error instanceof TokenizerError)) throw error;
          found = { error: error.message };
        }
        const fails = (value: unknown): boolean => typeof (value as { error?: unknown } | null)?.error === "string";
        const isSame = fails(expected) ? fails(found) : isDeepStrictEqual(found, expected);
        if (isSame !== isDivergent(kind, method, args)) continue;
        differences.push({ method, args, expected, found });
      }
      expect(differences).toEqual([]);
    });
  });
});
