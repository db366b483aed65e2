import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { WEIGHTS_KEY } from "../src/formats/onnx/graph.js";
import { readOnnx } from "../src/formats/onnx/read.js";
import { findWeights, openWeights, readSafetensors, type WeightsReader } from "../src/index.js";
import { ProtoWriter } from "../src/protobuf/writer.js";
import { type Constant, floats, graph } from "./onnx-build.js";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const fixture = (name: string) => new Uint8Array(gunzipSync(readFileSync(at(`fixtures/onnx/${name}.gz`))));
const checkpoint = (folder: string) =>
  readSafetensors(new Uint8Array(readFileSync(at(`../../heads/test/fixtures/models/${folder}/model.safetensors`))));

const ENCODER = "silu-one-layer/ConvBertModel";
const MASKED_LM = "odd-sizes/ConvBertForMaskedLM";

/** Every weight of the checkpoint, bit by bit. */
async function expectWeights(reader: WeightsReader, expected: WeightsReader): Promise<void> {
  for (const [name, { shape }] of expected.tensors) {
    expect(reader.tensors.get(name)?.shape, name).toEqual(shape);
    expect(await reader.read(name), name).toEqual(await expected.read(name));
  }
  expect(reader.tensors.size).toBeGreaterThanOrEqual(expected.tensors.size);
}

