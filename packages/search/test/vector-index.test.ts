import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NamedTensor, readSafetensors, writeSafetensors } from "@convbert/converter";
import { sharedBackend } from "@convbert/tensor";
import { describe, expect, it, onTestFinished } from "vitest";
import { seededNumbers as numbers } from "../../../tooling/config/seeded.ts";
import { SearchError, type SearchHit, VectorIndex } from "../src/index.js";

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);

/** The right answer: every product, sorted. */
function plain(vectors: ReadonlyMap<string, Float32Array>, query: Float32Array, k: number): SearchHit[] {
  return [...vectors]
    .map(([id, vector]) => ({ id, score: dot(vector, query) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, k);
}

async function fileOf(tensors: readonly NamedTensor[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeSafetensors(tensors)) pieces.push(Uint8Array.from(piece));
  return new Uint8Array(Buffer.concat(pieces));
}

const table = (name: string, shape: readonly number[], dtype: "F32" | "F16" | "I8" = "F32"): NamedTensor => ({
  ...{ name, shape, dtype },
  data: () => {
    const values = numbers(
      shape.reduce((a, b) => a * b, 1),
      3,
    );
    return dtype === "I8" ? Int8Array.from(values, (value) => value * 100) : values;
  },
});
const bytes = (name: string, text: string): NamedTensor => {
  const data = new TextEncoder().encode(text);
  return { name, dtype: "U8", shape: [data.length], data: () => data };
};

describe.each(["reference", "wasm"] as const)("an index on the %s backend", (backend) => {
  it("finds what a plain loop finds, while vectors come and go", async () => {
    const size = 24;
    using index = await VectorIndex.create({ size, backend });
    const kept = new Map<string, Float32Array>();
    const random = numbers(4000, 9);
    for (let turn = 0; turn < 600; turn++) {
      const id = `v${Math.floor((random[turn]! + 1) * 120)}`;
      if (random[2000 + turn]! < -0.3) {
        expect(index.remove(id)).toBe(kept.delete(id));
      } else {
        const vector = numbers(size, turn + 1);
        index.add({ id, vector });
        kept.set(id, vector);
      }
      if (turn % 97 !== 0 || kept.size === 0) continue;
      const query = numbers(size, 7000 + turn);
      const found = await index.search(query, { k: 5 });
      const expected = plain(kept, query, 5);
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      for (const [i, { score }] of expected.entries()) expect(found[i]!.score).toBeCloseTo(score, 4);
    }
    expect(index.length).toBe(kept.size);
    expect([...index.ids()].sort()).toEqual([...kept.keys()].sort());
    const [id, vector] = [...kept][0]!;
    expect(index.get(id)).toEqual({ vector });
    expect(index.get("none")).toBeUndefined();
    expect(index.has(id)).toBe(true);
  });

  it("keeps vectors in 8 bits: a quarter of the memory, nearly the same scores", async () => {
    const size = 64;
    const vectors = new Map(Array.from({ length: 500 }, (_, i) => [String(i), numbers(size, i + 1)]));
    using index = await VectorIndex.create({ size, dtype: "int8", backend });
    index.addAll([...vectors].map(([id, vector]) => ({ id, vector })));
    let same = 0;
    for (let i = 0; i < 20; i++) {
      const query = numbers(size, 900 + i);
      const [found, expected] = [await index.search(query), plain(vectors, query, 10)];
      same += found.filter(({ id }) => expected.some((hit) => hit.id === id)).length;
      for (const { id, score } of found) expect(Math.abs(score - dot(vectors.get(id)!, query))).toBeLessThan(0.15);
    }
    expect(same / 200).toBeGreaterThan(0.95);
  });
});

describe("an index", () => {
  it("is searched across blocks, by many queries, on threads", async () => {
    const size = 8;
    const count = 20_000;
    using index = await VectorIndex.create({ size, threads: 2 });
    const values = numbers(count * size, 5);
    const vectorOf = (i: number) => values.subarray(i * size, (i + 1) * size);
    index.addAll(Array.from({ length: count }, (_, i) => ({ id: `${i}`, vector: vectorOf(i), text: `text ${i}` })));
    const queries = Array.from({ length: 40 }, (_, i) => numbers(size, 100 + i));
    const all = await index.searchAll(queries, { k: 3 });
    for (const [i, hits] of all.entries()) {
      const scores = Array.from({ length: count }, (_, row) => dot(vectorOf(row), queries[i]!));
      const best = scores.map((score, row) => ({ score, row })).sort((a, b) => b.score - a.score);
      expect(hits.map(({ id }) => id)).toEqual(best.slice(0, 3).map(({ row }) => String(row)));
      expect(hits[0]!.text).toBe(`text ${hits[0]!.id}`);
    }
  });

  it("gives the first of equals first, and no more than there are", async () => {
    using index = await VectorIndex.create({ size: 2 });
    expect(await index.search([1, 0])).toEqual([]);
    index.addAll(["a", "b", "c"].map((id) => ({ id, vector: [1, 0] })));
    expect((await index.search([2, 5], { k: 2 })).map(({ id }) => id)).toEqual(["a", "b"]);
    expect(await index.search([1, 0], { k: 9 })).toHaveLength(3);
    // As the pipelines give them.
    expect(await index.search({ data: Float32Array.of(1, 0), shape: [2] }, { k: 1 })).toEqual([{ id: "a", score: 1 }]);
  });

  it.each(["float32", "int8"] as const)("is saved and loaded: %s", async (dtype) => {
    const folder = await mkdtemp(join(tmpdir(), "convbert-index-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const size = 16;
    using index = await VectorIndex.create({ size, dtype });
    const ids = ["plain", "with\nbreak", "ünï ☃", "", "gone", '"quoted"'];
    index.addAll(ids.map((id, i) => ({ id, vector: numbers(size, i + 1), ...(i % 2 ? { text: `${id}?` } : {}) })));
    index.remove("gone");
    await index.save(folder);
    const loaded = await VectorIndex.load(folder);
    expect(loaded).toMatchObject({ size, dtype, length: 5 });
    for (const id of ids) expect(loaded.get(id)).toEqual(index.get(id));
    const query = numbers(size, 77);
    expect(await loaded.search(query)).toEqual(await index.search(query));
    // Saved again it is the same file; in the other type it is nearly the same.
    await loaded.save(folder, { name: "again.safetensors" });
    expect(await readFile(join(folder, "again.safetensors"))).toEqual(
      await readFile(join(folder, "index.safetensors")),
    );
    const other = await VectorIndex.load(folder, { dtype: dtype === "int8" ? "float32" : "int8" });
    const found = await other.search(query);
    for (const [i, { score }] of (await index.search(query)).entries()) expect(found[i]!.score).toBeCloseTo(score, 1);
    loaded.dispose();
    other.dispose();
    const reader = await readSafetensors(await readFile(join(folder, "index.safetensors")));
    expect(reader.metadata).toEqual({ format: "convbert-index", version: "1" });
    expect(reader.tensors.get("vectors")!.shape).toEqual([5, size]);
  });

  it("of many vectors is loaded in blocks", async () => {
    const count = 9000;
    for (const dtype of ["F32", "F16"] as const) {
      using index = await VectorIndex.load(
        { "v.safetensors": await fileOf([table("any", [count, 6], dtype)]) },
        { name: "v.safetensors" },
      );
      expect(index.length).toBe(count);
      const expected = numbers(count * 6, 3).subarray(8500 * 6, 8501 * 6);
      const { vector } = index.get("8500")!;
      for (let i = 0; i < 6; i++) expect(vector[i]).toBeCloseTo(expected[i]!, dtype === "F32" ? 6 : 2);
    }
    using int8 = await VectorIndex.create({ size: 6, dtype: "int8" });
    int8.addAll(Array.from({ length: count }, (_, i) => ({ id: `i${i}`, vector: numbers(6, i) })));
    const saved: Record<string, Uint8Array> = {};
    const folder = await mkdtemp(join(tmpdir(), "convbert-index-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await int8.save(folder);
    saved["index.safetensors"] = new Uint8Array(await readFile(join(folder, "index.safetensors")));
    using again = await VectorIndex.load(saved);
    for (const id of ["i0", "i8191", "i8192", "i8999"]) expect(again.get(id)).toEqual(int8.get(id));
  });

  it("refuses what does not fit, and changes nothing then", async () => {
    using index = await VectorIndex.create({ size: 3 });
    const refused = (work: () => unknown, code: string, message: string) => {
      const error = (() => {
        try {
          work();
          return undefined;
        } catch (found) {
          return found as SearchError;
        }
      })();
      expect(error).toBeInstanceOf(SearchError);
      expect(error).toMatchObject({ code });
      expect(error!.message).toContain(message);
    };
    refused(() => index.add({ id: "a", vector: [1, 2] }), "invalid-vector", "2 numbers; this index takes 3");
    refused(() => index.add({ id: "a", vector: null as never }), "invalid-vector", "takes 3");
    refused(() => index.add({ id: 5 as never, vector: [1, 2, 3] }), "invalid-option", "string");
    const two = [
      { id: "a", vector: [1, 2, 3] },
      { id: "b", vector: [1, Number.NaN, 3] },
    ];
    refused(() => index.addAll(two), "invalid-vector", "component 1 is NaN");
    expect(index.length).toBe(0);
    await expect(index.search([1, 2, 3], { k: 0 })).rejects.toThrow("k is 0");
    await expect(index.search([1, 2, Number.POSITIVE_INFINITY])).rejects.toThrow("component 2");
    await expect(VectorIndex.create({ size: 0 })).rejects.toThrow("size is 0");
    await expect(VectorIndex.create({ size: 3, dtype: "float16" as never })).rejects.toThrow("float32 or int8");
    index.add(two[0]!);
    await expect(index.search([1, 2, 3], { signal: AbortSignal.abort() })).rejects.toThrow("abort");
    index.dispose();
    refused(() => index.add(two[0]!), "disposed", "disposed");
    await expect(index.search([1, 2, 3])).rejects.toThrow("disposed");
    index.dispose();
  });

  it.each([
    ["no table", [bytes("ids", '"a"')], "no table of vectors"],
    ["two tables", [table("a", [2, 3]), table("b", [2, 3])], "it has a, b"],
    ["another count of ids", [table("vectors", [2, 3]), bytes("ids", '"a"')], "for 2 vectors"],
    ["ids that are no JSON", [table("vectors", [2, 3]), bytes("ids", '"a"\n"b')], "not a JSON string a line"],
    ["ids that are no strings", [table("vectors", [2, 3]), bytes("ids", '"a"\n7')], "not a JSON string a line"],
    ["a missing id", [table("vectors", [2, 3]), bytes("ids", '"a"\nnull')], "an id is missing"],
    ["an id twice", [table("vectors", [2, 3]), bytes("ids", '"a"\n"a"')], 'the id "a" twice'],
    ["ids of another type", [table("vectors", [2, 3]), table("ids", [2])], "not a JSON string a line"],
    ["8 bits without scales", [table("vectors", [2, 3], "I8")], "need vectors_scale [2]"],
  ])("is not made of a file with %s", async (_, tensors, message) => {
    const { memory } = await sharedBackend();
    const before = memory.call(await sharedBackend()).liveBlocks;
    const file = { "index.safetensors": await fileOf(tensors) };
    await expect(VectorIndex.load(file)).rejects.toThrow(message);
    expect((await sharedBackend()).memory().liveBlocks).toBe(before);
  });

  it("gives its memory back", async () => {
    const backend = await sharedBackend();
    const before = backend.memory().liveBlocks;
    const index = await VectorIndex.create({ size: 5 });
    index.addAll(Array.from({ length: 9000 }, (_, i) => ({ id: `${i}`, vector: numbers(5, i) })));
    await index.search(numbers(5, 1));
    index.dispose();
    expect(backend.memory().liveBlocks).toBe(before);
  });
});
