import { printable, quoted } from "@convbert/files/internal";
import { ConfigError } from "@convbert/nn";

/** Labels without names that a file may ask for. */
const MOST_FILE_LABELS = 2 ** 17;
/** Levels of lists and objects in a file. */
const MOST_LEVELS = 64;

/**
 * Checks a parsed `config.json` before anything is made of it: an object, of ConvBERT, not too deep, with a count of
 * labels that needs no names of its own.
 * @throws ConfigError
 */
export function checkFile(json: unknown): asserts json is Readonly<Record<string, unknown>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ConfigError("(whole)", `expected a JSON object, got ${quoted(json)}`);
  }
  const { model_type: type, num_labels: labels } = json as { model_type?: unknown; num_labels?: unknown };
  if (type !== undefined && type !== "convbert" && type !== "conv_bert") {
    throw new ConfigError("model_type", `${quoted(type)} is not ConvBERT; this library runs only "convbert"`);
  }
  if (typeof labels === "number" && labels > MOST_FILE_LABELS) {
    throw new ConfigError(
      "num_labels",
      `${labels} labels without names; name more than ${MOST_FILE_LABELS} in id2label`,
    );
  }
  for (const [field, value] of Object.entries(json)) {
    if (!isShallow(value)) {
      throw new ConfigError(printable(field), `it is nested more than ${MOST_LEVELS} levels deep`);
    }
  }
}

function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_LEVELS) {
      return false;
    }
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item === "object" && item !== null) {
        for (const inner of Object.values(item)) {
          if (typeof inner === "object" && inner !== null) next.push(inner);
        }
      }
    }
    level = next;
  }
  return true;
}
