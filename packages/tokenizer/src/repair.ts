import { TokenizerError } from "./errors.js";
import { Vocabulary } from "./vocabulary.js";

/** A line that {@link repairVocabulary} put right. */
export interface Repair {
  readonly id: number;
  readonly from: string;
  readonly to: string;
}

/**
 * Puts a damaged `vocab.txt` right by a clean one. The published ConvBERT checkpoints' file is BERT-uncased's, decoded in
 * the wrong character set: every line with other than ASCII characters is wrong and many became alike, so that their
 * tokens are lost. The ids, and with them the checkpoint's embeddings, are those of the clean file.
 *
 * Loading never does this by itself: the reference does not, and a checkpoint fine-tuned with the damaged file expects it.
 * @returns the text of the repaired file and what was changed.
 * @throws TokenizerError where the files do not belong together: other lengths, or a line of ASCII that differs.
 */
export function repairVocabulary(
  damaged: string,
  clean: string,
): { readonly text: string; readonly repairs: readonly Repair[] } {
  const [wrong, right] = [Vocabulary.fromText(damaged), Vocabulary.fromText(clean)];
  if (wrong.length !== right.length) {
    throw new TokenizerError(
      "invalid-file",
      `the vocabularies do not belong together: the damaged one has ${wrong.length} lines and the clean one ${right.length}`,
      { damaged: wrong.length, clean: right.length },
    );
  }
  const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);
  const repairs: Repair[] = [];
  let text = "";
  for (let id = 0; id < right.length; id++) {
    const [from, to] = [wrong.token(id)!, right.token(id)!];
    text += `${to}\n`;
    if (from === to) continue;
    if (isAscii(from) || isAscii(to)) {
      throw new TokenizerError(
        "invalid-file",
        `the vocabularies do not belong together: line ${id + 1} is ${JSON.stringify(from)} in the damaged one and ${JSON.stringify(to)} in the clean one`,
        { id, damaged: from, clean: to },
      );
    }
    repairs.push({ id, from, to });
  }
  return { text, repairs };
}
