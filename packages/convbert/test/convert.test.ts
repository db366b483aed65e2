import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openWeights } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { ConvBertForMaskedLM } from "@convbert/heads";
import { ConvBertModel } from "@convbert/model";
import { pipeline } from "@convbert/pipelines";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convbert } from "./terminal.js";

const chunking = fileURLToPath(new URL("../../models/chunking", import.meta.url));
const TEXT = "The quick brown fox jumps over the lazy dog in New York.";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-convert-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(model: string, ...flags: string[]): Promise<unknown> {
  const { json, stderr } = await convbert(["run", "token-classification", "--json", "--model", model, TEXT, ...flags]);
  expect(stderr).toBe("");
  return json;
}

async function dtypes(model: string): Promise<Record<string, number>> {
  const reader = await openWeights(await openFiles(model));
  const counts: Record<string, number> = {};
  for (const { dtype } of reader.tensors.values()) counts[dtype] = (counts[dtype] ?? 0) + 1;
  await reader.close();
  return counts;
}

const config = async (model: string) => JSON.parse(await readFile(join(model, "config.json"), "utf8"));

describe("convert", () => {
  test("to int8: a quarter of float32, answers as an int8 model does; and back to float32", async () => {
    const [int8, float] = ["int8", "float"].map((name) => join(folder, name));
    const { code, json, stderr } = await convbert(["convert", chunking, int8!, "--dtype", "int8", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [{ destination, files }] = json as [{ destination: string; files: { file: string; bytes: number }[] }];
    expect(destination).toBe(int8);
    expect(files.map(({ file }) => file).sort()).toEqual((await readdir(int8!)).sort());
    for (const { file, bytes } of files) expect((await stat(join(int8!, file))).size).toBe(bytes);
    expect(await run(int8!)).toEqual(await run(chunking, "--dtype", "int8"));
    expect((await config(int8!)).quantization_config.quant_method).toBe("convbert-int8");

    expect((await convbert(["convert", int8!, float!, "--dtype", "float32"])).code).toBe(0);
    expect(Object.keys(await dtypes(float!))).toEqual(["F32"]);
    expect(await config(float!)).not.toHaveProperty("quantization_config");
    const size = async (model: string) => (await stat(join(model, "model.safetensors"))).size;
    expect((await size(int8!)) / (await size(float!))).toBeLessThan(0.3);
  });

  test("to another float type and format, tensor by tensor", async () => {
    const [pytorch, safetensors] = ["pytorch", "safetensors"].map((name) => join(folder, name));
    expect((await convbert(["convert", chunking, pytorch!, "--to", "pytorch", "--dtype", "float32"])).code).toBe(0);
    expect(Object.keys(await dtypes(pytorch!))).toEqual(["F32"]);
    const { code, stdout } = await convbert(["convert", pytorch!, safetensors!, "--dtype", "bfloat16"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^config\.json {2}\d.*\nmodel\.safetensors {2}[\d.]+ MB\n/);
    expect(Object.keys(await dtypes(safetensors!))).toEqual(["BF16"]);
    expect((await config(safetensors!)).torch_dtype).toBe("bfloat16");
    // The given weights have 8 bits and a scale: widened they are the numbers that float32 computes with.
    expect(await run(pytorch!)).toEqual(await run(chunking, "--dtype", "float32"));
    await access(join(safetensors!, "vocab.txt"));
  });

  test("takes along what makes a text's vector", async () => {
    const source = fileURLToPath(new URL("../../pipelines/test/fixtures/sentences/dense", import.meta.url));
    const half = join(folder, "sentences");
    expect((await convbert(["convert", source, half, "--dtype", "float16"])).code).toBe(0);
    const vector = async (model: string) => {
      using extract = await pipeline("feature-extraction", model);
      return [...(await extract("a good book")).data];
    };
    const expected = await vector(source);
    expect(expected).toHaveLength(7);
    for (const [i, value] of (await vector(half)).entries()) expect(value).toBeCloseTo(expected[i]!, 2);
    expect(await readFile(join(half, "2_Dense", "model.safetensors"))).toEqual(
      await readFile(join(source, "2_Dense", "model.safetensors")),
    );
  });

  test.each([
    [[], "model_quantized.onnx"],
    [["--dtype", "float32"], "model.onnx"],
    [["--dtype", "float16"], "model_fp16.onnx"],
  ])("to an ONNX graph with %j", async (flags, name) => {
    const graph = join(folder, `graph-${name}`);
    const { code, stderr } = await convbert(["convert", chunking, graph, "--to", "onnx", ...flags]);
    expect(stderr).not.toContain("Error");
    expect(code).toBe(0);
    expect(await readdir(join(graph, "onnx"))).toEqual([name]);
    expect(await readdir(graph)).toEqual(
      expect.arrayContaining(["config.json", "tokenizer.json", "tokenizer_config.json"]),
    );
  });

  test("to an ONNX graph of floats and back: the same weights, bit for bit", async () => {
    const [float, graph, back] = ["there", "there-onnx", "there-back"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const args of [
      [chunking, float, "--dtype", "float32"],
      [float, graph, "--to", "onnx", "--dtype", "float32"],
      [graph, back, "--to", "safetensors"],
    ]) {
      expect((await convbert(["convert", ...args])).code).toBe(0);
    }
    const [source, result] = await Promise.all([float, back].map(async (place) => openWeights(await openFiles(place))));
    expect(result!.format).toBe("safetensors");
    expect([...result!.tensors.keys()].sort()).toEqual([...source!.tensors.keys()].sort());
    for (const [name, { dtype, shape }] of source!.tensors) {
      expect(result!.tensors.get(name)).toMatchObject({ dtype, shape });
      const [left, right] = (await Promise.all([source!.read(name), result!.read(name)])) as Float32Array[];
      const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
      expect(bytes(right!).equals(bytes(left!)), name).toBe(true);
    }
    await source!.close();
    await result!.close();
  });

  test("in shards", async () => {
    const shards = join(folder, "shards");
    const { code } = await convbert(["convert", chunking, shards, "--dtype", "int8", "--max-shard-size", "2MB"]);
    expect(code).toBe(0);
    expect((await readdir(shards)).filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(1);
    expect(await run(shards)).toEqual(await run(chunking, "--dtype", "int8"));
  });

  test.each([
    [["--to", "onnx", "--dtype", "bfloat16"], /float32, float16 or int8/],
    [["--to", "onnx", "--max-shard-size", "1MB"], /in one file/],
    [["--to", "tensorflow"], /tensorflow has no weights of 8 bits; give --dtype float32/],
    [["--to", "tensorflow-safetensors", "--dtype", "int8"], /has no weights of 8 bits/],
    [["--to", "tf1"], /tf1 has no weights of 8 bits; give --dtype float32/],
    [
      ["--to", "tf1", "--dtype", "float32"],
      /holds the encoder alone and has no place for classifier\.weight, classifier\.bias: .*--encoder-only/,
    ],
    [["--generator"], /no weights: none of model\.ckpt\.index/],
    [["--to", "gguf"], /There is no such format/],
    [["--dtype", "int4"], /int4/],
    [["--max-shard-size", "large"], /large/],
    [["--dtype", "int8", "--head", "ConvBertForMaskedLM"], /lacks \d+ weights of ConvBertForMaskedLM.*--head/],
  ])("refuses %j", async (flags, message) => {
    const { code, stderr, stdout } = await convbert(["convert", chunking, join(folder, "refused"), ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("TensorFlow's files answer as the model that they were made of", async () => {
    const folders = ["tensorflow", "tensorflow-safetensors"].map((name) => join(folder, name));
    for (const [i, to] of ["tensorflow", "tensorflow-safetensors"].entries()) {
      const { code, stderr } = await convbert(["convert", chunking, folders[i]!, "--to", to, "--dtype", "float32"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await run(folders[i]!)).toEqual(await run(chunking, "--dtype", "float32"));
    }
  });

  test("the encoder goes to a TensorFlow 1 checkpoint and comes back bit for bit", async () => {
    const [tf1, back, encoder] = ["tf1", "back", "encoder"].map((name) => join(folder, name));
    const encoderOnly = ["--encoder-only", "--dtype", "float32"];
    expect(await convbert(["convert", chunking, tf1!, "--to", "tf1", ...encoderOnly])).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect((await readdir(tf1!)).filter((name) => /ckpt|checkpoint/.test(name))).toHaveLength(3);
    expect((await config(tf1!)).architectures).toEqual(["ConvBertModel"]);
    expect(await convbert(["convert", tf1!, back!])).toMatchObject({ code: 0, stderr: "" });
    expect((await convbert(["convert", chunking, encoder!, ...encoderOnly])).code).toBe(0);
    const read = (path: string) => readFile(join(path, "model.safetensors"));
    const [mine, theirs] = await Promise.all([
      openWeights(await openFiles(back!)),
      openWeights(await openFiles(encoder!)),
    ]);
    expect([...mine.tensors.keys()].sort()).toEqual([...theirs.tensors.keys()].sort());
    for (const name of theirs.tensors.keys()) expect(await mine.read(name)).toEqual(await theirs.read(name));
    expect((await read(back!)).length).toBe((await read(encoder!)).length);
    await Promise.all([mine.close(), theirs.close()]);
  });

  const checkpoint = (name: string) =>
    fileURLToPath(new URL(`../../converter/test/fixtures/tf1/${name}`, import.meta.url));

  test("a checkpoint of pretraining without config.json becomes a model that loads", async () => {
    const encoder = join(folder, "pretrained");
    const { code, stderr, json } = await convbert(["convert", checkpoint("generator"), encoder, "--json"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: \d+ variables beside the weights are left out, as discriminator_predictions\/dense\/kernel\n$/,
    );
    expect((json as [{ unused: string[] }])[0].unused).toContain("global_step");
    using model = await ConvBertModel.fromPretrained(encoder, { onWarning: (text) => expect(text).toBe("") });
    expect(model.config).toMatchObject({
      hidden_size: 8,
      num_attention_heads: 2,
      conv_kernel_size: 3,
      num_hidden_layers: 2,
    });
    // As it is, too.
    using same = await ConvBertModel.fromPretrained(checkpoint("generator"), {
      onWarning: (text) => expect(text).toBe(""),
    });
    const output = async (which: ConvBertModel) =>
      (await which.forward({ input_ids: [[1, 2, 3]] })).last_hidden_state.data;
    expect(await output(same)).toEqual(await output(model));
  });

  test("its generator becomes a masked language model", async () => {
    const generator = join(folder, "generator");
    const { code } = await convbert(["convert", checkpoint("generator"), generator, "--generator"]);
    expect(code).toBe(0);
    using model = await ConvBertForMaskedLM.fromPretrained(generator, { onWarning: (text) => expect(text).toBe("") });
    expect(model.config).toMatchObject({
      architectures: ["ConvBertForMaskedLM"],
      hidden_size: 4,
      intermediate_size: 6,
    });
    expect(model.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    const int8 = await convbert([
      "convert",
      checkpoint("generator"),
      join(folder, "no"),
      "--generator",
      "--dtype",
      "int8",
    ]);
    expect(int8).toMatchObject({ code: 2, stderr: expect.stringContaining("take the generator as it is") });
  });

  test("inspect says which formats a folder has, and where they disagree", async () => {
    const all = join(folder, "all");
    expect((await convbert(["convert", chunking, all, "--dtype", "float32"])).code).toBe(0);
    const files: readonly [file: string, ...flags: string[]][] = [
      ["pytorch_model.bin", "--to", "pytorch", "--dtype", "bfloat16"],
      ["tf_model.h5", "--to", "tensorflow", "--dtype", "float32"],
      ["model.ckpt.index", "--to", "tf1", "--encoder-only", "--dtype", "float32"],
    ];
    for (const [file, ...flags] of files) {
      const one = join(folder, `one-${file}`);
      expect((await convbert(["convert", chunking, one, ...flags])).code).toBe(0);
      for (const name of await readdir(one))
        if (/^(py|tf_|model\.ckpt)/.test(name)) await copyFile(join(one, name), join(all, name));
    }
    const inspect = async () => (await convbert(["inspect", all, "--json"])).json as [{ formats: unknown[] }];
    const differences = [expect.stringMatching(/^\d+ with other values, by up to 0\.00\d+: \S+, \S+, \S+, \.\.\.$/)];
    const tf1 = { file: "model.ckpt.index", format: "TensorFlow 1 checkpoint" };
    expect((await inspect())[0].formats).toEqual([
      { file: "model.safetensors", format: "safetensors" },
      { file: "pytorch_model.bin", format: "PyTorch", differences },
      { file: "tf_model.h5", format: "TensorFlow" },
      tf1,
    ]);
    expect((await convbert(["inspect", all])).stdout).toMatch(/differs +\d+ with other values/);
    await rm(join(all, "model.ckpt.data-00000-of-00001"));
    const cut = { ...tf1, differences: [expect.stringContaining("model.ckpt.data-00000-of-00001")] };
    expect((await inspect())[0].formats.at(-1)).toEqual(cut);
  });

  test("writes over nothing, unless --overwrite asks for it", async () => {
    const used = join(folder, "used");
    await mkdir(used);
    const files = {
      "README.md": "mine",
      "model-00001-of-00002.safetensors": "x",
      "config.json": "{}",
      "notes.txt": "n",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(used, name), text);
    for (const flags of [[], ["--dtype", "int8"], ["--to", "pytorch", "--dtype", "float32"]]) {
      const { code, stderr } = await convbert(["convert", chunking, used, ...flags]);
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("used is not empty, it has") });
      expect((await readdir(used)).sort()).toEqual(Object.keys(files).sort());
      for (const [name, text] of Object.entries(files)) expect(await readFile(join(used, name), "utf8")).toBe(text);
    }
    expect(await convbert(["convert", chunking, used, "--overwrite"])).toMatchObject({ code: 0 });
    expect(await readFile(join(used, "notes.txt"), "utf8")).toBe("n");
    expect(await run(used)).toEqual(await run(chunking));
    const file = await convbert(["convert", chunking, join(used, "notes.txt")]);
    expect(file).toMatchObject({ code: 2, stderr: expect.stringContaining("is a file, not a folder") });
  });

  test("that fails leaves no folder", async () => {
    for (const flags of [
      ["--dtype", "int8", "--head", "ConvBertForMaskedLM"],
      ["--dtype", "float32", "--head", "ConvBertForMaskedLM"],
    ]) {
      const { code } = await convbert(["convert", chunking, join(folder, "new", "deep"), ...flags]);
      expect(code).toBe(2);
      expect(await readdir(folder)).not.toContain("new");
    }
    const interrupted = AbortSignal.abort(new Error("enough"));
    await convbert(["convert", chunking, join(folder, "new", "deep"), "--dtype", "int8"], { signal: interrupted });
    expect(await readdir(folder)).not.toContain("new");
  });

  test("takes along what belongs with the weights", async () => {
    const sentences = fileURLToPath(new URL("../../models/sentence-encoder", import.meta.url));
    const taken = join(folder, "taken");
    expect(await convbert(["convert", sentences, taken, "--to", "pytorch"])).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["vocab.txt", "README.md", "LICENSE", "modules.json", "1_Pooling/config.json"]) {
      expect(await readFile(join(taken, name))).toEqual(await readFile(join(sentences, name)));
    }
    await writeFile(join(taken, "modules.json"), '[{ "path": "../sentence-encoder" }]');
    const { code, stderr } = await convbert(["convert", taken, join(folder, "led"), "--to", "safetensors"]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("it leaves its folder") });
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(await readdir(folder)).not.toContain("led");
  });

  test("refuses to write over its source", async () => {
    const { code, stderr } = await convbert(["convert", chunking, `${chunking}/`, "--dtype", "int8"]);
    expect(code).toBe(2);
    expect(stderr).toContain("is the source itself");
  });
});
