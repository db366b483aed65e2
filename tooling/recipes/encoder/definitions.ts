import type { Synset } from "./wordnet.ts";

/** Definitions alone and with their words, single words, and short articles of a few related definitions. */
export function* definitionTexts(synsets: readonly Synset[], random: () => number): Generator<string> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const byId = new Map(synsets.map((synset) => [synset.id, synset]));
  for (const synset of synsets) {
    const { definition, words, kinds, part, examples } = synset;
    yield definition;
    const word = pick(words);
    if (random() < 0.35) yield word;
    yield pick([
      `${word}: ${definition}`,
      `${word} is ${definition}`,
      `${word}, ${definition}`,
      `${definition} (${word})`,
    ]);
    const kind = byId.get(kinds[0] ?? "");
    if (kind !== undefined && random() < 0.25) {
      const article = part === "noun" && !synset.isInstance ? "A " : "";
      const sentences = [
        `${article}${word} is ${definition}.`,
        `${words.length > 1 ? `It is also called ${words.filter((other) => other !== word).join(" or ")}.` : ""}`,
        `${kind.words[0]} is ${kind.definition}.`,
        ...examples.map((example) => `${example}.`),
      ];
      yield sentences.filter((sentence) => sentence !== "").join(" ");
    }
  }
}

/** Lexicographer files of nouns: what a question may ask of each. */
const QUESTIONS: Readonly<Record<number, readonly string[]>> = {
  4: ["When did X take place?", "What is X?", "Who takes part in X?", "How does X end?", "What caused X?"],
  5: ["What does a X eat?", "Where does a X live?", "What is a X?", "How long does a X live?", "How big is a X?"],
  6: [
    "What is a X used for?",
    "Who invented the X?",
    "How does a X work?",
    "What is a X made of?",
    "How do I fix a X?",
  ],
  9: ["What is X?", "Why is X important?", "Who came up with X?", "What is the difference between X and Y?"],
  10: ["Who wrote about X?", "What does X mean?", "Where does the word X come from?", "What is an example of X?"],
  11: ["When did X happen?", "How many people died in X?", "What happened during X?", "What was the result of X?"],
  13: ["How is X made?", "What is X made from?", "Is X good for you?", "Where does X come from?", "How do you cook X?"],
  14: ["Who founded X?", "How many members does X have?", "What does X do?", "Where is X based?"],
  15: [
    "Where is X?",
    "What is the population of X?",
    "Which city is near X?",
    "What is X known for?",
    "Who discovered X?",
  ],
  18: [
    "Who was X?",
    "When was X born?",
    "What did X do?",
    "What is X famous for?",
    "Where did X live?",
    "How did X die?",
  ],
  20: ["Where does X grow?", "What does X look like?", "How tall is X?", "How often should I water X?"],
  26: ["What are the symptoms of X?", "What causes X?", "How is X treated?", "How many people have X?"],
  27: ["What is X used for?", "Is X dangerous?", "What is the chemical formula of X?", "Where is X found?"],
};
const COMMON = ["What is X?", "What does X mean?", "Can you tell me about X?", "How can I learn more about X?"];

/** Questions about nouns. */
export function* questionTexts(synsets: readonly Synset[], random: () => number): Generator<string> {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const nouns = synsets.filter(({ part }) => part === "noun");
  for (const { words, file, definition, isInstance } of nouns) {
    if (random() < (isInstance ? 0 : 0.35)) continue;
    const word = pick(words);
    yield pick(random() < 0.75 ? (QUESTIONS[file] ?? COMMON) : COMMON)
      .replaceAll("X", word)
      .replaceAll("Y", pick(pick(nouns).words));
    if (random() < 0.3) {
      const first = definition.split(/[;,(]/)[0]!.trim();
      if (first !== "")
        yield pick([
          "What is called X?",
          "What do you call X?",
          "Which word means X?",
          "What is the name of X?",
        ]).replace("X", first);
    }
  }
}
