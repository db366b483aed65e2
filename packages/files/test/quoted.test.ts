import { describe, expect, it } from "vitest";
import { printable, quoted } from "../src/internal.js";

describe("quoted", () => {
  it.each([
    ["encoder.layer.0", '"encoder.layer.0"'],
    ["a\u001b[2Jb\nc\u0085", String.raw`"a\u{1b}[2Jb\u{a}c\u{85}"`],
    ["\u202eabc\u2028", String.raw`"\u{202e}abc\u{2028}"`],
    ["\ud800x", String.raw`"\u{d800}x"`],
    ["Straße 漢字 😀", '"Straße 漢字 😀"'],
    [12.5, "12.5"],
    [null, "null"],
    [undefined, "undefined"],
    [true, "true"],
    [[1, 2], "a list of 2"],
    [{ toString: null }, "an object"],
  ])("shows %j as %s", (value, shown) => {
    expect(quoted(value)).toBe(shown);
  });

  it("cuts a long number", () => {
    expect(quoted(10n ** 300n)).toBe(`${"1".padEnd(200, "0")}…`);
  });

  it("cuts long text, and never reads into what is deep", () => {
    expect(printable("x".repeat(1e6))).toBe(`${"x".repeat(200)}…`);
    expect(printable("\u0000".repeat(1e6)).length).toBeLessThanOrEqual(201);
    let deep: unknown = [];
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(quoted(deep)).toBe("a list of 1");
  });
});
