/** How labels say where an entity begins and ends: which letters stand before a hyphen, and what they mean. */
export interface LabelScheme {
  readonly prefixes: string;
  /** Of these, the ones that begin an entity, and those after which it is over. */
  readonly begins: string;
  readonly ends: string;
}

/** Inside, outside, beginning: the reference's only scheme. */
const BIO: LabelScheme = { prefixes: "BI", begins: "B", ends: "" };

/** Schemes with an end (E or L) and a single (S or U) of its own; M is another name of I. */
const WITH_ENDS: readonly LabelScheme[] = [
  { prefixes: "BIES", begins: "BS", ends: "ES" },
  { prefixes: "BILU", begins: "BU", ends: "LU" },
  { prefixes: "BMES", begins: "BS", ends: "ES" },
];

/**
 * The scheme of a model's labels. One with ends is taken only where every label but `O` is of it and what ends also begins
 * (`E-PER` beside `B-PER`); so `S-Bahn` and `E-mail` stay names.
 */
export function schemeOf(labels: readonly string[]): LabelScheme {
  const marked = labels
    .filter((label) => label !== "O")
    .map((label) => ({ mark: label.charAt(0), kind: label.slice(2), label }));
  const begun = new Set(marked.filter(({ mark }) => mark === "B").map(({ kind }) => kind));
  const fits = ({ prefixes, begins, ends }: LabelScheme): boolean => {
    const isSingle = (mark: string): boolean => begins.includes(mark) && ends.includes(mark);
    const ending = marked.filter(({ mark }) => ends.includes(mark));
    return (
      marked.every(({ mark, label }) => label[1] === "-" && prefixes.includes(mark)) &&
      ending.some(({ kind }) => begun.has(kind)) &&
      ending.every(({ mark, kind }) => isSingle(mark) || begun.has(kind))
    );
  };
  return WITH_ENDS.find(fits) ?? BIO;
}

export interface LabelParts {
  /** What the label names: "PER" of "B-PER"; the whole label where it has no mark of the scheme. */
  readonly kind: string;
  readonly begins: boolean;
  readonly ends: boolean;
}

/** A label's parts: only the mark is taken away, so that `B-tax-percent` is a `tax-percent`. */
export function splitLabel(label: string, { prefixes, begins, ends }: LabelScheme): LabelParts {
  const mark = label[1] === "-" && prefixes.includes(label[0]!) ? label[0]! : "";
  if (mark === "") return { kind: label, begins: false, ends: false };
  return { kind: label.slice(2), begins: begins.includes(mark), ends: ends.includes(mark) };
}
