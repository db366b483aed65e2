import type { SequenceBatch } from "@convbert/model";
import {
  encodeText,
  type Inputs,
  type Job,
  longestRow,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  sequencesOf,
  TEXT_RULES,
  type TextOptions,
} from "./engine.js";
import { PipelineError } from "./errors.js";
import { type Filling, fillTogether, type MaskScorer, probabilitiesOf, scoreWords } from "./mask-filling.js";
import { readTargets, type Target } from "./mask-targets.js";
import { shortened } from "./names.js";
import { type FloatArray, largest, rowAt, softmax } from "./numbers.js";
import { count, flag, type OptionRules, orDefault, textOrTexts } from "./options.js";
import type { TokenRow } from "./schedule.js";

/** A token in the place of a mask. */
export interface FilledMask {
  /** Its probability; with `whole_targets` the product of those of its pieces, each after the ones before it. */
  score: number;
  /** Its id; of several pieces the first one's. */
  token: number;
  token_str: string;
  /** The whole text with it, as the tokenizer decodes it. */
  sequence: string;
  /** The ids of all pieces; only with `whole_targets`. */
  tokens?: number[];
}

/** Tokens in the places of all masks of a text; see `joint`. */
export interface FilledText {
  /** The product of the tokens' probabilities, each with the masks before it filled. */
  score: number;
  /** The ids in the order of the masks. */
  tokens: number[];
  token_strs: string[];
  /** The whole text with them, as the tokenizer decodes it. */
  sequence: string;
}

/** Options under the reference's names; `joint` and `whole_targets` are not in the reference. */
export interface FillMaskOptions extends TextOptions {
  /** How many tokens to return for each mask, best first; 5. */
  readonly top_k?: number;
  /**
   * Only these words compete; scores stay what they are among the whole vocabulary. Of a word that is not in the
   * vocabulary the first piece is taken, with a warning, unless `whole_targets` is set.
   */
  readonly targets?: string | readonly string[];
  /**
   * Score targets of several pieces as a whole: as many masks take the place of one and are filled from the left. Longer
   * words have lower scores by nature. False by default.
   */
  readonly whole_targets?: boolean;
  /**
   * Fill the masks of a text together, from the left, each with the ones before it filled: the result is a list of
   * {@link FilledText}, best first, by a beam search. By default each mask is filled as if the others stayed.
   */
  readonly joint?: boolean;
}

export const FILL_MASK_RULES: OptionRules<FillMaskOptions> = {
  ...TEXT_RULES,
  top_k: orDefault(count(1)),
  targets: orDefault(textOrTexts),
  whole_targets: flag,
  joint: flag,
};

/** Asked for the positions of the masks alone, it gives their logits: `[masks, vocab_size]`. */
export type MaskedLanguageModel = PipelineModel<
  { readonly logits: FloatArray },
  SequenceBatch & { readonly positions: readonly ArrayLike<number>[] }
>;

type Filled = FilledMask[] | FilledMask[][];
type Joint = FillMaskOptions & { readonly joint: true };
type Words = FillMaskOptions & { readonly is_split_into_words: true };

/**
 * Fills `[MASK]`. As in the reference, a text with one mask gives a list of tokens, one with several a list of such
 * lists, each as if the other masks stayed; with `joint` every text gives one list, of all its masks together.
 */
export interface FillMaskPipeline extends PipelineBase<"fill-mask", MaskedLanguageModel> {
  (text: string, options: Joint): Promise<FilledText[]>;
  (texts: readonly string[], options: Joint): Promise<FilledText[][]>;
  (words: readonly string[], options: Words): Promise<Filled>;
  (texts: readonly (readonly string[])[], options: Words): Promise<Filled[]>;
  (text: string, options?: FillMaskOptions): Promise<Filled>;
  (texts: readonly string[], options?: FillMaskOptions): Promise<Filled[]>;
  /** Answers one by one, in bounded memory. */
  stream(texts: Inputs<string>, options: Joint): Results<FilledText[]>;
  stream(texts: Inputs<string>, options?: FillMaskOptions): Results<Filled>;
}

/**
 * The pipeline over a model that is loaded already (the reference's `FillMaskPipeline`).
 * @param defaults options of calls that do not give their own.
 * @throws PipelineError "wrong-model" for a tokenizer without a mask token.
 */
