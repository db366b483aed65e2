import { type FloatArray, largest, rowAt, softmax, type Values } from "./numbers.js";
import type { TokenRow } from "./schedule.js";

/** Probabilities of the vocabulary at one position of each row. */
export type MaskScorer = (rows: readonly TokenRow[], positions: readonly number[]) => Promise<readonly Values[]>;

/** Logits of one position a row as probabilities. */
export function probabilitiesOf(outputs: readonly { readonly logits: FloatArray }[]): readonly Values[] {
  return outputs.map(({ logits }) => softmax(rowAt(logits, 0)));
}

/** A row with some masks filled, and how probable that is. */
export interface Filling {
  readonly ids: readonly number[];
  /** What was filled in, in the order of the masks. */
  readonly tokens: readonly number[];
  readonly score: number;
}

/** Sequences that are followed at least: the best one may begin with a token that is not the best. */
const LEAST_BEAM = 10;

/**
 * Fills all masks of a row together, from the left: each is scored with the ones before it filled, so that a score is the
 * product of conditional probabilities. The best sequences are followed (a beam search).
 * @param among the only tokens that compete; the whole vocabulary where undefined.
 */
export async function fillTogether(
  row: TokenRow,
  masks: readonly number[],
  count: number,
  among: readonly number[] | undefined,
  score: MaskScorer,
): Promise<readonly Filling[]> {
  const width = Math.max(LEAST_BEAM, 2 * count);
  let beam: Filling[] = [{ ids: row.ids, tokens: [], score: 1 }];
  for (const mask of masks) {
    const rows = beam.map(({ ids }) => ({ ...row, ids }));
    const scores = await score(
      rows,
      rows.map(() => mask),
    );
    const next = beam.flatMap((filling, i) => {
      const values = among ? among.map((id) => scores[i]![id]!) : scores[i]!;
      return largest(values, Math.min(width, values.length)).map((best): Filling => {
        const token = among?.[best] ?? best;
        return {
          ids: filling.ids.with(mask, token),
          tokens: [...filling.tokens, token],
          score: filling.score * values[best]!,
        };
      });
    });
    beam = next.sort((a, b) => b.score - a.score).slice(0, width);
  }
  return beam.slice(0, count);
}

/**
 * Scores words of several tokens in the place of one mask: a row with as many masks for each, filled from the left. The score
 * is the product of the pieces' conditional probabilities; that of a word of one token is the usual one.
 * @param words the tokens of each word.
 */
export async function scoreWords(
  row: TokenRow,
  mask: number,
  words: readonly (readonly number[])[],
  score: MaskScorer,
): Promise<readonly Filling[]> {
  const maskId = row.ids[mask]!;
  const states = words.map((word) => ({ word, row: widened(row, mask, word.length, maskId), score: 1 }));
  const longest = Math.max(...words.map(({ length }) => length));
  for (let piece = 0; piece < longest; piece++) {
    const open = states.filter(({ word }) => piece < word.length);
    const scores = await score(
      open.map((state) => state.row),
      open.map(() => mask + piece),
    );
    for (const [i, state] of open.entries()) {
      const token = state.word[piece]!;
      state.score *= scores[i]![token]!;
      state.row = { ...state.row, ids: state.row.ids.with(mask + piece, token) };
    }
  }
  return states.map(({ word, row: { ids }, score: product }) => ({ ids, tokens: word, score: product }));
}

/** The row with several masks in the place of one. */
function widened({ ids, typeIds }: TokenRow, mask: number, count: number, maskId: number): TokenRow {
  const widen = (values: readonly number[], value: number): number[] => [
    ...values.slice(0, mask),
    ...new Array<number>(count).fill(value),
    ...values.slice(mask + 1),
  ];
  return {
    ids: widen(ids, maskId),
    typeIds: widen(typeIds, typeIds[mask]!),
  };
}
