import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Line } from "../src/cli/lines.js";
import { type LineGroupOptions, lineGroups } from "../src/cli/run/line-groups.js";

const limits = { most: 8, capacity: 100 };

async function* given(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function* asLines(texts: AsyncIterable<string>): AsyncGenerator<Line> {
  for await (const text of texts) yield { text };
}

async function* textGroups(source: AsyncIterable<string>, options: LineGroupOptions): AsyncGenerator<string[]> {
  for await (const group of lineGroups(asLines(source), options)) yield group.map(({ text }) => text);
}

async function groupsOf(source: AsyncIterable<string>, options = limits): Promise<string[][]> {
  const groups: string[][] = [];
  for await (const group of textGroups(source, options)) groups.push(group);
  return groups;
}

describe("lines that are ready", () => {
  test("come in groups that grow", async () => {
    const lines = Array.from({ length: 30 }, (_, i) => String(i));
    const groups = await groupsOf(given(lines));
    expect(groups.map(({ length }) => length)).toEqual([1, 2, 4, 8, 8, 7]);
    expect(groups.flat()).toEqual(lines);
    expect(await groupsOf(given([]))).toEqual([]);
  });

  test("fill a group by their characters, too", async () => {
    const lines = Array.from({ length: 9 }, () => "x".repeat(60));
    expect((await groupsOf(given(lines))).map(({ length }) => length)).toEqual([1, 2, 2, 2, 2]);
  });

  test("do not wait for those that are not", async () => {
    let release = (): void => {};
    const later = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow(): AsyncGenerator<string> {
      yield* ["a", "b"];
      await later;
      yield* ["c", "d", "e", "f"];
    }
    const groups = textGroups(slow(), limits);
    expect((await groups.next()).value).toEqual(["a"]);
    expect((await groups.next()).value).toEqual(["b"]);
    release();
    expect((await groups.next()).value).toEqual(["c", "d", "e", "f"]);
    expect((await groups.next()).done).toBe(true);
  });

  test("are given before the error that follows them; nobody has to wait for it", async () => {
    async function* failing(): AsyncGenerator<string> {
      yield "a";
      throw new Error("torn");
    }
    const groups = textGroups(failing(), limits);
    expect((await groups.next()).value).toEqual(["a"]);
    await setTimeout(5);
    await expect(groups.next()).rejects.toThrow("torn");
  });

  test("can be left while one is still awaited", async () => {
    async function* endless(): AsyncGenerator<string> {
      yield "a";
      await new Promise(() => {});
    }
    for await (const group of textGroups(endless(), limits)) {
      expect(group).toEqual(["a"]);
      break;
    }
  });
});
