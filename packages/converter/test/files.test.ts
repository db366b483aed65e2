import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  namedTensor,
  openWeights,
  readPyTorch,
  saveModelFiles,
  tensorsOf,
  type WeightFilesOptions,
  WeightsError,
  weightFiles,
} from "@convbert/converter";
import { parseSize } from "@convbert/converter/internal";
import { type FileSet, openFiles, type Progress } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { collect, fixture, fixtureJson, fixturePath, numbers, streamed } from "./support.js";

const original = () => readPyTorch(fixture("model/pytorch_model.bin"));

/** The files of a save, as contents in memory. */
async function saved(options: WeightFilesOptions) {
  const { files, isStale } = await weightFiles(tensorsOf(await original()), options);
  const contents: Record<string, Uint8Array | string> = {};
  for (const [name, pieces] of files) contents[name] = typeof pieces === "string" ? pieces : await collect(pieces);
  return { contents, isStale };
}

interface Index {
  readonly metadata: { readonly total_size: number };
  readonly weight_map: Readonly<Record<string, string>>;
}

describe("a save", () => {
  test.each(["8KB", "8KiB"])("in shards of %s is split as the reference splits it", async (maxShardSize) => {
    const expected = fixtureJson<Record<string, Index>>("model/shards.json")[maxShardSize]!;
    const { contents } = await saved({ format: "pytorch", maxShardSize });
    expect(JSON.parse(contents["pytorch_model.bin.index.json"] as string)).toEqual(expected);
    const shards = new Set(Object.values(expected.weight_map));
    expect(new Set(Object.keys(contents))).toEqual(new Set([...shards, "pytorch_model.bin.index.json"]));
  });

  test.each(["safetensors", "pytorch"] as const)("as sharded %s reads like the whole file", async (format) => {
    const whole = await original();
    const { contents } = await saved({ format, maxShardSize: 9000 });
    const reader = await openWeights(await openFiles(contents));
    expect(reader.format).toBe(format);
    const names = [...whole.tensors.values()]
      .filter((info) => format === "pytorch" || !info.tiedTo)
      .map(({ name }) => name);
    expect([...reader.tensors.keys()].sort()).toEqual(names.sort());
    for (const name of names) {
      expect(numbers(await reader.read(name))).toEqual(numbers(await whole.read(name)));
      expect(await collect(reader.bytes(name))).toEqual(await collect(whole.bytes(name)));
    }
    expect(await streamed(reader, names[0]!)).toEqual(await streamed(whole, names[0]!));
    expect(Number(reader.metadata["total_size"])).toBeGreaterThan(10_000);
    await expect(reader.read("absent")).rejects.toMatchObject({ code: "missing" });
    await reader.close();
  });

  test("in one file has the reference's name and bytes", async () => {
    const { contents } = await saved({});
    expect(Object.keys(contents)).toEqual(["model.safetensors"]);
    expect(contents["model.safetensors"]).toEqual(fixture("model/model.safetensors"));
    expect(Object.keys((await saved({ format: "pytorch" })).contents)).toEqual(["pytorch_model.bin"]);
  });

  test("of a model is config.json and weights, alone of their kind in the folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convbert-converter-"));
    try {
      const config = { hidden_size: 4, toJSON: () => ({ hidden_size: 8 }) };
      const seen: string[] = [];
      for (const [format, maxShardSize] of [
        ["safetensors", 9000],
        ["pytorch", "1GB"],
        ["safetensors", "1GB"],
      ] as const) {
        const onProgress = ({ file, status }: Progress) => status === "done" && seen.push(`${format} ${file}`);
        const tensors = tensorsOf(await original());
        await saveModelFiles(folder, config, tensors, { format, maxShardSize, onProgress });
      }
      expect(await readFile(join(folder, "config.json"), "utf8")).toBe('{\n  "hidden_size": 8\n}\n');
      expect((await readdir(folder)).sort()).toEqual(["config.json", "model.safetensors", "pytorch_model.bin"]);
      expect(new Uint8Array(await readFile(join(folder, "model.safetensors")))).toEqual(
        fixture("model/model.safetensors"),
      );
      expect(seen.filter((line) => line.startsWith("pytorch"))).toEqual([
        "pytorch config.json",
        "pytorch pytorch_model.bin",
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("knows which files of an earlier one are in its way", async () => {
    const names = [
      "model.safetensors",
      "model.safetensors.index.json",
      "model-00001-of-00002.safetensors",
      "pytorch_model.bin",
      "pytorch_model.bin.index.json",
      "pytorch_model-00001-of-00002.bin",
      "config.json",
      "model-00001.safetensors",
    ];
    const stale = async (options: WeightFilesOptions) => names.filter((await saved(options)).isStale);
    expect(await stale({})).toEqual(["model.safetensors.index.json", "model-00001-of-00002.safetensors"]);
    expect(await stale({ format: "pytorch" })).toEqual([
      "model.safetensors",
      "model.safetensors.index.json",
      "model-00001-of-00002.safetensors",
      "pytorch_model.bin.index.json",
      "pytorch_model-00001-of-00002.bin",
    ]);
  });

  test("takes sizes as the reference writes them", () => {
    expect(["10GB", "1GiB", "5mb", "5MB", "3KiB", "8Kb"].map(parseSize)).toEqual([
      1e10,
      2 ** 30,
      625_000,
      5e6,
      3072,
      1000,
    ]);
    expect(parseSize(123)).toBe(123);
    for (const size of ["10", "GB", "-1GB", "1TB", "0KB", 0, -1, Number.NaN]) {
      expect(() => parseSize(size)).toThrow(WeightsError);
    }
  });
});

describe("opening", () => {
  test("takes the first format in the reference's order", async () => {
    const { contents: safe } = await saved({});
    const { contents: safeShards } = await saved({ maxShardSize: 9000 });
    const { contents: torch } = await saved({ format: "pytorch" });
    const { contents: torchShards } = await saved({ format: "pytorch", maxShardSize: 9000 });
    const all = { ...torchShards, ...torch, ...safeShards, ...safe };
    const opened: string[] = [];
    for (const first of [
      "model.safetensors",
      "model.safetensors.index.json",
      "pytorch_model.bin",
      "pytorch_model.bin.index.json",
    ]) {
      const set = await openFiles(all);
      const spy: FileSet = {
        ...set,
        async open(name) {
          opened.push(name);
          return set.open(name);
        },
      };
      const reader = await openWeights(spy);
      expect(reader.tensors.size).toBeGreaterThan(50);
      delete (all as Record<string, unknown>)[first];
    }
    expect(opened[0]).toBe("model.safetensors");
    expect(opened[1]).toMatch(/^model-00001-of-\d+\.safetensors$/);
    expect(opened).toContain("pytorch_model.bin");
    expect(opened.at(-1)).toMatch(/^pytorch_model-\d+-of-\d+\.bin$/);
    await expect(openWeights(await openFiles(all))).rejects.toMatchObject({ name: "WeightsError", code: "missing" });
  });

  test("can be told which format and variant to take", async () => {
    const { contents: safe } = await saved({});
    const { contents: torch } = await saved({ format: "pytorch" });
    const both = await openFiles({ ...safe, ...torch });
    expect((await openWeights(both, { useSafetensors: true })).format).toBe("safetensors");
    expect((await openWeights(both, { useSafetensors: false })).format).toBe("pytorch");
    await expect(openWeights(await openFiles(torch), { useSafetensors: true })).rejects.toMatchObject({
      code: "missing",
    });
    const half = await openFiles({ ...torch, "model.fp16.safetensors": safe["model.safetensors"]! });
    expect((await openWeights(half, { variant: "fp16" })).format).toBe("safetensors");
    await expect(openWeights(half, { variant: "bf16" })).rejects.toThrow(/model\.bf16\.safetensors/);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(openWeights(both, { signal })).rejects.toThrow("enough");
  });

  test("reads a folder on disk", async () => {
    const reader = await openWeights(await openFiles(fixturePath("model")));
    expect([reader.format, { ...reader.metadata }]).toEqual(["safetensors", { format: "pt" }]);
    await reader.close();
  });

  test.each<[string, Record<string, string>, RegExp]>([
    [
      "TensorFlow weights",
      { "flax_model.msgpack": "", "config.json": "{}" },
      /found config\.json, flax_model\.msgpack.*Flax weights/,
    ],
    [
      "original checkpoints",
      { "model.ckpt-1.index": "", "model.ckpt-2.index": "" },
      /several TensorFlow 1 checkpoints/,
    ],
    ["nothing", {}, /found no files/],
    ["a vocabulary of another kind", { "vocab.json": "{}", "merges.txt": "" }, /found merges\.txt, vocab\.json/],
  ])("says what a folder with %s is", async (_, contents, message) => {
    const error = await openWeights(await openFiles(contents)).catch((caught) => caught);
    expect(error).toMatchObject({ name: "WeightsError", code: "missing" });
    expect(error.message).toMatch(message);
  });

  test("looks for well-known names where a place cannot be listed", async () => {
    const set = await openFiles({ "flax_model.msgpack": "", "config.json": "{}" });
    const { list: _, ...unlisted } = set;
    await expect(openWeights(unlisted)).rejects.toThrow(/found config\.json, flax_model\.msgpack/);
    const failing: FileSet = { ...set, list: () => Promise.reject(new Error("no list")) };
    await expect(openWeights(failing)).rejects.toThrow(/found config\.json, flax_model\.msgpack/);
  });

  test("closes the file again when it is damaged", async () => {
    const set = await openFiles({ "model.safetensors": "version https://git-lfs.github.com/spec/v1" });
    let closed = 0;
    const spy: FileSet = {
      ...set,
      async open(name) {
        const file = await set.open(name);
        return { ...file, close: async () => void closed++ };
      },
    };
    await expect(openWeights(spy)).rejects.toThrow(/git lfs pull/);
    expect(closed).toBe(1);
  });
});

describe("a damaged index", () => {
  const index = (value: unknown) => ({
    "model.safetensors.index.json": typeof value === "string" ? value : JSON.stringify(value),
  });
  test.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /not valid JSON/],
    ["null", "null", /no weight_map/],
    ["no map", {}, /no weight_map/],
    ["an empty map", { weight_map: {} }, /empty/],
    ["a number for a file", { weight_map: { a: 1 } }, /a has no file name/],
    ["a shard outside the folder", { weight_map: { a: "../../etc/passwd" } }, /refusing the file name/],
    ["a shard that is not there", { weight_map: { a: "model-00001-of-00001.safetensors" } }, /not among the files/],
  ])("with %s is refused", async (_, value, message) => {
    const files = await openFiles({ ...index(value), "kinds.safetensors": fixture("kinds.safetensors") });
    await expect(openWeights(files)).rejects.toThrow(message);
  });
});

