import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type FilledMask, pipeline } from "../src/index.js";

const fill = await pipeline("fill-mask", fileURLToPath(new URL("fixtures/masked/", import.meta.url)));
afterAll(() => fill.dispose());

/** The probability of one word in the place of the first mask, by the plain call. */
async function scoreOf(text: string, word: string): Promise<number> {
  const found = await fill(text, { targets: word, onWarning: () => {} });
  const first = (Array.isArray(found[0]) ? found[0] : found) as FilledMask[];
  return first[0]!.score;
}

describe("whole targets", () => {
  test("of several pieces have the product of what each piece has after the ones before it", async () => {
    const [found] = (await fill("the [MASK] is old", { targets: ["rivers"], whole_targets: true })) as FilledMask[];
    expect(found).toMatchObject({ token_str: "rivers", sequence: "the rivers is old" });
    expect(found!.tokens).toHaveLength(2);
    const want =
      (await scoreOf("the [MASK] [MASK] is old", "river")) * (await scoreOf("the river [MASK] is old", "##s"));
    expect(found!.score).toBeCloseTo(want, 10);
    expect(Math.abs(found!.score - want)).toBeLessThan(1e-5 * want);
  });

  test("of one piece are scored as always, and all are sorted", async () => {
    const targets = ["city", "riverside", "queen", "rivers"];
    const found = (await fill("the [MASK] is old", { targets, whole_targets: true })) as FilledMask[];
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
    expect(new Set(found.map(({ token_str }) => token_str))).toEqual(new Set(targets));
    expect(found.find(({ token_str }) => token_str === "city")!.score).toBeCloseTo(
      await scoreOf("the [MASK] is old", "city"),
      6,
    );
    expect(await fill("the [MASK] is old", { targets, whole_targets: true, top_k: 2 })).toEqual(found.slice(0, 2));
  });

  test("with several masks the others stay", async () => {
    const found = (await fill("[MASK] of [MASK]", { targets: ["rivers"], whole_targets: true })) as FilledMask[][];
    expect(found).toHaveLength(2);
    expect(found[0]![0]!.sequence).toContain("rivers of [MASK]");
    expect(found[1]![0]!.sequence).toContain("[MASK] of rivers");
  });

  test("that the vocabulary cannot write are left out; all gone is an error; too long is one too", async () => {
    const warnings: string[] = [];
    const onWarning = (text: string) => warnings.push(text);
    const found = (await fill("a [MASK]", {
      targets: ["city", "жжж", ""],
      whole_targets: true,
      onWarning,
    })) as FilledMask[];
    expect(found.map(({ token_str }) => token_str)).toEqual(["city"]);
    expect(warnings).toHaveLength(2);
    await expect(fill("a [MASK]", { targets: ["жжж"], whole_targets: true, onWarning })).rejects.toMatchObject({
      code: "invalid-option",
    });
    const long = `${"the ".repeat(61)}[MASK]`;
    expect(await fill(long, { targets: ["city"], whole_targets: true })).toHaveLength(1);
    await expect(fill(long, { targets: ["rivers"], whole_targets: true })).rejects.toMatchObject({ code: "too-long" });
  });
});

describe("masks that are filled together", () => {
  test("the best fillings are those of every possible one", async () => {
    const text = "the [MASK] of the [MASK]";
    const targets = ["river", "city", "queen", "book", "museum"];
    const found = await fill(text, { joint: true, targets, top_k: 4 });
    const all: { words: string; score: number }[] = [];
    for (const first of targets) {
      for (const second of targets) {
        const score = (await scoreOf(text, first)) * (await scoreOf(`the ${first} of the [MASK]`, second));
        all.push({ words: `${first} ${second}`, score });
      }
    }
    const best = all.sort((a, b) => b.score - a.score).slice(0, 4);
    expect(found.map(({ token_strs: words }) => words.join(" "))).toEqual(best.map(({ words }) => words));
    for (const [i, { score }] of found.entries()) expect(Math.abs(score - best[i]!.score)).toBeLessThan(1e-5 * score);
    expect(found[0]!.sequence).toBe(`the ${found[0]!.token_strs[0]} of the ${found[0]!.token_strs[1]}`);
    expect(found[0]!.tokens).toHaveLength(2);
  });

  test("one mask is filled as always", async () => {
    const joint = await fill("the [MASK] is good", { joint: true, top_k: 3 });
    const usual = (await fill("the [MASK] is good", { top_k: 3 })) as FilledMask[];
    expect(joint.map(({ sequence }) => sequence)).toEqual(usual.map(({ sequence }) => sequence));
    for (const [i, { score }] of joint.entries()) expect(score).toBeCloseTo(usual[i]!.score, 7);
  });

  test("lists, streams and signals", async () => {
    const texts = ["a [MASK] [MASK]", "the [MASK]"];
    const found = await fill(texts, { joint: true });
    expect(found.map(({ length }) => length)).toEqual([5, 5]);
    const streamed = [];
    for await (const item of fill.stream(texts, { joint: true })) streamed.push(item);
    expect(streamed).toEqual(found);
    await expect(fill(texts, { joint: true, signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    await expect(fill("no mask", { joint: true })).rejects.toMatchObject({ code: "no-mask" });
  });
});
