import { openWeights, tensorsOf, WEIGHT_FORMATS, type WeightsReader, weightFiles } from "@convbert/converter";
import { openFiles, writeFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import type { NameTable } from "../src/formats/names.js";
import { tensorflowNames } from "../src/formats/tensorflow/names.js";
import { encoderNames } from "../src/formats/tf1/names.js";
import { expectSame, fixturePath, goldenFolders } from "./support.js";

const BASE = "convbert.";
const folders = [fixturePath("model"), ...goldenFolders()].map((path) => [path.split("/").slice(-2).join("/"), path]);
const written = WEIGHT_FORMATS.filter(({ writes }) => writes).map(({ name }) => name);

/** The encoder's names, where that is all that a format holds. */
function encoderName({ tensors }: WeightsReader): (name: string) => string | undefined {
  const hasHead = [...tensors.keys()].some((name) => name.startsWith(BASE));
  return (name) => (name.startsWith(BASE) ? name.slice(BASE.length) : hasHead ? undefined : name);
}

async function converted(reader: WeightsReader, format: (typeof written)[number]): Promise<WeightsReader> {
  const place = new Map<string, Blob>();
  await writeFiles(place, (await weightFiles(tensorsOf(reader), { format })).files);
  return openWeights(await openFiles(Object.fromEntries(place)), { format });
}

describe.each(folders)("%s", (_, path) => {
  test("goes through every format, one after the other, and comes back bit for bit", async () => {
    const source = await openWeights(await openFiles(path!), { format: "safetensors" });
    let reader = source;
    // The encoder alone goes on from the first that holds nothing else.
    for (const format of written.filter((name) => name !== "tf1")) reader = await converted(reader, format);
    await expectSame(await converted(reader, "safetensors"), source);
    const encoder = tensorsOf(source, { rename: encoderName(source) });
    const place = new Map<string, Blob>();
    await writeFiles(place, (await weightFiles(encoder)).files);
    const alone = await openWeights(await openFiles(Object.fromEntries(place)));
    const back = await converted(await converted(await converted(alone, "tf1"), "tensorflow"), "safetensors");
    await expectSame(back, alone);
    await source.close();
  });

  test("has names that every table takes there and back", async () => {
    const source = await openWeights(await openFiles(path!), { format: "safetensors" });
    const isBase = ![...source.tensors.keys()].some((name) => name.startsWith(BASE));
    const isGrouped = [...source.tensors.values()].some(
      ({ name, shape }) => /r\.0\.output\.dense\.weight$/.test(name) && shape.length === 3,
    );
    const rename = encoderName(source);
    const tables: readonly [NameTable, (name: string) => string | undefined][] = [
      [tensorflowNames(isBase), (name) => name],
      [encoderNames(isGrouped), rename],
    ];
    for (const [table, own] of tables) {
      const stored = new Set<string>();
      for (const { name: original, shape } of source.tensors.values()) {
        const name = own(original);
        if (name === undefined) continue;
        const places = table.stored({ name, shape });
        expect([name, places?.length]).toEqual([name, 1]);
        const [place] = places!;
        expect(stored.has(place!.name)).toBe(false);
        stored.add(place!.name);
        const back = table.canonical(place!);
        expect(back).toMatchObject({ name, shape });
        // One permutation undoes the other.
        const axes = place!.axes ?? place!.shape.map((__, i) => i);
        expect((back!.axes ?? axes.map((__, i) => i)).map((axis) => axes[axis])).toEqual(axes.map((__, i) => i));
      }
      expect(stored.size).toBeGreaterThan(20);
    }
    await source.close();
  });
});