export function createFillMask(
  parts: PipelineParts<MaskedLanguageModel>,
  defaults: FillMaskOptions = {},
): FillMaskPipeline {
  const { model, tokenizer } = parts;
  const { maskToken, maskTokenId, padTokenId } = tokenizer;
  if (maskToken === undefined || maskTokenId === undefined) {
    throw new PipelineError("wrong-model", "fill-mask needs a tokenizer with a mask token, and this one has none");
  }
  const masksOf = ({ ids }: TokenRow): number[] =>
    ids.flatMap((id, position) => (id === maskTokenId ? [position] : []));

  const prepare = (text: unknown, options: FillMaskOptions, room: number) => {
    const row = encodeText(parts, text, undefined, options);
    const masks = masksOf(row);
    if (masks.length === 0) {
      const shown = shortened(Array.isArray(text) ? text.join(" ") : String(text));
      throw new PipelineError("no-mask", `the text has no ${maskToken} to fill: ${shown}`);
    }
    const [tokens, limit] = [row.ids.length + room, longestRow(parts)];
    if (tokens > limit) {
      throw new PipelineError(
        "too-long",
        `the text has ${tokens} tokens with its longest target and the model takes ${limit}; shorten it`,
        { tokens, limit },
      );
    }
    return { rows: [row], masks };
  };
  const sequenceOf = (ids: readonly number[], isWhole: boolean): string =>
    // Special tokens are left out for readability, but not the masks that are still there.
    tokenizer.decode(
      ids.filter((id) => id !== padTokenId),
      { skip_special_tokens: isWhole },
    );

  const apart = (
    options: FillMaskOptions,
    most: number,
    targets: readonly Target[] | undefined,
  ): Job<unknown, Filled> =>
    makeJob(options, {
      prepare: (text: unknown) => prepare(text, options, 0),
      compute: (rows) => model.forwardRagged({ ...sequencesOf(rows), positions: rows.map(masksOf) }, options),
      answer(_text, { rows, masks }, [output]): Filled {
        const filled = masks.map((position, i) => {
          const probabilities = softmax(rowAt(output!.logits, i));
          const scores = targets ? targets.map(({ ids }) => probabilities[ids[0]!]!) : probabilities;
          return largest(scores, Math.min(most, scores.length)).map((best): FilledMask => {
            const token = targets?.[best]?.ids[0] ?? best;
            return {
              score: scores[best]!,
              token,
              token_str: tokenizer.decode([token]),
              sequence: sequenceOf(rows[0]!.ids.with(position, token), masks.length === 1),
            };
          });
        });
        return masks.length === 1 ? filled[0]! : filled;
      },
    });

  const scorer =
    (options: FillMaskOptions): MaskScorer =>
    async (rows, positions) =>
      probabilitiesOf(
        await model.forwardRagged(
          { ...sequencesOf(rows), positions: positions.map((position) => [position]) },
          options,
        ),
      );

  const whole = (options: FillMaskOptions, most: number, targets: readonly Target[]): Job<unknown, Filled> => {
    const words = targets.map(({ ids }) => ids);
    const longest = Math.max(...words.map(({ length }) => length));
    return makeJob(options, {
      prepare: (text: unknown) => prepare(text, options, longest - 1),
      async compute(rows) {
        const all: (readonly Filling[])[][] = [];
        for (const row of rows) {
          const filled: (readonly Filling[])[] = [];
          for (const mask of masksOf(row)) filled.push(await scoreWords(row, mask, words, scorer(options)));
          all.push(filled);
        }
        return all;
      },
      answer(_text, { masks }, [output]): Filled {
        const filled = output!.map((fillings) =>
          largest(
            fillings.map(({ score }) => score),
            Math.min(most, fillings.length),
          ).map((best): FilledMask => {
            const { ids, tokens, score } = fillings[best]!;
            const sequence = sequenceOf(ids, masks.length === 1);
            return { score, token: tokens[0]!, token_str: tokenizer.decode(tokens), sequence, tokens: [...tokens] };
          }),
        );
        return masks.length === 1 ? filled[0]! : filled;
      },
    });
  };

  const together = (
    options: FillMaskOptions,
    most: number,
    targets: readonly Target[] | undefined,
  ): Job<unknown, FilledText[]> =>
    makeJob(options, {
      prepare: (text: unknown) => prepare(text, options, 0),
      async compute(rows) {
        const among = targets?.map(({ ids }) => ids[0]!);
        const all: (readonly Filling[])[] = [];
        for (const row of rows) all.push(await fillTogether(row, masksOf(row), most, among, scorer(options)));
        return all;
      },
      answer: (_text, _prepared, [fillings]): FilledText[] =>
        fillings!.map(({ ids, tokens, score }) => ({
          score,
          tokens: [...tokens],
          token_strs: tokens.map((token) => tokenizer.decode([token])),
          sequence: sequenceOf(ids, true),
        })),
    });

  const job = (options: FillMaskOptions): Job<unknown, Filled | FilledText[]> => {
    const { top_k: most = 5, joint = false, whole_targets: isWhole = false } = options;
    const { onWarning = (message: string) => console.warn(message) } = options;
    if (joint && isWhole) {
      throw new PipelineError("invalid-option", "give joint or whole_targets, not both", { option: "joint" });
    }
    if (isWhole && options.targets === undefined) {
      throw new PipelineError("invalid-option", "whole_targets is about targets: give some", {
        option: "whole_targets",
      });
    }
    const targets =
      options.targets === undefined
        ? undefined
        : readTargets(tokenizer, options.targets, model.config.vocab_size, isWhole, onWarning);
    if (joint) return together(options, most, targets);
    return isWhole ? whole(options, most, targets!) : apart(options, most, targets);
  };
  return makePipeline(parts, { task: "fill-mask", rules: FILL_MASK_RULES, defaults, job });
}