describe("shards", () => {
  const shard = async (values: Record<string, number>) => {
    const tensors = Object.entries(values).map(([name, value]) => namedTensor(name, Float32Array.of(value), [1]));
    return collect((await weightFiles(tensors)).files.get("model.safetensors") as AsyncIterable<Uint8Array>);
  };

  // What transformers 4.34 does with such folders: shards are loaded whole, in the order of their names.
  test("are composed as by the reference, whatever the index says is in which", async () => {
    const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const files = await openFiles({
      [first]: await shard({ "in.both": 1, "in.wrong": 2, "not.listed": 3 }),
      [second]: await shard({ "in.both": 10, "in.second": 4 }),
      "model.safetensors.index.json": JSON.stringify({
        metadata: { total_size: 20, deep: [[[1]]] },
        weight_map: { "in.second": second, "in.wrong": second, "in.both": first, "in.none": first },
      }),
    });
    const reader = await openWeights(files);
    const values: Record<string, number> = {};
    for (const name of reader.tensors.keys()) values[name] = Number((await reader.read(name))[0]);
    expect(values).toEqual({ "in.both": 10, "in.wrong": 2, "not.listed": 3, "in.second": 4 });
    expect(reader.metadata).toEqual({ format: "pt", total_size: "20" });
    await reader.close();
  });

  test("may have an index of many levels", async () => {
    const text = `{"metadata":${"[".repeat(100_000)}${"]".repeat(100_000)},"weight_map":{"a":"model-1.safetensors"}}`;
    const files = await openFiles({
      "model.safetensors.index.json": text,
      "model-1.safetensors": await shard({ a: 1 }),
    });
    expect([...(await openWeights(files)).tensors.keys()]).toEqual(["a"]);
  });
});

