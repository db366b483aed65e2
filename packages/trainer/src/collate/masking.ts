import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { RandomSource } from "../data/random.js";
import { TrainerOptionError } from "../option-error.js";
import { IGNORED_LABEL } from "./batch.js";

export interface MaskingOptions {
  /** Whole words or single tokens. Default "token". */
  readonly unit?: "token" | "word";
  /** Share of the tokens that are predicted. Default 0.15. */
  readonly probability?: number;
  /** Of those, the share that becomes [MASK]. Default 0.8. */
  readonly maskShare?: number;
  /** Of those, the share that becomes a random token; what remains stays as it is. Default 0.1. */
  readonly randomShare?: number;
}

/** Masks one row: what the model sees, and what it should say (-100 where nothing). */
export type Masker = (
  ids: ArrayLike<number>,
  random: RandomSource,
) => { readonly input_ids: Int32Array; readonly labels: Int32Array };

/** Tokens of a row that whole-word masking predicts at most, as in the reference. */
const MOST_PREDICTIONS = 512;

/**
 * Masks tokens for masked language modelling: 80% [MASK], 10% any token, 10% as it was (the reference's
 * `DataCollatorForLanguageModeling`, and `DataCollatorForWholeWordMask` for words). Special tokens, unknown ones
 * included, are never masked. Throws TrainerOptionError for shares out of range and a tokenizer without a mask token.
 */
export function masker(tokenizer: ConvBertTokenizerFast, options: MaskingOptions = {}): Masker {
  const { unit = "token", probability = 0.15, maskShare = 0.8, randomShare = 0.1 } = options;
  if (!(probability > 0 && probability <= 1)) {
    throw new TrainerOptionError("probability", probability, "give a number above 0 and up to 1");
  }
  if (!(maskShare >= 0 && randomShare >= 0 && maskShare + randomShare <= 1 + 1e-9)) {
    throw new TrainerOptionError("maskShare", maskShare, "with randomShare it must be from 0 to 1");
  }
  if (unit !== "token" && unit !== "word") throw new TrainerOptionError("unit", unit, "choose token or word");
  const maskId = tokenizer.maskTokenId;
  if (maskId === undefined) {
    throw new TrainerOptionError("tokenizer", "no mask token", "masked language modelling needs one");
  }
  const special = new Set(tokenizer.allSpecialIds);
  const vocabulary = tokenizer.length;
  const goesOn = unit === "word" ? continuations(tokenizer) : undefined;

  return (ids, random) => {
    const input_ids = Int32Array.from(ids);
    const labels = new Int32Array(ids.length).fill(IGNORED_LABEL);
    const chosen = goesOn
      ? chooseWords(shuffle(wordsOf(input_ids, special, goesOn), random), predictions(ids.length, probability))
      : [...input_ids.keys()].filter((at) => !special.has(input_ids[at]!) && random() < probability);
    for (const at of chosen) {
      labels[at] = input_ids[at]!;
      const draw = random();
      if (draw < maskShare) input_ids[at] = maskId;
      else if (draw < maskShare + randomShare) input_ids[at] = Math.floor(random() * vocabulary);
    }
    return { input_ids, labels };
  };
}

/** How many tokens of a row whole-word masking predicts: rounded half to even, as Python does, and one at least. */
export function predictions(length: number, probability: number): number {
  const exact = length * probability;
  const floor = Math.floor(exact);
  const rest = exact - floor;
  const rounded = rest === 0.5 ? floor + (floor % 2) : Math.round(exact);
  return Math.min(MOST_PREDICTIONS, Math.max(1, rounded));
}

/** Tokens of words in the order given, up to `count`; a word that would pass it is left out. Ascending. */
export function chooseWords(words: readonly (readonly number[])[], count: number): number[] {
  const chosen: number[] = [];
  for (const word of words) {
    if (chosen.length >= count) break;
    if (chosen.length + word.length <= count) chosen.push(...word);
  }
  return chosen.sort((a, b) => a - b);
}

/** The tokens of each word; special tokens part words and belong to none. */
function wordsOf(ids: Int32Array, special: ReadonlySet<number>, goesOn: ReadonlySet<number>): number[][] {
  const words: number[][] = [];
  let open = false;
  for (const [at, id] of ids.entries()) {
    if (special.has(id)) {
      open = false;
    } else if (open && goesOn.has(id)) {
      words.at(-1)!.push(at);
    } else {
      words.push([at]);
      open = true;
    }
  }
  return words;
}

function continuations(tokenizer: ConvBertTokenizerFast): ReadonlySet<number> {
  const ids = new Set<number>();
  for (const [token, id] of tokenizer.getVocab()) if (token.startsWith("##")) ids.add(id);
  return ids;
}

function shuffle<T>(items: T[], random: RandomSource): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}
