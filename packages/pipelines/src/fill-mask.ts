import type { RaggedInputs } from "@convbert/model";
import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  raggedInputs,
  type TextOptions,
} from "./engine.js";
import { atLeast, PipelineError, textOf } from "./errors.js";
import { type FloatArray, largest, rowAt, softmax } from "./numbers.js";
import type { Row } from "./schedule.js";

/** A token in the place of a mask. */
export interface FilledMask {
  /** Its probability. */
  score: number;
  /** Its id. */
  token: number;
  token_str: string;
  /** The whole text with it, as the tokenizer decodes it. */
  sequence: string;
}

/** Options under the reference's names. */
export interface FillMaskOptions extends TextOptions {
  /** How many tokens to return for each mask, best first; 5. */
  readonly top_k?: number;
  /**
   * Only these words compete; scores stay what they are among the whole vocabulary. Of a word that is not in the
   * vocabulary the first piece is taken, with a warning.
   */
  readonly targets?: string | readonly string[];
  /** Receives warnings; `console.warn` by default. */
  readonly onWarning?: (message: string) => void;
}

/** Asked for the positions of the masks alone, it gives their logits: `[masks, vocab_size]`. */
export type MaskedLanguageModel = PipelineModel<
  { readonly logits: FloatArray },
  RaggedInputs & { readonly positions: readonly ArrayLike<number>[] }
>;

/**
 * Fills `[MASK]`. As in the reference, a text with one mask gives a list of tokens, one with several a list of such
 * lists, each as if the other masks stayed.
 */
export interface FillMaskPipeline extends PipelineBase<"fill-mask", MaskedLanguageModel> {
  (text: string, options?: FillMaskOptions): Promise<FilledMask[] | FilledMask[][]>;
  (texts: readonly string[], options?: FillMaskOptions): Promise<(FilledMask[] | FilledMask[][])[]>;
  /** Answers one by one, in bounded memory. */
  stream(texts: Inputs<string>, options?: FillMaskOptions): Results<FilledMask[] | FilledMask[][]>;
}

/** The pipeline over a model that is loaded already (the reference's `FillMaskPipeline`). */
export function createFillMask(parts: PipelineParts<MaskedLanguageModel>): FillMaskPipeline {
  const { model, tokenizer } = parts;
  const { maskToken, maskTokenId, padTokenId } = tokenizer;
  if (maskToken === undefined || maskTokenId === undefined) {
    throw new PipelineError("wrong-model", "fill-mask needs a tokenizer with a mask token, and this one has none");
  }
  const masksOf = ({ ids }: Row): number[] => ids.flatMap((id, position) => (id === maskTokenId ? [position] : []));
  const job = (options: FillMaskOptions = {}) => {
    const targets = options.targets === undefined ? undefined : targetIds(parts, options);
    const count = Math.min(atLeast("top_k", options.top_k ?? 5, 1), targets?.length ?? Number.POSITIVE_INFINITY);

    return makeJob(options, {
      prepare(text: string) {
        const row = encodeText(parts, text, undefined, options);
        const masks = masksOf(row);
        if (masks.length === 0) {
          throw new PipelineError(
            "no-mask",
            `the text has no ${maskToken} to fill: ${JSON.stringify(shortened(text))}`,
          );
        }
        return { rows: [row], masks };
      },
      compute: (rows) => model.forwardRagged({ ...raggedInputs(rows), positions: rows.map(masksOf) }, options),
      answer(_text, { rows, masks }, [output]): FilledMask[] | FilledMask[][] {
        const filled = masks.map((position, i) => {
          const probabilities = softmax(rowAt(output!.logits, i));
          const scores = targets ? targets.map((id) => probabilities[id]!) : probabilities;
          return largest(scores, Math.min(count, scores.length)).map((best): FilledMask => {
            const token = targets?.[best] ?? best;
            const ids = rows[0]!.ids.with(position, token).filter((id) => id !== padTokenId);
            return {
              score: scores[best]!,
              token,
              token_str: tokenizer.decode([token]),
              // Special tokens are left out for readability, but not the masks that are still there.
              sequence: tokenizer.decode(ids, { skip_special_tokens: masks.length === 1 }),
            };
          });
        });
        return masks.length === 1 ? filled[0]! : filled;
      },
    });
  };
  return makePipeline("fill-mask", parts, job);
}

function targetIds({ tokenizer, model }: PipelineParts<MaskedLanguageModel>, options: FillMaskOptions): number[] {
  const { targets = [], onWarning = (message: string) => console.warn(message) } = options;
  const ids = new Set<number>();
  for (const target of typeof targets === "string" ? [targets] : targets) {
    const id = tokenizer.convertTokensToIds(textOf("each of targets", target));
    if (id !== tokenizer.unkTokenId || target === tokenizer.unkToken) {
      ids.add(id);
      continue;
    }
    const [first] = tokenizer(target, { add_special_tokens: false, verbose: false }).input_ids;
    const name = JSON.stringify(target);
    if (first === undefined) {
      onWarning(`the target ${name} is not in the vocabulary and is left out`);
      continue;
    }
    onWarning(`the target ${name} is not in the vocabulary; ${tokenizer.convertIdsToTokens(first)} takes its place`);
    ids.add(first);
  }
  const known = [...ids].filter((id) => id < model.config.vocab_size);
  if (known.length > 0) return known;
  throw new PipelineError("invalid-option", "none of the targets is in the vocabulary; give at least one that is", {
    option: "targets",
  });
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