describe("copies", () => {
  test("change floats alone, and names", async () => {
    const tensors = [
      namedTensor("weight", Float64Array.of(1 / 3, 1e300), [2]),
      namedTensor("steps", BigInt64Array.of(7n), [1]),
      namedTensor("mask", Uint8Array.of(1, 0), [2], "BOOL"),
      namedTensor("half", Float32Array.of(0.1, 2), [2], "F16"),
    ];
    const { files } = await weightFiles(tensors);
    const bytes = await collect(files.get("model.safetensors") as AsyncIterable<Uint8Array>);
    const reader = await openWeights(await openFiles({ "model.safetensors": bytes }));
    const copies = tensorsOf(reader, {
      floatDType: "BF16",
      rename: (name) => (name === "mask" ? undefined : `new.${name}`),
    });
    const again = await collect(
      (await weightFiles(copies)).files.get("model.safetensors") as AsyncIterable<Uint8Array>,
    );
    const result = await openWeights(await openFiles({ "model.safetensors": again }));
    const kinds = [...result.tensors.values()].map(({ name, dtype }) => [name, dtype]).sort();
    expect(kinds).toEqual([
      ["new.half", "BF16"],
      ["new.steps", "I64"],
      ["new.weight", "BF16"],
    ]);
    expect(numbers(await result.read("new.weight"))).toEqual([0.333984375, Number.POSITIVE_INFINITY]);
    expect(numbers(await result.read("new.steps"))).toEqual([7]);
  });

  test("know the type of every array", () => {
    const arrays = [
      new Float32Array(1),
      new Float64Array(1),
      new Int8Array(1),
      new Uint8Array(1),
      new Int16Array(1),
      new Uint16Array(1),
      new Int32Array(1),
      new Uint32Array(1),
      new BigInt64Array(1),
      new BigUint64Array(1),
    ];
    expect(arrays.map((values) => namedTensor("a", values, [1]).dtype)).toEqual([
      "F32",
      "F64",
      "I8",
      "U8",
      "I16",
      "U16",
      "I32",
      "U32",
      "I64",
      "U64",
    ]);
  });
});