describe("weights of an ONNX graph", () => {
  test.each([
    ["encoder-torchscript", ENCODER],
    ["encoder-dynamo", ENCODER],
    ["masked-lm-torchscript", MASKED_LM],
    ["masked-lm-dynamo", MASKED_LM],
  ])("%s come home under the names that they had", async (name, folder) => {
    const reader = await readOnnx(fixture(`${name}.onnx`));
    expect(reader.format).toBe("onnx");
    await expectWeights(reader, await checkpoint(folder));
    await reader.close();
  });

  test("are found and opened in a folder, beside the graph too", async () => {
    const inside = { "onnx/model.onnx": fixture("encoder-dynamo.onnx") };
    const outside = {
      "onnx/model.onnx": fixture("external.onnx"),
      "onnx/torchscript.onnx_data": fixture("external.onnx_data"),
    };
    for (const contents of [inside, outside]) {
      const files = await openFiles(contents);
      expect(await findWeights(files)).toEqual([{ format: "onnx", title: "ONNX", file: "onnx/model.onnx" }]);
      const reader = await openWeights(files);
      await expectWeights(reader, await checkpoint(ENCODER));
      let streamed = 0;
      await reader.stream("encoder.layer.0.output.dense.weight", (_, values) => {
        streamed += values.length;
      });
      expect(streamed).toBe(reader.tensors.get("encoder.layer.0.output.dense.weight")!.byteLength / 4);
      await reader.close();
    }
  });

  test("are told by the bias behind the product, whichever side it stands on, and by Gemm's own", async () => {
    const constants: Constant[] = [
      { name: "onnx::MatMul_1", shape: [2, 3], bytes: floats(1, 2, 3, 4, 5, 6) },
      { name: "val_2", shape: [2, 1], bytes: floats(7, 8) },
      { name: "val_3", shape: [1, 2], bytes: floats(9, 10) },
      { name: "a.bias", shape: [3], bytes: floats(0, 0, 0) },
      { name: "b.bias", shape: [1], bytes: floats(0) },
      { name: "half.weight", type: 10, shape: [1], bytes: new Uint8Array(Uint16Array.of(0x3c00).buffer) },
    ];
    const reader = await readOnnx(
      graph(constants, [
        ["Identity", ["b.bias"], ["c.bias"]],
        ["MatMul", ["x", "onnx::MatMul_1"], ["y"]],
        ["Add", ["a.bias", "y"], ["z"]],
        ["Gemm", ["z", "val_2", "b.bias"], ["w"]],
        ["MatMul", ["w", "val_3"], ["v"]],
        ["Add", ["v", "c.bias"], ["u"]],
      ]),
    );
    expect(await reader.read("a.weight")).toEqual(Float32Array.of(1, 4, 2, 5, 3, 6));
    expect(reader.tensors.get("b.weight")).toMatchObject({ shape: [1, 2] });
    expect(await reader.read("c.weight")).toEqual(Float32Array.of(9, 10));
    expect(reader.tensors.get("c.weight")).toMatchObject({ shape: [2, 1] });
    expect(await reader.read("c.bias")).toEqual(Float32Array.of(0));
    expect(await reader.read("half.weight")).toEqual(Float32Array.of(1));
  });

  const weight = { name: "a.weight", shape: [1], bytes: floats(1) };
  test.each<[string, Uint8Array, RegExp]>([
    ["8-bit operators", graph([weight], [["DynamicQuantizeLinear", ["x"], ["y"]]]), /8 bits \(DynamicQuantizeLinear\)/],
    ["8-bit weights", graph([{ name: "q", type: 3, shape: [1, 2], bytes: Uint8Array.of(1, 2) }]), /8 bits \(q\)/],
    ["weights that were joined", graph([{ ...weight, name: "a.query+key.weight" }]), /joins several weights/],
    ["no weights", graph([{ ...weight, name: "constant_1" }]), /no names of weights/],
    ["no graph", new ProtoWriter().integer(1, 8).finish(), /no graph in it/],
    ["an empty file", new Uint8Array(), /no graph in it/],
    ["an unknown type", graph([{ ...weight, type: 99 }]), /ONNX type 99/],
    ["a name twice", graph([weight, weight]), /two constants/],
    ["too few values", graph([{ ...weight, shape: [2] }]), /takes 8 bytes, and has 4/],
    ["a shape past all numbers", graph([{ ...weight, shape: [2 ** 31, 2 ** 31] }]), /impossible shape/],
    [
      "a length that lies",
      graph([{ name: "a.weight", shape: [1], entries: { location: "d", length: "9" } }]),
      /4 bytes/,
    ],
    [
      "an offset that lies",
      graph([{ name: "a.weight", shape: [1], entries: { location: "d", offset: "-1" } }]),
      /at -1/,
    ],
  ])("are refused: %s", async (_what, bytes, message) => {
    await expect(readOnnx(bytes)).rejects.toThrow(message);
    await expect(readOnnx(bytes)).rejects.toMatchObject({ name: "WeightsError" });
  });

  test.each(["../secret", "/etc/passwd", "C:\\secret", "a/b"])("are not read from %s", async (location) => {
    const files = await openFiles({
      "model.onnx": graph([{ name: "a.weight", shape: [1], entries: { location } }]),
    });
    await expect(openWeights(files)).rejects.toMatchObject({ name: "WeightsError", code: "unsupported" });
  });

  test("beside the graph have to be there, and long enough", async () => {
    const whole = graph([{ name: "a.weight", shape: [2], entries: { location: "data" } }]);
    await expect(openWeights(await openFiles({ "model.onnx": whole }))).rejects.toMatchObject({ name: "FilesError" });
    const short = await openFiles({ "model.onnx": whole, data: floats(1) });
    await expect(openWeights(short)).rejects.toThrow(/takes 8 bytes at 0, and "data" has 4/);
    await expect(readOnnx(whole)).rejects.toThrow(/given alone/);
  });

  test("are no endless search where names go around in a circle", async () => {
    const bytes = graph(
      [{ name: "a.weight", shape: [1], bytes: floats(1) }],
      [
        ["Identity", ["b.weight"], ["c.weight"]],
        ["Identity", ["c.weight"], ["b.weight"]],
      ],
    );
    expect([...(await readOnnx(bytes)).tensors.keys()]).toEqual(["a.weight"]);
  });
});

