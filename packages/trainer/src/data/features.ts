/**
 * Names of the classes of a column, as a data set of Hugging Face's `datasets` records them: in `dataset_info.json`
 * (`save_to_disk`) or `dataset_infos.json` (older repositories, with an entry for each configuration).
 * @param info the file's JSON.
 * @param column for example "label" (`ClassLabel`) or "ner_tags" (a list of them).
 * @returns undefined where the file does not say, or its configurations say different things.
 */
export function classNamesOf(info: unknown, column: string): string[] | undefined {
  const whole = own(info, "features");
  const all = whole === undefined ? Object.values(info ?? {}).map((one: unknown) => own(one, "features")) : [whole];
  const found = all.map((features) => namesOf(own(features, column))).filter((names) => names !== undefined);
  const [first] = found;
  return found.every((names) => JSON.stringify(names) === JSON.stringify(first)) ? first : undefined;
}

/** Lists have their items' kind under "feature"; the oldest files put it in a list. */
function namesOf(feature: unknown): string[] | undefined {
  const names = own(feature, "names");
  if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === "string")) return names;
  const item = Array.isArray(feature) ? feature[0] : own(feature, "feature");
  const inner = own(item, "names");
  return inner === undefined ? undefined : namesOf(item);
}

function own(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
