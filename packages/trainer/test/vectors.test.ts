import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@convbert/converter";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openVectors } from "../src/index.js";

vi.mock("node:fs/promises", { spy: true });

let path = "";
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), "convbert-vectors-")), "vectors.safetensors");
});
afterAll(() => rm(join(path, ".."), { recursive: true }));
beforeEach(() => {
  vi.mocked(open).mockClear();
});

const tables = (...names: readonly string[]) =>
  writeSafetensors(names.map((name) => ({ name, dtype: "F32", shape: [2, 3], data: () => new Float32Array(6) })));

/** For each file that was opened whether it is closed: it then has no descriptor any more. */
async function closed(): Promise<boolean[]> {
  const handles = await Promise.all(vi.mocked(open).mock.results.map(({ value }) => value));
  return handles.map(({ fd }) => fd === -1);
}

describe("a file of vectors", () => {
  it("is open until its table is closed", async () => {
    await writeFile(path, tables("one"));
    const vectors = await openVectors(path);
    expect(await vectors.get(1)).toEqual(new Float32Array(3));
    expect(await closed()).toEqual([false]);
    await vectors.close();
    expect(await closed()).toEqual([true]);
  });

  it.each([
    ["with two tables", tables("one", "two"), "it has one, two"],
    ["of text", "a text and no table", "not a safetensors file"],
  ])("is closed where it is refused: %s", async (_, contents, message) => {
    await writeFile(path, contents);
    await expect(openVectors(path)).rejects.toThrow(message);
    expect(await closed()).toEqual([true]);
  });
});
