import type { ResolvedCall, SequenceInput, TextInput } from "./call-options.js";
import { TokenizerError } from "./errors.js";

/** One sample: a sequence, and the second one of a pair. */
export interface Sample {
  readonly first: SequenceInput;
  readonly second: SequenceInput | undefined;
}

export interface Samples {
  readonly samples: readonly Sample[];
  /** Whether a list was given: a single text gives rows without a list around them. */
  readonly batched: boolean;
}

/** Sorts out what a call was given, as `_call_one` of the reference does. */
export function readInputs(text: TextInput, pair: TextInput | null | undefined, call: ResolvedCall): Samples {
  const words = call.is_split_into_words;
  requireText(text, "text");
  if (pair != null) requireText(pair, "text_pair");
  const batched = Array.isArray(text) && (!words || Array.isArray(text[0]));
  if (!batched) {
    const sample = { first: text as SequenceInput, second: (pair ?? undefined) as SequenceInput | undefined };
    requireSequence(sample.first, words, "text");
    if (sample.second !== undefined) requireSequence(sample.second, words, "text_pair");
    return { samples: [sample], batched };
  }
  const texts = text as readonly unknown[];
  const pairs = pair as readonly unknown[] | null | undefined;
  if (pairs != null && (!Array.isArray(pairs) || pairs.length !== texts.length)) {
    throw new TokenizerError(
      "invalid-input",
      Array.isArray(pairs)
        ? `batch length of \`text\`: ${texts.length} does not match batch length of \`text_pair\`: ${pairs.length}.`
        : "when tokenizing batches of text, `text_pair` must be a list with the same length as `text`.",
    );
  }
  const samples = texts.map((item, i): Sample => {
    // A list in place of a text is a pair of them; a list of words is a pair where it holds lists.
    const isPair = Array.isArray(item) && (!words || Array.isArray(item[0]));
    if (isPair && !pairs && item.length !== 2) {
      throw invalid(`text[${i}]`, `a list of ${item.length}`, "a text or a [text, text_pair] list");
    }
    const [first, second] = isPair && !pairs ? item : [item, pairs?.[i]];
    requireSequence(first, words, `text[${i}]`);
    if (second !== undefined) requireSequence(second, words, `the pair of text[${i}]`);
    return { first: first as SequenceInput, second: second as SequenceInput | undefined };
  });
  return { samples, batched };
}

function requireText(value: unknown, name: string): void {
  if (typeof value !== "string" && !Array.isArray(value))
    throw invalid(name, describe(value), "a string or a list of strings");
}

function requireSequence(value: unknown, words: boolean, name: string): void {
  if (typeof value === "string") {
    if (words) throw invalid(name, "a string", "a list of words, because is_split_into_words is set");
  } else if (!words || !Array.isArray(value)) {
    throw invalid(name, describe(value), words ? "a list of words" : "a string");
  } else {
    const wrong = value.findIndex((word) => typeof word !== "string");
    if (wrong >= 0) throw invalid(`${name}[${wrong}]`, describe(value[wrong]), "a string");
  }
}

function describe(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

function invalid(name: string, got: string, expected: string): TokenizerError {
  return new TokenizerError("invalid-input", `${name} is ${got}; expected ${expected}`, { name });
}
