import type { TagSpan } from "./entities.js";
import { MetricError } from "./metric.js";

/** How tags mark the words of an entity: the strict schemes of seqeval (`mode="strict"`). */
export type EntityScheme = "IOB1" | "IOB2" | "IOE1" | "IOE2" | "IOBES" | "BILOU";

/** Letters before and now ("*" for any), and whether the types must be the same ("=") or different ("!"); "" for either. */
type Pattern = readonly [before: string, now: string, types: "=" | "!" | ""];

interface Rules {
  readonly letters: string;
  readonly start: readonly Pattern[];
  readonly inside: readonly Pattern[];
  /** Without one of these after it an entity is none. */
  readonly end: readonly Pattern[];
}

/** The patterns of `seqeval/scheme.py`, letters that share a condition together. */
const RULES: Readonly<Record<EntityScheme, Rules>> = {
  IOB1: {
    letters: "IOB",
    start: [
      ["OB", "I", ""],
      ["I", "I", "!"],
      ["IB", "B", "="],
    ],
    inside: [["BI", "I", "="]],
    end: [
      ["BI", "I", "!"],
      ["BI", "O", ""],
      ["I", "B", ""],
      ["B", "B", "="],
    ],
  },
  IOB2: {
    letters: "IOB",
    start: [["*", "B", ""]],
    inside: [["BI", "I", "="]],
    end: [
      ["BI", "OB", ""],
      ["BI", "I", "!"],
    ],
  },
  IOE1: {
    letters: "IOE",
    start: [
      ["OE", "I", ""],
      ["I", "I", "!"],
      ["E", "E", "="],
    ],
    inside: [["I", "IE", "="]],
    end: [
      ["I", "IE", "!"],
      ["I", "O", ""],
      ["E", "IE", "="],
    ],
  },
  IOE2: {
    letters: "IOE",
    start: [
      ["OE", "IE", ""],
      ["I", "IE", "!"],
    ],
    inside: [["I", "IE", "="]],
    end: [["E", "*", ""]],
  },
  IOBES: {
    letters: "IOBES",
    start: [["*", "BS", ""]],
    inside: [["BI", "IE", "="]],
    end: [["SE", "*", ""]],
  },
  BILOU: {
    letters: "BILOU",
    start: [["*", "BU", ""]],
    inside: [["BI", "IL", "="]],
    end: [["UL", "*", ""]],
  },
};

export const ENTITY_SCHEMES = Object.keys(RULES) as readonly EntityScheme[];

interface Tag {
  readonly letter: string;
  readonly type: string;
}

const OUTSIDE: Tag = { letter: "O", type: "_" };

/**
 * Finds entities by a strict scheme, for {@link EntityMetric}: what is not marked from its first to its last word as the
 * scheme wants it is none (seqeval's `Tokens.entities`). What it returns throws MetricError for a tag that the scheme has not.
 */
export function schemeSpans(scheme: EntityScheme): (tags: readonly string[]) => TagSpan[] {
  const rules = RULES[scheme];
  if (rules === undefined) {
    throw new MetricError(`there is no scheme ${String(scheme)}; choose one of ${ENTITY_SCHEMES.join(", ")}`);
  }
  return (tags) => {
    const all = [...tags.map((tag) => parsed(tag, scheme, rules.letters)), OUTSIDE];
    const spans: TagSpan[] = [];
    let before = OUTSIDE;
    for (let start = 0; start < all.length; ) {
      let end = start + 1;
      if (fits(before, all[start]!, rules.start)) {
        while (fits(all[end - 1]!, all[end]!, rules.inside)) end++;
        if (fits(all[end - 1]!, all[end]!, rules.end)) spans.push({ type: all[start]!.type, start, end });
      }
      start = end;
      before = all[end - 1]!;
    }
    return spans;
  };
}

function parsed(tag: string, scheme: EntityScheme, letters: string): Tag {
  const letter = tag.slice(0, 1);
  if (letter === "" || !letters.includes(letter)) {
    throw new MetricError(`the tag ${JSON.stringify(tag.slice(0, 200))} is none of ${scheme}, which has ${letters}`);
  }
  return { letter, type: tag.slice(1).replace(/^-+|-+$/g, "") || "_" };
}

function fits(before: Tag, now: Tag, patterns: readonly Pattern[]): boolean {
  return patterns.some(([first, second, types]) => {
    if (!(first === "*" || first.includes(before.letter)) || !(second === "*" || second.includes(now.letter)))
      return false;
    return types === "" || (types === "=") === (before.type === now.type);
  });
}

/** Letters that occur, in order, by the scheme that they tell. */
const DETECTED: readonly (readonly [EntityScheme, readonly string[]])[] = [
  ["IOB2", ["BIO", "BI", "BO", "B"]],
  ["IOE2", ["EIO", "EI", "EO", "E"]],
  ["IOBES", ["BEIOS", "BEIS", "BEIO", "BEOS", "BEI", "BES", "BEO", "BE", "S"]],
  ["BILOU", ["BILOU", "BILU", "BILO", "BLOU", "BIL", "BLU", "BLO", "BL", "U"]],
];

/** The scheme that tags are of, as far as their first letters tell it (seqeval's `auto_detect`); undefined where they do not. */
export function detectScheme(tags: Iterable<string>): EntityScheme | undefined {
  const letters = [...new Set([...tags].map((tag) => tag.slice(0, 1)))].sort().join("");
  return DETECTED.find(([, sets]) => sets.includes(letters))?.[0];
}

/**
 * A tag that belongs to no scheme, so that entities cannot be found by these tags: undefined where each but "O" marks the
 * place of its word, as `B-PER` and `I-PER`, or `B` and `I` alone, do.
 */
export function tagOutsideSchemes(tags: Iterable<string>): string | undefined {
  return [...tags].find((tag) => !/^(O|[BIESLU](-.+)?)$/s.test(tag));
}
