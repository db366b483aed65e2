import { describe, expect, test } from "vitest";
import { schemeOf, splitLabel } from "../src/label-scheme.js";
import { groupTokens } from "../src/token-groups.js";

/** Groups tokens `a b c ...` that are sure of the given labels. */
function groups(names: readonly string[], of: readonly string[]): string[] {
  const labels = [...new Set([...names, ...of])];
  const tokens = of.map((name, index) => ({
    word: String.fromCharCode(97 + index),
    scores: labels.map((label) => (label === name ? 1 : 0)),
    start: 2 * index,
    end: 2 * index + 1,
    index,
    isSubword: false,
  }));
  const labelling = {
    scheme: schemeOf(labels),
    label: (id: number) => labels[id]!,
    join: (words: readonly string[]) => words.join(" "),
  };
  return groupTokens(tokens, "simple", labelling)
    .filter(({ entity_group: kind }) => kind !== "O")
    .map(({ entity_group: kind, word }) => `${kind}: ${word}`);
}

const BIOES = ["O", "B-PER", "I-PER", "E-PER", "S-PER", "B-LOC", "I-LOC", "E-LOC", "S-LOC"];
const BILOU = BIOES.map((label) => label.replace("E-", "L-").replace("S-", "U-"));

describe("groups of tokens by the scheme of the labels", () => {
  test("BIOES: an end ends, a single is alone", () => {
    expect(groups(BIOES, ["S-PER", "S-PER", "O", "B-PER", "I-PER", "E-PER", "S-LOC"])).toEqual([
      "PER: a",
      "PER: b",
      "PER: d e f",
      "LOC: g",
    ]);
    expect(groups(BIOES, ["B-PER", "E-PER", "B-PER", "E-PER"])).toEqual(["PER: a b", "PER: c d"]);
    expect(groups(BIOES, ["E-PER", "E-PER"])).toEqual(["PER: a", "PER: b"]);
    expect(groups(BIOES, ["E-PER", "I-PER", "I-PER"])).toEqual(["PER: a", "PER: b c"]);
    expect(groups(BIOES, ["B-PER", "E-LOC"])).toEqual(["PER: a", "LOC: b"]);
    expect(groups(BIOES, ["S-PER", "I-PER", "E-PER"])).toEqual(["PER: a", "PER: b c"]);
  });

  test("BILOU and BMES are the same with other letters", () => {
    expect(groups(BILOU, ["U-PER", "U-PER", "B-PER", "I-PER", "L-PER", "U-LOC"])).toEqual([
      "PER: a",
      "PER: b",
      "PER: c d e",
      "LOC: f",
    ]);
    const bmes = ["O", "B-X", "M-X", "E-X", "S-X"];
    expect(groups(bmes, ["B-X", "M-X", "E-X", "S-X", "S-X"])).toEqual(["X: a b c", "X: d", "X: e"]);
  });

  test("BIO: only a beginning begins", () => {
    const bio = ["O", "B-PER", "I-PER"];
    expect(groups(bio, ["I-PER", "I-PER", "B-PER", "I-PER", "O", "I-PER"])).toEqual(["PER: a b", "PER: c d", "PER: f"]);
  });

  test("names that look like marks stay whole where the labels are no such scheme", () => {
    expect(groups(["O", "E-mail", "S-Bahn"], ["E-mail", "E-mail", "S-Bahn"])).toEqual(["E-mail: a b", "S-Bahn: c"]);
    expect(groups(["O", "B-PER", "I-PER", "E-mail"], ["E-mail", "E-mail"])).toEqual(["E-mail: a b"]);
    expect(groups(["O", "B-PER", "E-PER", "misc"], ["B-PER", "E-PER"])).toEqual(["PER: a", "E-PER: b"]);
  });

  test("only the mark is taken away from names with hyphens", () => {
    const scheme = schemeOf(["O", "B-tax-percent", "I-tax-percent"]);
    expect(splitLabel("B-tax-percent", scheme).kind).toBe("tax-percent");
    expect(splitLabel("I-B-x", scheme).kind).toBe("B-x");
    expect(splitLabel("tax-percent", scheme)).toEqual({ kind: "tax-percent", begins: false, ends: false });
    expect(splitLabel("B-", scheme).kind).toBe("");
    expect(splitLabel("", scheme).kind).toBe("");
    expect(splitLabel("S-tax-percent", schemeOf(["B-tax-percent", "S-tax-percent"])).kind).toBe("tax-percent");
    expect(groups([], ["B-tax-percent", "I-tax-percent", "B-gross-percent"])).toEqual([
      "tax-percent: a b",
      "gross-percent: c",
    ]);
  });
});
