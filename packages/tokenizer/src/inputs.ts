import type { ResolvedCall, SequenceInput, TextInput } from "./call-options.js";
import { describe, TokenizerError } from "./errors.js";

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

function invalid(name: string, value: unknown, expected: string): TokenizerError {
  return new TokenizerError("invalid-input", `tokenizer: ${name} is ${describe(value)}; expected ${expected}`, {
    name,
  });
}

/** Sorts out what a call was given, as `_call_one` of the reference does. */
export function readInputs(text: TextInput, pair: TextInput | null | undefined, call: ResolvedCall): Samples {
  const words = call.is_split_into_words;
  const check = (name: string, value: unknown): SequenceInput => {
    if (words) {
      if (!Array.isArray(value)) throw invalid(name, value, "a list of words");
      value.forEach((word, i) => {
        if (typeof word !== "string") throw invalid(`${name}[${i}]`, word, "a string");
      });
    } else if (typeof value !== "string") throw invalid(name, value, "a string");
    return value as SequenceInput;
  };
  const batched = Array.isArray(text) && (!words || Array.isArray(text[0]));
  if (!batched) {
    const second = pair == null ? undefined : check("text_pair", pair);
    return { samples: [{ first: check("text", text), second }], batched };
  }
  if (pair != null && (!Array.isArray(pair) || pair.length !== text.length)) {
    throw invalid("text_pair", pair, `a list of ${text.length} as batch length of \`text\``);
  }
  const samples = text.map((item, i): Sample => {
    if (typeof item === "string" && !pair && !words) return { first: item, second: undefined };
    // A list in place of a text is a pair of them; a list of words is a pair where it holds lists.
    const isPair = !pair && Array.isArray(item) && (!words || Array.isArray(item[0]));
    if (isPair && item.length !== 2) throw invalid(`text[${i}]`, item, "a text or a list of text and text_pair");
    const [first, second] = isPair ? item : [item, pair?.[i]];
    return {
      first: check(`text[${i}]`, first),
      second: second === undefined ? undefined : check(`text_pair[${i}]`, second),
    };
  });
  return { samples, batched };
}
