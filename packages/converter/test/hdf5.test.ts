import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readKerasWeights } from "../src/formats/tensorflow/read.js";
import { fixture, fixturePath } from "./support.js";

const NORM = "convbert/embeddings/LayerNorm";
const range = (count: number, value: (i: number) => number) => Array.from({ length: count }, (_, i) => value(i));
/** What make_hdf5.py puts into each file. */
const WEIGHTS: Readonly<Record<string, readonly [shape: readonly number[], values: readonly number[]]>> = {
  "convbert/embeddings/word_embeddings/weight:0": [[4, 3], range(12, (i) => i / 8)],
  [`${NORM}/gamma:0`]: [[3], [-1, 0, 1]],
  [`${NORM}/beta:0`]: [[3], [0.5, -2, 3]],
  "convbert/encoder/layer_._0/attention/self/query/kernel:0": [[3, 2], range(6, (i) => i)],
};

const open = (name: string) => readKerasWeights(fixture(`hdf5/${name}.h5`));

describe("Keras weights in a file of HDF5's own library are read:", () => {
  test.each([
    ["earliest", "F32"],
    ["v108", "F32"],
    ["v110", "F32"],
    ["latest", "F32"],
    ["user-block", "F32"],
    ["variable-text", "F32"],
    ["variable-text-latest", "F32"],
    ["chunked-names", "F32"],
    ["compact", "F32"],
    ["compact-latest", "F32"],
    ["detours", "F32"],
    ["detours-latest", "F32"],
    ["tracked", "F32"],
    ["inner-whole", "F32"],
    ["float16", "F16"],
    ["float64", "F64"],
  ])("%s", async (name, dtype) => {
    const reader = await open(name);
    expect([...reader.tensors.keys()]).toEqual(Object.keys(WEIGHTS));
    for (const [weight, [shape, values]] of Object.entries(WEIGHTS)) {
      expect(reader.tensors.get(weight)).toMatchObject({ dtype, shape });
      expect(Array.from((await reader.read(weight)) as Float32Array)).toEqual(values);
      const streamed: number[] = [];
      await reader.stream(weight, (_, chunk) => void streamed.push(...chunk));
      expect(streamed).toEqual(values);
    }
    expect(reader.metadata).toMatchObject({ backend: "tensorflow", keras_version: "2.14.0" });
  });

  test("without values", async () => {
    const reader = await open("empty");
    expect(await reader.read("convbert/embeddings/word_embeddings/weight:0")).toHaveLength(0);
  });

  test("of 24 layers, whose names take several attributes and whose groups several nodes", async () => {
    const reader = await readKerasWeights(gunzipSync(readFileSync(fixturePath("hdf5/deep.h5.gz"))));
    const layers = new Set([...reader.tensors.keys()].flatMap((name) => /layer_\._(\d+)/.exec(name)?.[1] ?? []));
    expect(layers.size).toBe(24);
    expect(reader.tensors.size).toBe(24 * 23 + 9);
    for (const name of reader.tensors.keys()) await reader.read(name);
  });
});

describe("what is valid and not read is refused by name:", () => {
  test.each([
    ["big-endian", /big-endian 32-bit floats/],
    ["chunked", /chunked storage/],
    ["gzip", /compressed or filtered data/],
    ["shared-type", /a shared type/],
    ["dense-attributes", /an object whose attributes are in a heap/],
    ["dense-links", /a group whose links are in a heap/],
    ["complex", /compound/],
    ["external", /data in other files/],
  ])("%s", async (name, message) => {
    await expect(open(name)).rejects.toMatchObject({ name: "WeightsError", code: "unsupported" });
    await expect(open(name)).rejects.toThrow(message);
  });
});
