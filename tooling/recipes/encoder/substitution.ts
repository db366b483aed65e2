import type { PartOfSpeech, Synset } from "./wordnet.ts";

/** Share of content words that change. */
const CHANGED = 0.3;

/** Changes words of a text into others of their kind, so that what is left of its meaning is for the teacher to say. */
export class Substitution {
  /** How often each word occurs, in small letters. */
  readonly counts = new Map<string, number>();
  readonly #parts = new Map<string, PartOfSpeech>();
  /** Words of a kind, each as often as its root of occurrences. */
  readonly #kinds = new Map<string, string[]>();
  readonly #synonyms = new Map<string, string[]>();
  readonly #random: () => number;

  constructor(texts: readonly string[], synsets: readonly Synset[], random: () => number) {
    this.#random = random;
    const ambiguous = new Set<string>();
    for (const { words, part } of synsets) {
      for (const word of words) {
        if (word.includes(" ")) continue;
        const before = this.#parts.get(word);
        if (before !== undefined && before !== part) ambiguous.add(word);
        if (before === undefined) this.#parts.set(word, part);
        const others = words.filter((other) => other !== word);
        if (others.length > 0) this.#synonyms.set(word, [...(this.#synonyms.get(word) ?? []), ...others]);
      }
    }
    for (const text of texts) {
      for (const [word] of text.matchAll(/[\p{L}]+/gu)) {
        const small = word.toLowerCase();
        this.counts.set(small, (this.counts.get(small) ?? 0) + 1);
      }
    }
    for (const [word, count] of this.counts) {
      const kind = this.#kindOf(word);
      if (kind === null || count < 2) continue;
      const list = this.#kinds.get(kind) ?? [];
      for (let i = 0; i < Math.min(40, Math.sqrt(count)); i++) list.push(word);
      this.#kinds.set(kind, list);
    }
  }

  /** The text with some words changed. */
  changed(text: string): string {
    const share = this.#random() * 2 * CHANGED;
    return text.replace(/\p{L}[\p{L}]+/gu, (word) => {
      if (this.#random() >= share) return word;
      const synonyms = this.#synonyms.get(word);
      if (synonyms && this.#random() < 0.25) return synonyms[Math.floor(this.#random() * synonyms.length)]!;
      return this.other(word) ?? word;
    });
  }

  /** A word of the same kind; undefined for function words and those that no dictionary has. */
  other(word: string): string | undefined {
    const kind = this.#kindOf(word.toLowerCase());
    const list = kind === null ? undefined : this.#kinds.get(kind);
    if (list === undefined || list.length < 20) return undefined;
    const other = list[Math.floor(this.#random() * list.length)]!;
    return /^\p{Lu}/u.test(word) ? other[0]!.toUpperCase() + other.slice(1) : other;
  }

  /** Part of speech with the ending; null for words that carry no meaning of their own. */
  #kindOf(word: string): string | null {
    if (word.length < 3 || (this.counts.get(word) ?? 0) > 12_000) return null;
    const ending = /(ing|ed|ly|s|er|est)$/.exec(word)?.[1] ?? "";
    const stem = ending === "" ? word : word.slice(0, word.length - ending.length);
    const part =
      this.#parts.get(word) ??
      this.#parts.get(stem) ??
      this.#parts.get(`${stem}e`) ??
      this.#parts.get(stem.slice(0, -1));
    return part === undefined ? null : `${part} ${ending}`;
  }
}
