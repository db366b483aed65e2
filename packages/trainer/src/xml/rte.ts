import { DataError, show } from "../data/error.js";
import type { TextExample } from "../data/examples.js";
import type { DocumentFormat } from "../data/format.js";
import { locate } from "../data/location.js";
import { childText, readElements } from "./elements.js";

/** What the challenges' files call their labels, under GLUE's names. */
const LABELS: Readonly<Record<string, string>> = {
  TRUE: "entailment",
  YES: "entailment",
  ENTAILMENT: "entailment",
  FALSE: "not_entailment",
  NO: "not_entailment",
  UNKNOWN: "unknown",
  CONTRADICTION: "contradiction",
};

/**
 * Recognising Textual Entailment (PASCAL, challenges 1 to 3) in its own XML: text and hypothesis as a pair, labelled
 * "entailment" or "not_entailment" as in GLUE. Three-way files also have "unknown" and "contradiction".
 */
export function rte(): DocumentFormat<TextExample> {
  return {
    kind: "document",
    async *read(source, signal) {
      const file = source.name;
      let found = false;
      for await (const pair of readElements(source, "pair", signal)) {
        found = true;
        const { line, attributes } = pair;
        const value = attributes["value"] ?? attributes["entailment"];
        const label = value === undefined ? undefined : LABELS[value.toUpperCase()];
        if (value !== undefined && label === undefined) {
          const known = Object.keys(LABELS).join(", ");
          throw new DataError("invalid-value", `the label is ${show(value)}; it must be one of ${known}`, {
            file,
            line,
            field: "entailment",
          });
        }
        const example: TextExample = {
          text: childText(pair, "t", file),
          text_pair: childText(pair, "h", file),
          ...(label !== undefined && { label }),
        };
        yield locate(example, { file, line });
      }
      if (!found)
        throw new DataError("missing-field", "there is no <pair>; is this an RTE file?", { file, field: "pair" });
    },
  };
}
