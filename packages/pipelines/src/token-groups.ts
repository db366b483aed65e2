import { type LabelScheme, splitLabel } from "./label-scheme.js";
import { argmax, mean, type Values } from "./numbers.js";
import type { TextToken } from "./token-rows.js";

/** How tokens are joined into entities; see `TokenClassificationOptions`. */
export type AggregationStrategy = "none" | "simple" | "first" | "average" | "max";

/** A token with the probabilities of its labels. */
export interface LabelledToken extends TextToken {
  readonly scores: Values;
}

/** A label on a token, or on a word. */
export interface TokenEntity {
  entity: string;
  /** Probability of the label. */
  score: number;
  /** Position in the row of tokens, [CLS] being 0. */
  index: number;
  /** The token as it is in the vocabulary. */
  word: string;
  /** Offset in the text in UTF-16 units: `text.slice(start, end)`. */
  start: number;
  end: number;
}

/** Adjacent tokens of one kind. */
export interface EntityGroup {
  /** The label without the mark of its scheme, as `B-` or `I-`. */
  entity_group: string;
  /** Mean probability over the group's tokens or words. */
  score: number;
  /** The tokens joined, as the tokenizer decodes them; the text itself is `text.slice(start, end)`. */
  word: string;
  /** Offset in the text in UTF-16 units. */
  start: number;
  end: number;
}

type Part = Omit<TokenEntity, "index">;

/** What the joining of tokens takes from a model and its tokenizer. */
export interface Labelling {
  /** What the marks before the labels' names mean. */
  readonly scheme: LabelScheme;
  label(id: number): string;
  /** Text of adjacent tokens. */
  join(tokens: readonly string[]): string;
}

/** The most probable label of each token. */
export function labelTokens(tokens: readonly LabelledToken[], { label }: Labelling): TokenEntity[] {
  return tokens.map(({ word, scores, start, end, index }) => {
    const id = argmax(scores);
    return { entity: label(id), score: scores[id]!, index, word, start, end };
  });
}

/**
 * Joins tokens as the reference's `aggregate` does: words first, where the strategy says so, then equal neighbours. Schemes
 * that mark ends (BIOES, BILOU) are read as what they say.
 */
export function groupTokens(
  tokens: readonly LabelledToken[],
  strategy: Exclude<AggregationStrategy, "none">,
  labelling: Labelling,
): EntityGroup[] {
  const parts = strategy === "simple" ? labelTokens(tokens, labelling) : labelWords(tokens, strategy, labelling);
  const groups: { readonly kind: string; readonly parts: Part[] }[] = [];
  let isOpen = false;
  for (const part of parts) {
    const { kind, begins, ends } = splitLabel(part.entity, labelling.scheme);
    const last = groups.at(-1);
    if (isOpen && !begins && last?.kind === kind) last.parts.push(part);
    else groups.push({ kind, parts: [part] });
    isOpen = !ends;
  }
  return groups.map(({ kind, parts: group }) => ({
    entity_group: kind,
    score: mean(group.map(({ score }) => score)),
    word: labelling.join(group.map(({ word }) => word)),
    start: group[0]!.start,
    end: group.at(-1)!.end,
  }));
}

/** Of entities that overlap (from windows over one text) keeps the longest, then the most probable. */
export function withoutOverlaps(groups: readonly EntityGroup[]): EntityGroup[] {
  const kept: EntityGroup[] = [];
  for (const group of [...groups].sort((a, b) => a.start - b.start)) {
    const previous = kept.at(-1);
    if (previous === undefined || group.start >= previous.end) {
      kept.push(group);
      continue;
    }
    const [longer, length] = [group.end - group.start, previous.end - previous.start];
    if (longer > length || (longer === length && group.score > previous.score)) kept[kept.length - 1] = group;
  }
  return kept;
}

function labelWords(
  tokens: readonly LabelledToken[],
  strategy: "first" | "average" | "max",
  { label, join }: Labelling,
): Part[] {
  const words: LabelledToken[][] = [];
  for (const token of tokens) {
    if (words.length > 0 && token.isSubword) words.at(-1)!.push(token);
    else words.push([token]);
  }
  return words.map((word) => {
    const scores = wordScores(word, strategy);
    const id = argmax(scores);
    return {
      entity: label(id),
      score: scores[id]!,
      word: join(word.map((token) => token.word)),
      start: word[0]!.start,
      end: word.at(-1)!.end,
    };
  });
}

function wordScores(word: readonly LabelledToken[], strategy: "first" | "average" | "max"): Values {
  if (strategy === "first") return word[0]!.scores;
  if (strategy === "max") {
    return word[argmax(word.map(({ scores }) => scores[argmax(scores)]!))]!.scores;
  }
  return Array.from(word[0]!.scores, (_, i) => mean(word.map(({ scores }) => scores[i]!)));
}
