import { AlignedText } from "../fast/aligned-text.js";
import { BertNormalizer, bertActions, type Normalizer } from "../fast/bert-normalizer.js";
import { ALONE, type CharacterActions, ENTANGLED, LIST, SPACE } from "../fast/character-actions.js";
import type { Splitter } from "../fast/pipeline.js";

/** Counts the words of texts, normalized and split as the fast tokenizer does. */
export class WordCounter {
  readonly counts = new Map<string, number>();
  readonly #normalizer: Normalizer | undefined;
  readonly #splitter: Splitter | undefined;
  /** Normalizes and splits in one pass; only for the reference's own normalizer and pre-tokenizer. */
  readonly #actions: CharacterActions | undefined;
  readonly #plain = bertActions(undefined);

  /** @param splitter the reference's BertPreTokenizer where absent. */
  constructor(normalizer: Normalizer | undefined, splitter?: Splitter) {
    this.#normalizer = normalizer;
    this.#splitter = splitter;
    if (normalizer instanceof BertNormalizer && !splitter) this.#actions = bertActions(normalizer);
  }

  add(text: string): void {
    const words = (this.#actions && split(text, this.#actions)) ?? this.#wordsOf(this.#normalize(text));
    for (const word of words) this.counts.set(word, (this.counts.get(word) ?? 0) + 1);
  }

  #wordsOf(text: string): readonly string[] {
    if (!this.#splitter) return split(text, this.#plain)!;
    return this.#splitter(text).map(([from, to]) => text.slice(from, to));
  }

  #normalize(text: string): string {
    const aligned = new AlignedText(text, 0, text.length);
    this.#normalizer?.normalize(aligned);
    return aligned.toText();
  }
}

/** The words of a text; undefined where it has to be normalized as a whole first. */
function split(text: string, actions: CharacterActions): string[] | undefined {
  const words: string[] = [];
  let word = "";
  const act = (action: number): boolean => {
    const kind = action & ~0xffffff;
    if (kind === 0) word += String.fromCodePoint(action);
    else if (kind === LIST) return Array.from(actions.lists[action & 0xffffff]!).every(act);
    else if (kind === SPACE || kind === ALONE) {
      if (word) words.push(word);
      word = "";
      if (kind === ALONE) words.push(String.fromCodePoint(action & 0xffffff));
    }
    return kind !== ENTANGLED;
  };
  for (const character of text) if (!act(actions.of(character.codePointAt(0)!))) return undefined;
  if (word) words.push(word);
  return words;
}