describe("a graph's own table of weights", () => {
  const constants: Constant[] = [
    { name: "joined", shape: [2, 3], bytes: floats(1, 2, 3, 4, 5, 6) },
    { name: "second", shape: [2, 3], bytes: floats(7, 8, 9, 10, 11, 12) },
    { name: "flat", shape: [3], bytes: floats(13, 14, 15) },
    { name: "half", type: 10, shape: [1], bytes: new Uint8Array(2) },
    { name: "whole", type: 7, shape: [1], bytes: new Uint8Array(8) },
  ];
  const open = (table: unknown) =>
    readOnnx(
      graph(
        constants,
        [],
        [
          ["other", "x"],
          [WEIGHTS_KEY, typeof table === "string" ? table : JSON.stringify(table)],
        ],
      ),
    );

  test("says where each lies", async () => {
    const reader = await open({
      a: { shape: [2, 2, 1], of: ["joined"], columns: [1, 3], transposed: true },
      b: { shape: [2], of: ["joined"], columns: [0, 1] },
      c: { shape: [1, 1, 2], of: ["flat"], columns: [1, 3] },
      d: { shape: [2, 3], of: ["second"] },
      ["__proto__"]: { shape: [1], of: ["half"] },
    });
    expect(await reader.read("a")).toEqual(Float32Array.of(2, 5, 3, 6));
    expect(reader.tensors.get("a")).toMatchObject({ shape: [2, 2, 1], byteLength: 16, dtype: "F32" });
    expect(await reader.read("b")).toEqual(Float32Array.of(1, 4));
    expect(await reader.read("c")).toEqual(Float32Array.of(14, 15));
    expect(await reader.read("d")).toEqual(Float32Array.of(7, 8, 9, 10, 11, 12));
    const several = await open({ a: { shape: [2, 2, 3], of: ["second", "joined"] } });
    expect(await several.read("a")).toEqual(Float32Array.of(7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6));
    expect(several.unused).toEqual([]);
  });

  const joined = { shape: [6], of: ["joined"] };
  test.each<[string, unknown, RegExp]>([
    ["no JSON", "{", /no JSON/],
    ["deep lists", "[".repeat(100_000), /no JSON/],
    ["a list", [], /no object/],
    ["nothing", {}, /names no weights/],
    ["an entry of null", { a: null }, /"a" has no object/],
    ["another field", { a: { ...joined, rows: [0, 1] } }, /unknown field "rows"/],
    ["no shape", { a: { of: ["joined"] } }, /no shape/],
    ["a negative extent", { a: { ...joined, shape: [-2, -3] } }, /no shape/],
    ["an extent of zero", { a: { ...joined, shape: [0] } }, /no shape/],
    ["a shape of texts", { a: { ...joined, shape: ["6"] } }, /no shape/],
    ["another shape", { a: { ...joined, shape: [7] } }, /shape \[7\], and 6 elements/],
    ["a shape past all numbers", { a: { ...joined, shape: [2 ** 52, 2 ** 52, 2 ** 52] } }, /and 6 elements/],
    ["no initializers", { a: { shape: [6], of: [] } }, /names no initializers/],
    ["an object for a name", { a: { shape: [6], of: [{ toString: 1, valueOf: 1 }] } }, /without a name/],
    ["an unknown initializer", { a: { shape: [6], of: ["nobody"] } }, /"nobody", which the graph does not have/],
    ["whole numbers", { a: { shape: [1], of: ["whole"] } }, /no floats/],
    ["two types", { a: { shape: [4], of: ["flat", "half"] } }, /several types/],
    ["columns beyond the end", { a: { ...joined, columns: [1, 4] } }, /columns 1 to 4 of "joined"'s 3/],
    ["columns from the end", { a: { ...joined, columns: [2, 2] } }, /columns 2 to 2/],
    ["three columns", { a: { ...joined, columns: [0, 1, 2] } }, /no two columns/],
    ["neither way", { a: { ...joined, transposed: "yes" } }, /neither way/],
    ["the same twice", { a: joined, b: joined }, /column 0 of "joined" is in two weights/],
    ["a part twice", { a: { shape: [12], of: ["joined", "joined"] } }, /is in two weights/],
    [
      "ranges that overlap",
      { a: { shape: [2, 2], of: ["joined"], columns: [1, 3] }, b: { shape: [2, 2], of: ["joined"], columns: [0, 2] } },
      /column 1 of "joined" is in two weights/,
    ],
    ["a long name", { ["x".repeat(100_000)]: null }, /has no object/],
  ])("is refused with %s", async (_what, table, message) => {
    const error = await open(table).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "WeightsError", code: "format" });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.length).toBeLessThan(600);
  });

  test("is refused where there are two, or one of no end", async () => {
    const table = JSON.stringify({ a: joined });
    const twice = graph(
      constants,
      [],
      [
        [WEIGHTS_KEY, table],
        [WEIGHTS_KEY, table],
      ],
    );
    await expect(readOnnx(twice)).rejects.toThrow(/two entries are called convbert.weights/);
    await expect(open(" ".repeat(2 ** 23 + 1))).rejects.toThrow(/has 8388609 bytes/);
  });
});
