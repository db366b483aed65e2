import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namedTensor, openWeights, type TypedArray, tensorsOf, writeSafetensors } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CheckpointError, ConvBertModel } from "../src/index.js";

/** Wide enough for 8 bits, with every layout: grouped feed-forward, a projection of the embeddings. */
const CONFIG = {
  vocab_size: 200,
  hidden_size: 256,
  embedding_size: 72,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 384,
  num_groups: 2,
  max_position_embeddings: 80,
  pad_token_id: 0,
  initializer_range: 0.1,
};
const IDS = [
  [5, 17, 2, 199, 30],
  [8, 1, 2, 3, 4],
];
const INT8 = ["word_embeddings", "query", "key.", "value", "conv_out", "pointwise.weight", "dense.weight", "project"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-int8-"));
});
afterAll(() => rm(folder, { recursive: true }));

const weights = async (place: string) => openWeights(await openFiles(place));
const config = async (place: string) => JSON.parse(await readFile(join(place, "config.json"), "utf8"));

describe.each([
  ["reference", 8],
  ["wasm", 8],
  ["wasm", 7],
] as const)("int8 checkpoints on the %s backend, activations of %i bits", (name, activationBits) => {
  /** What it runs on, and a folder's name for it. */
  const on = { backend: name, activationBits };
  const prefix = `${name}-${activationBits}`;
  const make = () => ConvBertModel.fromConfig(CONFIG, { ...on, seed: 7 });
  const outputs = async (model: ConvBertModel) => (await model.forward({ input_ids: IDS })).last_hidden_state.data;

  it("load as what was saved, bit for bit, whichever way the weights became int8", async () => {
    using float = await make();
    const [asFloat, asInt8, again] = ["float", "int8", "again"].map((name) => join(folder, `${prefix}-${name}`));
    await float.savePretrained(asFloat!);
    await float.savePretrained(asInt8!, { dtype: "int8" });
    using quantised = await ConvBertModel.fromPretrained(asFloat!, { ...on, dtype: "int8" });
    using loaded = await ConvBertModel.fromPretrained(asInt8!, on);
    expect([float.dtype, quantised.dtype, loaded.dtype]).toEqual(["float32", "int8", "int8"]);
    expect(loaded.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    const expected = await outputs(quantised);
    expect(await outputs(loaded)).toEqual(expected);
    expect(expected).not.toEqual(await outputs(float));

    await loaded.savePretrained(again!);
    expect(await readFile(join(again!, "model.safetensors"))).toEqual(
      await readFile(join(asInt8!, "model.safetensors")),
    );
    using reloaded = await ConvBertModel.fromPretrained(again!, on);
    expect(await outputs(reloaded)).toEqual(expected);
  });

  it("load as float32 too: the numbers that the integers stand for", async () => {
    using int8 = await ConvBertModel.fromConfig(CONFIG, { ...on, seed: 7, dtype: "int8" });
    const [place, plain] = ["8", "8-plain"].map((name) => join(folder, `${prefix}-${name}`));
    await int8.savePretrained(place!);
    await int8.savePretrained(plain!, { dtype: "float32" });
    using float = await ConvBertModel.fromPretrained(place!, { ...on, dtype: "float32" });
    expect(float.dtype).toBe("float32");
    for (const { name, read } of int8.parameters()) {
      expect(float.parameter(name)!.read(), name).toEqual(read());
    }
    using fromFloats = await ConvBertModel.fromPretrained(plain!, on);
    expect(await outputs(float)).toEqual(await outputs(fromFloats));
    expect((await config(place!)).quantization_config).toMatchObject({ quant_method: "convbert-int8", bits: 8 });
    expect(await config(plain!)).not.toHaveProperty("quantization_config");
    await float.savePretrained(place!);
    expect(await config(place!)).not.toHaveProperty("quantization_config");
  });

  it("hold the large weights under their names, each with scales that broadcast to it", async () => {
    using model = await make();
    const place = join(folder, `${prefix}-names`);
    await model.savePretrained(place, { dtype: "int8", maxShardSize: "300KB" });
    const reader = await weights(place);
    let checked = 0;
    for (const { name, shape, read } of model.parameters()) {
      const { dtype } = reader.tensors.get(name)!;
      expect(dtype, name).toBe(
        INT8.some((part) => name.includes(part)) && name.endsWith("weight") && shape.length > 1 ? "I8" : "F32",
      );
      if (dtype === "F32") continue;
      const { shape: scaleShape } = reader.tensors.get(`${name}_scale`)!;
      expect(scaleShape.length).toBe(shape.length);
      const [values, scales] = (await Promise.all([reader.read(name), reader.read(`${name}_scale`)])) as [
        Int8Array,
        Float32Array,
      ];
      const whole = read();
      const strides = scaleShape.map((extent, axis) =>
        extent === 1 ? 0 : scaleShape.slice(axis + 1).reduce((product, next) => product * next, 1),
      );
      for (let i = 0; i < values.length; i++) {
        let rest = i;
        let at = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          at += (rest % shape[axis]!) * strides[axis]!;
          rest = Math.floor(rest / shape[axis]!);
        }
        if (!(Math.abs(values[i]! * scales[at]! - whole[i]!) <= scales[at]! * 0.501)) {
          expect.fail(`${name}[${i}]: ${values[i]} * ${scales[at]} for ${whole[i]}`);
        }
      }
      checked++;
    }
    expect(checked).toBe(2 + 2 * 8);
    await reader.close();
    using loaded = await ConvBertModel.fromPretrained(place, on);
    expect(loaded.dtype).toBe("int8");
  });

  it("survive pruned heads, resized embeddings and PyTorch files", async () => {
    using model = await make();
    model.pruneHeads({ 0: [0] });
    model.resizeTokenEmbeddings(213, { seed: 1 });
    const [safetensors, pytorch] = ["pruned", "pruned-pt"].map((name) => join(folder, `${prefix}-${name}`));
    await model.savePretrained(safetensors!, { dtype: "int8" });
    await model.savePretrained(pytorch!, { dtype: "int8", format: "pytorch" });
    using first = await ConvBertModel.fromPretrained(safetensors!, on);
    using second = await ConvBertModel.fromPretrained(pytorch!, on);
    const expected = await outputs(first);
    expect(await outputs(second)).toEqual(expected);
    const exact = await outputs(model);
    const error = Math.max(...exact.map((value, i) => Math.abs(value - expected[i]!)));
    // A step of 7 bits is twice as large, and so is what rounding to it costs.
    expect(error).toBeLessThan(activationBits === 7 ? 0.4 : 0.2);
    first.pruneHeads({ 1: [1] });
    first.resizeTokenEmbeddings(250);
    expect((await outputs(first)).every(Number.isFinite)).toBe(true);
  });

  it("take a quarter of the file, 16-bit ones half", async () => {
    using model = await ConvBertModel.fromConfig(
      { ...CONFIG, vocab_size: 4000, hidden_size: 384, embedding_size: 384, intermediate_size: 1536, num_groups: 1 },
      { ...on, seed: 1 },
    );
    const size = async (dtype: "float32" | "float16" | "bfloat16" | "int8") => {
      const place = join(folder, `${prefix}-size-${dtype}`);
      await model.savePretrained(place, { dtype });
      return (await stat(join(place, "model.safetensors"))).size;
    };
    const whole = await size("float32");
    expect((await size("float16")) / whole).toBeCloseTo(0.5, 2);
    expect((await size("bfloat16")) / whole).toBeCloseTo(0.5, 2);
    expect((await size("int8")) / whole).toBeLessThan(0.27);
  });

  it("refuse integers that have no scales, or the wrong number of them", async () => {
    using model = await make();
    const place = join(folder, `${prefix}-damaged`);
    await model.savePretrained(place, { dtype: "int8" });
    const name = "encoder.layer.0.attention.self.query.weight";
    const load = async (change: (scales: TypedArray) => TypedArray | null) => {
      const reader = await weights(place);
      const scales = change(await reader.read(`${name}_scale`));
      const kept = tensorsOf(reader).filter((tensor) => tensor.name !== `${name}_scale`);
      const tensors = [...kept, ...(scales ? [namedTensor(`${name}_scale`, scales, [scales.length, 1])] : [])];
      const chunks: Uint8Array[] = [];
      for await (const chunk of writeSafetensors(tensors)) chunks.push(chunk.slice());
      await reader.close();
      const files = { "config.json": JSON.stringify(await config(place)), "model.safetensors": Buffer.concat(chunks) };
      return ConvBertModel.fromPretrained(files, on);
    };
    await expect(load(() => null)).rejects.toThrow(CheckpointError);
    await expect(load(() => null)).rejects.toThrow(/query\.weight holds 8-bit integers, and there are no scales/);
    await expect(load((scales) => scales.slice(1))).rejects.toThrow(/127 scales, and .* has 128 output channels/);
    using unchanged = await load((scales) => scales);
    expect(unchanged.dtype).toBe("int8");
  });
});
