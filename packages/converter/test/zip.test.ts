import { crc32 as platformCrc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { seeded } from "../../../tooling/config/seeded.ts";
import { asFile } from "../src/source.js";
import { crc32 } from "../src/zip/crc32.js";
import { readEntry, readZip } from "../src/zip/read.js";
import { writeZip } from "../src/zip/write.js";
import { collect } from "./support.js";
import { buildZip, type ZipEnd, type ZipPart } from "./zip-build.js";

const text = (value: string) => new TextEncoder().encode(value);
const long = text("to be or not to be ".repeat(1000));

async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  const archive = await readZip(asFile(bytes, "test.zip"));
  const found: Record<string, string> = {};
  for (const entry of archive.entries.values()) {
    found[entry.name] = new TextDecoder().decode(await readEntry(archive, entry));
  }
  return found;
}

const refused = { name: "WeightsError", code: "format" };

test("the checksum equals the platform's, in pieces too", () => {
  const random = seeded(3);
  for (const length of [0, 1, 7, 8, 9, 15, 16, 17, 1000]) {
    const bytes = Uint8Array.from({ length }, () => random(256));
    expect(crc32(bytes)).toBe(platformCrc32(bytes));
    const cut = random(length + 1);
    expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(platformCrc32(bytes));
  }
});

describe("reading", () => {
  test.each<[string, Partial<ZipPart>, ZipEnd]>([
    ["stored entries", {}, {}],
    ["deflated entries", { deflate: true }, {}],
    ["data descriptors", { descriptor: true }, {}],
    ["deflated entries with descriptors", { deflate: true, descriptor: true }, {}],
    ["zip64 fields", { zip64: true }, { zip64: true }],
    ["a comment", {}, { comment: "made by hand PK\x05\x06" }],
  ])("takes %s", async (_, part, end) => {
    const parts = [
      { name: "a/long.txt", data: long, ...part },
      { name: "a/empty", data: new Uint8Array(0), ...part },
      { name: "a/ü", data: text("x"), ...part },
    ];
    const expected = { "a/long.txt": new TextDecoder().decode(long), "a/empty": "", "a/ü": "x" };
    expect(await contents(buildZip(parts, end))).toEqual(expected);
  });

  const one: ZipPart = { name: "one", data: text("one and more") };
  test.each<[string, readonly ZipPart[], ZipEnd]>([
    ["an entry twice", [one, one], {}],
    ["entries that overlap", [one, { name: "two", data: text("two"), offset: 5 }], {}],
    ["entries at the same place", [one, { name: "two", data: text("two"), offset: 0 }], {}],
    ["an encrypted entry", [{ ...one, flags: 1 }], {}],
    ["an unknown compression", [{ ...one, method: 12 }], {}],
    ["stored sizes that differ", [{ ...one, size: 5 }], {}],
    ["an entry longer than the file", [{ ...one, size: 2 ** 31, compressedSize: 2 ** 31 }], {}],
    ["an entry past the end", [{ ...one, offset: 10_000 }], {}],
    ["a zip64 size past every file", [{ ...one, zip64: true, size: 2 ** 52, compressedSize: 2 ** 52 }], {}],
    ["more entries than it has", [one], { count: 2 }],
    ["a directory past its end", [one], { directoryOffset: 1_000_000 }],
    ["a directory longer than the file", [one], { directorySize: 1_000_000 }],
    ["a zip64 directory of any size", [one], { zip64: true, directorySize: 2 ** 50 }],
    ["a zip64 count of any size", [one], { zip64: true, count: 2 ** 50 }],
    ["a deflated entry that is not deflate", [{ ...one, method: 8, size: 12 }], {}],
    ["a deflated entry with a wrong checksum", [{ ...one, deflate: true, crc: 1 }], {}],
    ["a deflated entry longer than declared", [{ name: "a", data: long, deflate: true, size: 100 }], {}],
    ["a deflated entry shorter than declared", [{ name: "a", data: long, deflate: true, size: 20_000 }], {}],
    [
      "a deflated entry that claims more than deflate can give",
      [{ name: "a", data: long, deflate: true, size: 2 ** 31 }],
      {},
    ],
  ])("refuses %s", async (_, parts, end) => {
    await expect(contents(buildZip(parts, end))).rejects.toMatchObject(refused);
  });

  test("refuses an archive that is cut anywhere, or is none", async () => {
    const bytes = buildZip([one, { name: "two", data: long, deflate: true }]);
    for (let length = 0; length < bytes.length; length += length < bytes.length - 150 ? 13 : 1) {
      await expect(contents(bytes.subarray(0, length))).rejects.toMatchObject(refused);
    }
    await expect(contents(new Uint8Array(100))).rejects.toMatchObject(refused);
  });
});

describe("writing", () => {
  test("gives archives that are read back, each entry at a multiple of 64 bytes", async () => {
    const inputs = ["", "x", "hello", "y".repeat(1000)].map((value, i) => ({
      name: `folder/entry-${i}`,
      size: value.length,
      chunks: () => [text(value.slice(0, 3)), text(value.slice(3))],
    }));
    const bytes = await collect(writeZip(inputs));
    expect(Object.values(await contents(bytes))).toEqual(["", "x", "hello", "y".repeat(1000)]);
    const start = Buffer.from(bytes).indexOf("hello");
    expect(start % 64).toBe(0);
  });
});
