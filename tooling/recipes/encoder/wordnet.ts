import { readFileSync } from "node:fs";
import { join } from "node:path";

// WordNet's data files (wndb(5)): a line for each synonym set, "offset file type count word id ... | definition; "example"".

export type PartOfSpeech = "noun" | "verb" | "adj" | "adv";

export interface Synset {
  readonly part: PartOfSpeech;
  /** Number of the lexicographer's file: 5 animals, 6 artefacts, 18 persons, 38 motion and so on (lexnames(5)). */
  readonly file: number;
  /** Words with spaces, capitals as they are written. */
  readonly words: readonly string[];
  readonly definition: string;
  readonly examples: readonly string[];
  /** Whether it names one thing: a person, a place, an event. */
  readonly isInstance: boolean;
  /** Its neighbours: what it is a kind or an instance of. */
  readonly kinds: readonly string[];
  readonly id: string;
}

/** All synonym sets of a folder with WordNet's files. */
export function readWordNet(folder: string): Synset[] {
  const parts: readonly PartOfSpeech[] = ["noun", "verb", "adj", "adv"];
  return parts.flatMap((part) =>
    readFileSync(join(folder, `data.${part}`), "latin1")
      .split("\n")
      .filter((line) => /^\d{8} /.test(line))
      .map((line) => synsetOf(part, line)),
  );
}

function synsetOf(part: PartOfSpeech, line: string): Synset {
  const [head = "", gloss = ""] = line.split(" | ");
  const fields = head.split(" ");
  const count = Number.parseInt(fields[3]!, 16);
  const words = Array.from({ length: count }, (_, i) => fields[4 + 2 * i]!.replace(/\((?:a|p|ip)\)$/, ""));
  const pointers = fields.slice(5 + 2 * count);
  const kinds: string[] = [];
  let isInstance = false;
  for (let i = 0; i + 3 < pointers.length; i += 4) {
    if (pointers[i] !== "@" && pointers[i] !== "@i") continue;
    kinds.push(`${pointers[i + 2]}${pointers[i + 1]}`);
    isInstance ||= pointers[i] === "@i";
  }
  const texts = [...gloss.matchAll(/"([^"]+)"/g)].map(([, text]) => text!.trim());
  const definition = gloss
    .replace(/"[^"]*"(?:\s*-[^;]*)?/g, "")
    .replace(/[\s;:,]+$/, "")
    .replace(/\s*;(?:\s*;)*\s*/g, "; ")
    .trim();
  return {
    part,
    file: Number(fields[1]),
    words: words.map((word) => word.replaceAll("_", " ")),
    definition,
    examples: texts.filter((text) => text.includes(" ")),
    isInstance,
    kinds,
    id: `${fields[2] === "s" ? "a" : fields[2]}${fields[0]}`,
  };
}
