import type { PipelineTokenizer } from "./engine.js";
import { PipelineError } from "./errors.js";
import { shortened } from "./names.js";

/** A word that may stand in the place of a mask. */
export interface Target {
  /** Its tokens: one, or several for a word that the vocabulary has in pieces. */
  readonly ids: readonly number[];
}

/**
 * The targets' tokens, each target once.
 * @param whole keep all pieces of a target; otherwise the first one stands for it, with a warning, as in the reference.
 * @throws PipelineError where none of them can be scored.
 */
export function readTargets(
  tokenizer: PipelineTokenizer,
  targets: string | readonly string[],
  vocabularySize: number,
  whole: boolean,
  onWarning: (message: string) => void,
): readonly Target[] {
  const found = new Map<string, Target>();
  for (const target of typeof targets === "string" ? [targets] : targets) {
    const ids = idsOf(tokenizer, target, whole, onWarning);
    if (ids.length > 0 && ids.every((id) => id < vocabularySize)) found.set(ids.join(), { ids });
  }
  if (found.size > 0) return [...found.values()];
  throw new PipelineError("invalid-option", "none of the targets is in the vocabulary; give at least one that is", {
    option: "targets",
  });
}

function idsOf(
  tokenizer: PipelineTokenizer,
  target: string,
  whole: boolean,
  onWarning: (message: string) => void,
): readonly number[] {
  const id = tokenizer.convertTokensToIds(target);
  if (id !== tokenizer.unkTokenId || target === tokenizer.unkToken) return [id];
  const pieces: readonly number[] = tokenizer(target, { add_special_tokens: false, verbose: false }).input_ids;
  const [first] = pieces;
  const name = shortened(target);
  if (first === undefined || (whole && pieces.includes(tokenizer.unkTokenId ?? -1))) {
    onWarning(`the target ${name} is not in the vocabulary and is left out`);
    return [];
  }
  if (whole) return pieces;
  const token = tokenizer.convertIdsToTokens(first);
  onWarning(`the target ${name} is not in the vocabulary; ${token} takes its place`);
  return [first];
}
