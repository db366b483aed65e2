import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWeights, readSafetensors, type WeightsReader } from "@convbert/converter";
import { openFiles, type RandomAccessFile } from "@convbert/files";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/*
 * Tensors past what 31 and 32 bits count, in a file with holes: it takes no room on disk.
 */

const GIB = 2 ** 30;
const tensors = {
  low: { dtype: "F32", shape: [4], data_offsets: [0, 16] },
  "past-2-gib": { dtype: "U8", shape: [5, GIB], data_offsets: [16, 16 + 5 * GIB] },
  high: { dtype: "F32", shape: [4], data_offsets: [16 + 5 * GIB, 32 + 5 * GIB] },
};

let folder: string;
let reader: WeightsReader;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-large-"));
  const file = await open(join(folder, "model.safetensors"), "w");
  const header = Buffer.from(JSON.stringify(tensors));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const start = 8 + header.length;
  const put = (bytes: Uint8Array, at: number) => file.write(bytes, 0, bytes.length, at);
  await put(length, 0);
  await put(header, 8);
  await put(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), start);
  // A mark past 4 GiB, within the large tensor, and the values behind it.
  await put(Uint8Array.of(7, 8, 9), start + 16 + 4 * GIB + 5);
  await put(new Uint8Array(Float32Array.of(5, 6, 7, 8).buffer), start + 16 + 5 * GIB);
  await file.close();
  reader = await openWeights(await openFiles(folder));
});

afterAll(async () => {
  await reader.close();
  await rm(folder, { recursive: true });
});

describe("a file of 5 GiB", () => {
  test("gives the tensors before and behind the large one", async () => {
    expect(await reader.read("low")).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(await reader.read("high")).toEqual(Float32Array.of(5, 6, 7, 8));
    expect(reader.tensors.get("past-2-gib")!.byteLength).toBe(5 * GIB);
  });

  test("is streamed with offsets past 32 bits", async () => {
    const enough = new Error("enough");
    const marks: [number, number][] = [];
    const original = await (await openFiles(folder)).open("model.safetensors");
    const source: RandomAccessFile = {
      name: "model.safetensors",
      size: original.size,
      // Holes cost time: only what is near the mark is read from the file.
      async read(offset, target) {
        if (offset < 4096 || Math.abs(offset - 4 * GIB) < 2 ** 21) await original.read(offset, target);
        else target.fill(0);
      },
      async close() {},
    };
    const sparse = await readSafetensors(source);
    const streamed = sparse.stream("past-2-gib", (offset, values) => {
      for (let i = 0; i < values.length; i += 1) {
        if (offset >= 4 * GIB && values[i] !== 0) marks.push([offset + i, values[i]!]);
        else if (offset < 4 * GIB) break;
      }
      if (offset > 4 * GIB) throw enough;
    });
    await expect(streamed).rejects.toBe(enough);
    expect(marks).toEqual([
      [4 * GIB + 5, 7],
      [4 * GIB + 6, 8],
      [4 * GIB + 7, 9],
    ]);
    await original.close();
  });

  test("is read whole where the engine has room for it, else refused by an error that says what to do", async () => {
    // Nothing is read: what counts is the array that it would go into, and the pieces that are asked for.
    const asked: number[] = [];
    const file = { name: "model.safetensors", async close() {} };
    const header = Buffer.from(
      JSON.stringify({ wide: { dtype: "F4", shape: [40 * GIB], data_offsets: [0, 20 * GIB] } }),
    );
    const source: RandomAccessFile = {
      ...file,
      size: 8 + header.length + 20 * GIB,
      async read(offset, target) {
        asked.push(target.length);
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(header.length));
        const start = Buffer.concat([length, header]);
        target.set(start.subarray(offset, offset + target.length));
      },
    };
    const wide = await readSafetensors(source);
    await expect(wide.read("wide")).rejects.toMatchObject({ name: "WeightsError", code: "unsupported" });
    await expect(wide.read("wide")).rejects.toThrow(/read the tensor with stream\(\)/);
    expect(Math.max(...asked)).toBeLessThanOrEqual(GIB);
  });
});
