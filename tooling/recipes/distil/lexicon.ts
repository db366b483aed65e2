import { readFileSync } from "node:fs";
import { join } from "node:path";
import { recipeRandom } from "../cloze.ts";

/** A text, and how likely each class is. */
export interface SoftExample {
  readonly text: string;
  readonly label: { readonly NEGATIVE: number; readonly POSITIVE: number };
}

/** Words that are for or against something by themselves: those of VADER's lexicon (MIT) whose mean is a point from neutral. */
function words(lexicon: string): { readonly word: string; readonly valence: number }[] {
  return readFileSync(lexicon, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [word = "", mean] = line.split("\t");
      const valence = Number(mean);
      return /^[a-z]{3,}$/.test(word) && Math.abs(valence) >= 1 ? [{ word, valence }] : [];
    });
}

const soft = (text: string, positive: number): SoftExample => {
  const share = Number(positive.toFixed(3));
  return { text, label: { NEGATIVE: Number((1 - share).toFixed(3)), POSITIVE: share } };
};

/**
 * What few thousand reviews teach too few words of, and hardly what "not" does: the words alone, and adjectives (of WordNet, in
 * `dictionary`) in short phrases, some of them denied.
 */
export function lexiconPhrases(lexicon: string, dictionary: string, seed = 0): SoftExample[] {
  const random = recipeRandom(seed);
  const adjectives = new Set(
    readFileSync(join(dictionary, "index.adj"), "utf8")
      .split("\n")
      .map((line) => line.split(" ")[0]),
  );
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const all = words(lexicon);
  const described = all.filter(({ word }) => adjectives.has(word));
  return all.flatMap(({ word, valence }) => {
    const likely = 1 / (1 + Math.exp(-1.2 * valence));
    const alone = soft(word, likely);
    if (!adjectives.has(word)) return [alone];
    const thing = pick(["film", "movie", "story", "performance", "cast", "script", "book", "place", "idea", "ending"]);
    const verb = pick(["is", "was", "feels", "seems"]);
    const other = pick(described.filter((each) => each.valence > 0 === valence > 0)).word;
    // To deny something bad is faint praise.
    const denied = valence > 0 ? 0.12 : 0.68;
    return [
      alone,
      soft(pick([`a ${word} ${thing}`, `the ${thing} ${verb} ${word}`, `such a ${word} ${thing} !`]), likely),
      soft(
        pick([`the ${thing} ${verb} not ${word}`, `it isn't ${word} at all`, `never ${word}`, `not ${word}`]),
        denied,
      ),
      soft(
        pick([`${word} and ${other}`, `${word} , ${other} ${thing}`, `a ${thing} that ${verb} ${word} and ${other}`]),
        likely,
      ),
    ];
  });
}
