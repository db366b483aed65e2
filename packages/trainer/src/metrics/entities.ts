import {
  type AveragedScores,
  averages,
  type LabelCounts,
  type LabelScores,
  type Metric,
  sameLength,
  scoresOf,
} from "./metric.js";

/** A stretch of words of one type; `end` is the last word's index plus one. */
export interface TagSpan {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The entities of a tag sequence as seqeval's `get_entities` finds them (its default mode, which is conlleval.pl's):
 * B- begins one, and so does I- or E- after O or after another type; S- is one alone, E- ends one. Tags without a type,
 * and any other letters, are read as seqeval reads them.
 */
export function entitySpans(tags: readonly string[]): TagSpan[] {
  const spans: TagSpan[] = [];
  let previousTag = "O";
  let previousType = "";
  let start = 0;
  for (let i = 0; i <= tags.length; i++) {
    const [tag, type] = i === tags.length ? ["O", "_"] : partsOf(tags[i]!);
    if (endsSpan(previousTag, tag, previousType, type)) spans.push({ type: previousType, start, end: i });
    if (startsSpan(previousTag, tag, previousType, type)) start = i;
    previousTag = tag;
    previousType = type;
  }
  return spans;
}

/** First letter, and what follows the first "-" after it; "_" where nothing does. */
function partsOf(tag: string): [string, string] {
  const [letter = "O"] = tag;
  const rest = tag.slice(letter.length);
  const dash = rest.indexOf("-");
  return [letter, (dash < 0 ? rest : rest.slice(dash + 1)) || "_"];
}

function endsSpan(before: string, now: string, typeBefore: string, type: string): boolean {
  if (before === "E" || before === "S") return true;
  if ((before === "B" || before === "I") && (now === "B" || now === "S" || now === "O")) return true;
  return before !== "O" && before !== "." && typeBefore !== type;
}

function startsSpan(before: string, now: string, typeBefore: string, type: string): boolean {
  if (now === "B" || now === "S") return true;
  if ((before === "E" || before === "S" || before === "O") && (now === "E" || now === "I")) return true;
  return now !== "O" && now !== "." && typeBefore !== type;
}

/**
 * The chunks of a BIO tag sequence as the reference training run counts them: a chunk ends at O, at B, and where the type
 * changes; any tag but O begins one.
 */
export function chunkSpans(tags: readonly string[]): TagSpan[] {
  const spans: TagSpan[] = [];
  let start = -1;
  let type = "";
  for (let i = 0; i <= tags.length; i++) {
    const tag = tags[i] ?? "O";
    if (start >= 0 && (tag === "O" || tag[0] === "B" || tag.slice(2) !== type)) {
      spans.push({ type, start, end: i });
      start = -1;
    }
    if (tag !== "O" && start < 0) {
      start = i;
      type = tag.slice(2);
    }
  }
  return spans;
}

/** Every word with a tag but "O" alone, for tags of no scheme: parts of speech, or `PER` and `LOC` without B- and I-. */
export function wordSpans(tags: readonly string[]): TagSpan[] {
  return tags.flatMap((tag, i) => (tag === "O" ? [] : [{ type: tag, start: i, end: i + 1 }]));
}

export interface EntityScores extends AveragedScores {
  /** Scores by type, in the types' order. */
  readonly types: ReadonlyMap<string, LabelScores>;
  /** Share of the words whose tag is right (seqeval's `accuracy_score`). */
  readonly accuracy: number;
}

/**
 * Precision, recall and F1 of whole entities: right are those with the right words and type (seqeval's `f1_score`,
 * `classification_report`). The usual score is `micro.f1`.
 */
export class EntityMetric
  implements Metric<[predicted: readonly (readonly string[])[], expected: readonly (readonly string[])[]], EntityScores>
{
  readonly #spans: (tags: readonly string[]) => TagSpan[];
  readonly #types = new Map<string, LabelCounts>();
  #right = 0;
  #words = 0;

  /** @param options `spans`: how entities are found, `entitySpans` by default, `chunkSpans`, or `wordSpans`. */
  constructor({ spans = entitySpans }: { readonly spans?: (tags: readonly string[]) => TagSpan[] } = {}) {
    this.#spans = spans;
  }

  /** One list of tags a sentence. Throws MetricError where a sentence's lists have different lengths. */
  update(predicted: readonly (readonly string[])[], expected: readonly (readonly string[])[]): void {
    sameLength(predicted, expected);
    for (const [sentence, truth] of expected.entries()) {
      const guess = predicted[sentence]!;
      sameLength(guess, truth);
      const key = ({ type, start, end }: TagSpan): string => `${start} ${end} ${type}`;
      const guessed = new Map(this.#spans(guess).map((span) => [key(span), span]));
      const expectedSpans = new Map(this.#spans(truth).map((span) => [key(span), span]));
      for (const [span, { type }] of guessed) {
        const counts = this.#of(type);
        counts.predicted++;
        if (expectedSpans.has(span)) counts.both++;
      }
      for (const { type } of expectedSpans.values()) this.#of(type).expected++;
      this.#words += truth.length;
      for (let i = 0; i < truth.length; i++) this.#right += Number(truth[i] === guess[i]);
    }
  }

  compute(): EntityScores {
    const types = [...this.#types].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      ...averages(types.map(([, counts]) => counts)),
      types: new Map(types.map(([type, counts]) => [type, scoresOf(counts)])),
      accuracy: this.#words === 0 ? 0 : this.#right / this.#words,
    };
  }

  reset(): void {
    this.#types.clear();
    this.#right = 0;
    this.#words = 0;
  }

  #of(type: string): LabelCounts {
    let counts = this.#types.get(type);
    if (!counts) {
      counts = { both: 0, predicted: 0, expected: 0 };
      this.#types.set(type, counts);
    }
    return counts;
  }
}
