import { describe, expect, test } from "vitest";
import { parseCell } from "../src/data/cell.js";
import golden from "./fixtures/cells.json" with { type: "json" };

describe("what programs write where a cell has no room for a list", () => {
  test.each(["json", "python", "numpy"])("%s", (kind) => {
    const cells = golden.cells.filter(([name]) => name === kind) as [string, string, unknown][];
    expect(cells.length).toBeGreaterThan(400);
    for (const [, text, value] of cells) expect(parseCell(text), text).toEqual({ kind: "container", value });
  });

  test("a list that was cut off says so", () => {
    expect(parseCell(golden.cut)).toEqual({
      kind: "broken",
      reason: 'its middle was left out ("...") when the file was written',
    });
  });

  test.each<[string, unknown]>([
    ["[]", []],
    ["  [1]  ", [1]],
    ["[1,]", [1]],
    ["('a',)", ["a"]],
    ["{'a', 'b'}", ["a", "b"]],
    ["{}", {}],
    [
      "[[1, 0], [0, 1]]",
      [
        [1, 0],
        [0, 1],
      ],
    ],
    ["[u'a', u\"b\"]", ["a", "b"]],
    ["[True, False, None]", [true, false, null]],
    ["[1. 0. 1.]", [1, 0, 1]],
    ["array(['a', 'b'], dtype='<U1')", ["a", "b"]],
    ["np.array([1, 0])", [1, 0]],
    ["[ 3\n  0 ]", [3, 0]],
    ['{"__proto__": [1]}', JSON.parse('{"__proto__": [1]}')],
  ])("%s", (text, value) => {
    const cell = parseCell(text);
    expect(cell).toEqual({ kind: "container", value });
    if (text.includes("__proto__")) expect(Object.keys((cell as { value: object }).value)).toEqual(["__proto__"]);
  });

  test.each([
    "",
    "a",
    "[a] b",
    "see [1]",
    "(aside)",
    "(1)",
    "(a, b)",
    "array",
    "1",
    "'a'",
    "][",
    "(",
    "()x",
    ":-)",
    "[1 2",
  ])("%j is text", (text) => {
    expect(parseCell(text)).toEqual({ kind: "text" });
  });

  test.each([
    ["[a, b]", "its items have no quotes"],
    ["[spam]", "its items have no quotes"],
    ["['a]", "it is no list of JSON or Python"],
    ["[1; 2]", "it is no list of JSON or Python"],
    ["[b'a']", "its items have no quotes"],
    ["{'a': 1, 'b'}", "some of its keys have no value"],
    ["[1]]", "text follows its end"],
    ["[eval(1)]", "its items have no quotes"],
    [`${"[".repeat(40)}${"]".repeat(40)}`, "it is more than 32 lists deep"],
    [`${"[".repeat(1e6)}${"]".repeat(1e6)}`, "it is more than 32 lists deep"],
  ])("%j is broken", (text, reason) => {
    expect(parseCell(text)).toEqual({ kind: "broken", reason });
  });

  test("of any text is an answer, in time that grows with its length", () => {
    for (const text of [
      `['${"\\".repeat(1e5)}]`,
      `[${"'".repeat(1e5)}]`,
      `[${" ".repeat(1e5)}x]`,
      `[${"1,".repeat(1e5)}]`,
    ]) {
      expect(["container", "broken"]).toContain(parseCell(text).kind);
    }
  });
});
