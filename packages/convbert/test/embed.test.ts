import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@convbert/converter";
import { pipeline } from "@convbert/pipelines";
import { openVectors } from "@convbert/trainer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

const encoder = fileURLToPath(new URL("../../pipelines/test/fixtures/sentences/dense", import.meta.url));
const plain = fileURLToPath(new URL("../../pipelines/test/fixtures/base", import.meta.url));
const TEXTS = Array.from(
  { length: 40 },
  (_, i) => `${["a good book", "the sea", "who wrote it"][i % 3]} ${"the ".repeat(i % 7)}${i}`,
);

let folder = "";
const file = (name: string): string => join(folder, name);
let expected: number[][] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-embed-"));
  await writeFile(file("texts.txt"), `${TEXTS.join("\n")}\n\n  \n`);
  using extract = await pipeline("feature-extraction", encoder);
  expected = (await extract(TEXTS)).map(({ data }) => [...data]);
});
afterAll(() => rm(folder, { recursive: true }));

const embed = (...args: string[]) => convbert(["embed", "--model", encoder, ...args]);

function near(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 6);
}

describe("embed", () => {
  test("gives a line for each text", async () => {
    const { code, json, stderr } = await convbert(["embed", "--model", encoder], {
      stdin: `${TEXTS[0]}\n\n${TEXTS[1]}`,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = json as { text: string; vector: number[] }[];
    expect(lines.map(({ text }) => text)).toEqual(TEXTS.slice(0, 2));
    for (const [i, { vector }] of lines.entries()) near(vector, expected[i]!);
  });

  test("of a ConvBERT that says nothing, the mean of length 1, cut where it is too long", async () => {
    const { json } = await convbert(["embed", "--model", plain], { stdin: `one two\n${"good ".repeat(900)}\n` });
    const [{ vector }, long] = json as [{ vector: number[] }, { vector: number[] }];
    expect(Math.hypot(...vector)).toBeCloseTo(1, 6);
    expect(Math.hypot(...long.vector)).toBeCloseTo(1, 6);
    expect(vector).toHaveLength(16);
  });

  test("names the file that is UTF-16", async () => {
    await writeFile(file("utf16.txt"), Buffer.from("\ufeffa text\n", "utf16le"));
    const { code, stderr } = await embed(file("utf16.txt"));
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `convbert: ${file("utf16.txt")} is UTF-16; convert it first, as with iconv -f utf-16 -t utf-8\n`,
    });
  });

  test.each(["out.jsonl", "out.safetensors"])("into %s, goes on where it was interrupted", async (name) => {
    const { code, stderr } = await embed(file("texts.txt"), "--output", file(name));
    expect({ code, stderr }).toEqual({ code: 0, stderr: `40 vectors of 7 in ${file(name)}\n` });
    const whole = await readFile(file(name));
    expect((await embed(file("texts.txt"), "--output", file(name))).stderr).toContain("there already");

    // As a process that was killed leaves it: some rows, and half a line.
    const cut = file(`cut-${name}`);
    if (name.endsWith("jsonl")) {
      const lines = whole.toString().split("\n");
      await writeFile(cut, `${lines.slice(0, 11).join("\n")}\n${lines[11]!.slice(0, 30)}`);
    } else {
      await embed(file("texts.txt"), "--output", cut);
      const table = await openVectors(cut);
      const rows = await Promise.all(Array.from({ length: 13 }, (_, i) => table.get(i)));
      await table.close();
      await rm(cut);
      const partial = `${cut}.partial`;
      await convbert(["embed", "--model", encoder, "--output", cut], { stdin: "" });
      expect((await readdir(folder)).filter((entry) => entry.startsWith("cut-out.safetensors"))).toEqual([
        "cut-out.safetensors",
      ]);
      await rm(cut);
      const { mkdir } = await import("node:fs/promises");
      await mkdir(partial);
      await writeFile(join(partial, "vectors-7.f32"), Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
      await truncate(join(partial, "vectors-7.f32"), 12 * 28 + 9);
      const texts = TEXTS.slice(0, 14).map((text) => JSON.stringify(text));
      await writeFile(join(partial, "texts.jsonl"), `${texts.join("\n").slice(0, -5)}`);
      expect((await embed(file("texts.txt"), "--output", cut)).stderr).toContain("go on with --resume");
    }
    const other = await convbert(["embed", "--model", encoder, "--output", cut, "--resume"], {
      stdin: "another\ntext\n",
    });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("begun with other texts");
    expect((await embed(file("texts.txt"), "--output", cut, "--resume")).code).toBe(0);
    expect(await readFile(cut)).toEqual(whole);
    expect((await embed(file("texts.txt"), "--output", cut, "--overwrite")).code).toBe(0);
    expect(await readFile(cut)).toEqual(whole);
  });

  test("the table has the vectors, and the texts beside them", async () => {
    const reader = await readSafetensors(await readFile(file("out.safetensors")));
    expect(reader.tensors.get("vectors")!.shape).toEqual([40, 7]);
    const rows = (await reader.read("vectors")) as Float32Array;
    for (const [i, vector] of expected.entries()) near([...rows.subarray(i * 7, i * 7 + 7)], vector);
    const texts = new TextDecoder().decode((await reader.read("texts")) as Uint8Array);
    expect(texts.split("\n").map((line) => JSON.parse(line))).toEqual(TEXTS);
  });

  test.each([
    [["--output", "x.csv"], ".jsonl or .safetensors"],
    [["--resume"], "need --output"],
    [["--output", "x.jsonl", "--resume", "--overwrite"], "not both"],
    [["nowhere.txt"], "there is no file"],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await convbert(["embed", "--model", encoder, ...args], { stdin: "a" });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });

  test("says what cannot be read, and encodes the rest", async () => {
    const bad = [
      new TextEncoder().encode("a book\n"),
      Uint8Array.of(0xff, 0x0a),
      new TextEncoder().encode("the sea\n"),
    ];
    const { code, json, stderr } = await convbert(["embed", "--model", encoder], { stdin: bad });
    expect(code).toBe(2);
    expect(json).toHaveLength(2);
    expect(stderr).toContain("line 2: the line is not UTF-8");
    // Without --model it is the encoder of this package.
    const [own] = (await convbert(["embed"], { stdin: "a" })).json as [{ vector: number[] }];
    expect(own.vector).toHaveLength(256);
  });
});

describe("search", () => {
  const search = (args: string[], stdin?: string) =>
    convbert(["search", file("out.safetensors"), "--model", encoder, ...args], stdin === undefined ? {} : { stdin });

  test("finds what is most alike", async () => {
    const { code, json } = await search(["--json", "--top", "3", TEXTS[7]!, TEXTS[12]!]);
    expect(code).toBe(0);
    const [first, second] = json as { query: string; hits: { id: string; score: number; text: string }[] }[];
    expect(first!.hits[0]).toEqual({ id: "7", score: expect.closeTo(1, 5), text: TEXTS[7] });
    expect(second!.hits).toHaveLength(3);
    const scores = expected.map((vector) => vector.reduce((sum, x, i) => sum + x * expected[12]![i]!, 0));
    const best = scores.map((score, i) => ({ score, i })).sort((a, b) => b.score - a.score);
    for (const [i, { score }] of second!.hits.entries()) expect(score).toBeCloseTo(best[i]!.score, 5);
    const { stdout } = await search(["--int8"], `${TEXTS[3]}\n\n${TEXTS[4]}\n`);
    expect(stdout).toMatch(new RegExp(`^${TEXTS[3]}\n   (?:1\\.0|0\\.99)`));
    expect(stdout.match(/\n\n/g)).toHaveLength(1);
  });

  test("refuses what does not go together", async () => {
    expect((await search([])).stderr).toContain("no query");
    expect((await search([" "])).stderr).toContain("a query is empty");
    const other = await convbert(["search", file("out.safetensors"), "--model", plain, "x"]);
    expect(other.stderr).toContain("vectors of 7 numbers, the encoder gives 16");
    const none = await convbert(["search", file("nothing.safetensors"), "--model", encoder, "x"]);
    expect(none.code).toBe(2);
  });
});
