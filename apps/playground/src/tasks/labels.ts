/** What the labels of the models that come with the page stand for. */
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Li and Roth 2002.
  "question-classification": {
    ABBR: "an abbreviation",
    DESC: "a description",
    ENTY: "an entity",
    HUM: "a person or group",
    LOC: "a place",
    NUM: "a number",
  },
  sentiment: { POSITIVE: "positive", NEGATIVE: "negative" },
  entities: { LOC: "a place", ORG: "an organisation", PER: "a person" },
  // CoNLL-2000.
  chunking: {
    ADJP: "adjective phrase",
    ADVP: "adverb phrase",
    CONJP: "conjunction phrase",
    INTJ: "interjection",
    LST: "list marker",
    NP: "noun phrase",
    PP: "prepositional phrase",
    PRT: "particle",
    SBAR: "subordinate clause",
    UCP: "unlike coordinated phrase",
    VP: "verb phrase",
  },
};

export function labelName(model: string, label: string): string {
  return NAMES[model]?.[label] ?? label;
}
