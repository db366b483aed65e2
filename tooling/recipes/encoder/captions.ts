import type { Substitution } from "./substitution.ts";
import type { Synset } from "./wordnet.ts";

const COLOURS = "black white red blue green yellow brown orange pink grey purple golden dark bright striped".split(" ");
const SIZES =
  "small big large little young old tall short thin fat wet dry dirty clean empty full wooden plastic metal stone".split(
    " ",
  );
const NUMBERS = [
  "two",
  "three",
  "four",
  "several",
  "many",
  "some",
  "a few",
  "a group of",
  "a pair of",
  "a couple of",
  "no",
  "five",
  "ten",
];
const PREPOSITIONS =
  "on in near under behind next_to in_front_of beside over through across along around with from into at by inside outside above toward".split(
    " ",
  );
const PERSONS = "man woman boy girl child person baby lady guy kid player people men women".split(" ");
const WAYS = "slowly quickly together alone quietly happily outdoors indoors carefully again".split(" ");

/** Makes short descriptions of scenes, as people write below pictures, of words that occur in the texts. */
export class Captions {
  readonly #random: () => number;
  readonly #animals: string[];
  readonly #persons: string[];
  readonly #things: string[];
  readonly #places: string[];
  readonly #acts: string[];

  constructor({ counts }: Substitution, synsets: readonly Synset[], random: () => number) {
    this.#random = random;
    // The first word of a set is its commonest; the more it occurs, the oftener it is taken.
    const common = (part: string, files: readonly number[], least: number, form = (word: string) => word) =>
      synsets
        .filter((synset) => synset.part === part && files.includes(synset.file) && !synset.isInstance)
        .map(({ words }) => form(words[0]!))
        .flatMap((word) => {
          const count = counts.get(word) ?? 0;
          return count < least ? [] : new Array<string>(Math.min(20, Math.ceil(Math.sqrt(count)))).fill(word);
        });
    this.#animals = common("noun", [5], 4);
    this.#persons = common("noun", [18], 5);
    this.#things = common("noun", [6, 13, 20], 4);
    this.#places = common("noun", [15, 17], 5);
    this.#acts = common("verb", [29, 30, 32, 33, 34, 35, 36, 38, 39, 40, 41], 3, gerund);
  }

  next(): string {
    const scene = this.#chance(0.12) ? `${this.#scene()} and ${this.#scene()}` : this.#scene();
    if (this.#chance(0.3)) return scene;
    const text = scene[0]!.toUpperCase() + scene.slice(1);
    return this.#chance(0.6) ? `${text}.` : text;
  }

  #scene(): string {
    const be = (subject: string) =>
      /^(two|three|four|several|many|some|a few|five|ten|people|men|women)\b/.test(subject) ? "are" : "is";
    const subject = this.#subject();
    const act = this.#pick(this.#acts);
    const object = this.#object();
    const where = this.#chance(0.55) ? ` ${this.#preposition()} ${this.#object()}` : "";
    const way = this.#chance(0.1) ? ` ${this.#pick(WAYS)}` : "";
    switch (Math.floor(this.#random() * 9)) {
      case 0:
        return `${subject} ${be(subject)} ${act}${where}${way}`;
      case 1:
      case 2:
        return `${subject} ${be(subject)} ${act} ${object}${where}${way}`;
      case 3:
        return `${subject} ${act} ${object}${where}`;
      case 4:
        return `${subject} ${act}${where}`;
      case 5:
        return `there ${be(subject)} ${subject} ${act}${where}`;
      case 6:
        return `${object} ${be(object)} ${this.#preposition()} ${this.#object()}`;
      case 7:
        return `${object} ${be(object)} being ${act.replace(/ing$/, "ed")} by ${subject}`;
      default:
        return `${subject} with ${object}${where}`;
    }
  }

  #subject(): string {
    const kind = this.#random();
    const noun = this.#pick(kind < 0.4 ? PERSONS : kind < 0.6 ? this.#persons : this.#animals);
    return this.#counted(noun);
  }

  #object(): string {
    const kind = this.#random();
    return this.#counted(this.#pick(kind < 0.65 ? this.#things : kind < 0.85 ? this.#places : this.#animals), 0.8);
  }

  /** A noun with an article or a number, and at times an adjective. */
  #counted(noun: string, one = 0.7): string {
    const adjective = this.#chance(0.35) ? `${this.#pick(this.#chance(0.5) ? COLOURS : SIZES)} ` : "";
    if (/^(people|men|women)$/.test(noun)) return `${this.#chance(0.5) ? "" : "some "}${adjective}${noun}`;
    if (!this.#chance(one)) return `${this.#pick(NUMBERS)} ${adjective}${plural(noun)}`;
    const article = this.#chance(0.25)
      ? "the"
      : this.#chance(0.04)
        ? "no"
        : /^[aeiou]/.test(adjective || noun)
          ? "an"
          : "a";
    return `${article} ${adjective}${noun}`;
  }

  #preposition(): string {
    return this.#pick(PREPOSITIONS).replaceAll("_", " ");
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }
}

function plural(noun: string): string {
  const known: Readonly<Record<string, string>> = { man: "men", woman: "women", child: "children", person: "people" };
  if (known[noun] !== undefined) return known[noun];
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/.test(noun) ? `${noun}es` : `${noun}s`;
}

function gerund(verb: string): string {
  if (/[^eoy]e$/.test(verb)) return `${verb.slice(0, -1)}ing`;
  return /^[^aeiou]*[aeiou][bdgmnprt]$/.test(verb) ? `${verb}${verb.at(-1)}ing` : `${verb}ing`;
}
