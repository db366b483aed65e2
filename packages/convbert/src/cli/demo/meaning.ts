import { pipeline } from "@convbert/pipelines";
import { ModelNotInstalledError } from "../../models.js";
import { loadingOptions, type ModelFlags } from "../model-options.js";
import type { ProgressLine } from "../progress.js";
import { defaultModel } from "../shipped-models.js";
import { folded, type Style } from "../style.js";
import type { Terminal } from "../terminal.js";

/** Whatever somebody may have noted. */
const NOTES = [
  "Our gardener trims the hedges every spring.",
  "The stock market fell sharply on Monday.",
  "He repaired the leaking pipe under the sink.",
  "Tickets for the train can be bought at the counter.",
  "The cat sat on the windowsill and watched the rain.",
  "The recipe needs two eggs and a cup of flour.",
];

/** Asked in other words than those of the notes. */
const QUERIES = ["Who looks after the plants?", "shares lost value", "What do I need for baking a cake?"];

/** Finds notes by what they mean, not by their words; says how to get the model where it is not installed. */
export async function searchByMeaning(
  flags: ModelFlags,
  terminal: Terminal,
  progress: ProgressLine,
  style: Style,
): Promise<string> {
  const { bold, dim } = style.colors;
  const heading = `${bold("Search by meaning")} ${dim(`among ${NOTES.length} notes`)}`;
  try {
    using compare = await pipeline(
      "sentence-similarity",
      defaultModel("sentence-similarity"),
      loadingOptions(flags, terminal, progress),
    );
    await progress.clear();
    const lines: string[] = [];
    for (const query of QUERIES) {
      const [best] = await compare({ source_sentence: query, sentences: NOTES }, { signal: terminal.signal });
      lines.push(folded(dim(query), style));
      lines.push(folded(`${NOTES[best!.index]} ${dim(best!.score.toFixed(2))}`, style, "    "));
    }
    return [heading, ...lines].join("\n");
  } catch (error) {
    if (!(error instanceof ModelNotInstalledError)) throw error;
    return [heading, folded(dim(error.message), style)].join("\n");
  }
}
