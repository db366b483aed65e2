import { DataError, show } from "../data/error.js";
import type { ChoiceExample } from "../data/examples.js";
import type { DocumentFormat } from "../data/format.js";
import { locate } from "../data/location.js";
import { childText, readElements } from "./elements.js";

export interface CopaOptions {
  /**
   * How the prompt asks for a cause or an effect: "question" adds "What was the cause?" or "What happened as a result?";
   * "connective" ends it with "because" or "so"; "none" leaves the premise alone. Default "question".
   */
  readonly ask?: "question" | "connective" | "none";
}

/** Choice of Plausible Alternatives (Roemmele et al. 2011), in its own XML. */
export function copa({ ask = "question" }: CopaOptions = {}): DocumentFormat<ChoiceExample> {
  return {
    kind: "document",
    async *read(source, signal) {
      const file = source.name;
      let found = false;
      for await (const item of readElements(source, "item", signal)) {
        found = true;
        const { line, attributes } = item;
        const asksFor = attributes["asks-for"];
        if (asksFor !== "cause" && asksFor !== "effect") {
          throw new DataError("invalid-value", `asks-for is ${show(asksFor)}; it must be "cause" or "effect"`, {
            file,
            line,
            field: "asks-for",
          });
        }
        const right = attributes["most-plausible-alternative"];
        if (right !== undefined && right !== "1" && right !== "2") {
          throw new DataError("invalid-value", `most-plausible-alternative is ${show(right)}; it must be 1 or 2`, {
            file,
            line,
            field: "most-plausible-alternative",
          });
        }
        const example: ChoiceExample = {
          prompt: promptOf(childText(item, "p", file), asksFor, ask),
          choices: [childText(item, "a1", file), childText(item, "a2", file)],
          ...(right !== undefined && { label: Number(right) - 1 }),
        };
        yield locate(example, { file, line });
      }
      if (!found)
        throw new DataError("missing-field", "there is no <item>; is this a COPA file?", { file, field: "item" });
    },
  };
}

function promptOf(premise: string, asksFor: "cause" | "effect", ask: NonNullable<CopaOptions["ask"]>): string {
  switch (ask) {
    case "none":
      return premise;
    case "connective":
      return `${premise.replace(/\.$/, "")} ${asksFor === "cause" ? "because" : "so"}`;
    default:
      return `${premise} ${asksFor === "cause" ? "What was the cause?" : "What happened as a result?"}`;
  }
}
