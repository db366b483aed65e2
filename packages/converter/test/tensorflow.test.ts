import { existsSync } from "node:fs";
import { join } from "node:path";
import { openWeights, tensorsOf, type WeightFormatName, type WeightsReader, weightFiles } from "@convbert/converter";
import { openFiles, writeFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { expectSame, fixturePath, goldenFolders } from "./support.js";

const folders = [fixturePath("model"), ...goldenFolders()];
const named = (paths: readonly string[]): [string, string][] =>
  paths.map((path) => [path.split("/").slice(-2).join("/"), path]);

async function rewritten(reader: WeightsReader, format: WeightFormatName, maxShardSize: string) {
  const place = new Map<string, Blob>();
  await writeFiles(place, (await weightFiles(tensorsOf(reader), { format, maxShardSize })).files);
  return { place, again: await openWeights(await openFiles(Object.fromEntries(place))) };
}

const saved = folders.filter((folder) => existsSync(join(folder, "tf_model.h5")));
describe.each(named(saved))("%s, which TensorFlow has saved", (_, folder) => {
  test("has the very weights of its twin in PyTorch", async () => {
    const files = await openFiles(folder);
    const reader = await openWeights(files, { format: "tensorflow" });
    const twin = await openWeights(files, { format: "safetensors" });
    await expectSame(reader, twin);
    await Promise.all([reader.close(), twin.close()]);
  });
});

describe.each(named(folders))("%s", (_, folder) => {
  test.each<[WeightFormatName, string]>([
    ["tensorflow", "1GB"],
    ["tensorflow", "10KB"],
    ["tensorflow-safetensors", "1GB"],
    ["tensorflow-safetensors", "10KB"],
  ])("comes back bit for bit from %s of %s", async (format, size) => {
    const reader = await openWeights(await openFiles(folder), { format: "safetensors" });
    const { again, place } = await rewritten(reader, format, size);
    expect(again.format).toBe(format);
    expect(place.size > 1).toBe(size === "10KB");
    await expectSame(again, reader);
    await reader.close();
  });
});
