import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadModel, MODEL_CLASSES, type ModelName } from "@convbert/heads";
import { ConvBertConfig, ConvBertModel } from "@convbert/model";
import { ACTIVATION_NAMES } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import { goldenModels } from "../../heads/test/fixtures.js";
import { buildGraph } from "../src/graph/build.js";
import type { Node } from "../src/graph/model-proto.js";
import {
  exportOnnx,
  ONNX_MODEL_CLASSES,
  OnnxConvBertForMaskedLM,
  OnnxConvBertModel,
  type OnnxExportOptions,
  onnxFiles,
} from "../src/index.js";
import { signedProductsOverflow } from "../src/saturation.js";
import { fieldOf, recordedCases, relativeDifference } from "./cases.js";
import { RUNTIMES } from "./runtimes.js";

const runtime = RUNTIMES["onnxruntime-node"];

/** Exports a model and opens what was written as a folder that has nothing else. */
async function exported(model: Parameters<typeof exportOnnx>[0], options: OnnxExportOptions = {}) {
  const files = new Map<string, Blob>();
  await exportOnnx(model, files, options);
  return Object.fromEntries(files);
}

/** The nodes of a graph and of its branches. */
function allNodes(nodes: readonly Node[]): readonly Node[] {
  const branches = (node: Node) =>
    Object.values(node.attributes).flatMap((value) => ("graph" in value ? allNodes(value.graph.nodes) : []));
  return nodes.flatMap((node) => [node, ...branches(node)]);
}

/** A model whose products are large enough for 8 bits. */
function larger(changes: object = {}, Model: typeof ConvBertModel = ConvBertModel): Promise<ConvBertModel> {
  const sizes = { hidden_size: 256, embedding_size: 128, num_attention_heads: 4, intermediate_size: 512 };
  return Model.fromConfig(
    { ...sizes, num_hidden_layers: 3, vocab_size: 700, initializer_range: 0.1, ...changes },
    { seed: 3 },
  );
}

const input_ids = Array.from({ length: 2 }, (_, row) =>
  Array.from({ length: 40 }, (_, i) => 5 + ((row * 97 + i * 31) % 600)),
);

describe.each(["fused", "standard"] as const)("an exported %s graph", (operators) => {
  it.each(goldenModels())("equals the reference on padded and other cases of $variant/$head", async (golden) => {
    const { folder, head } = golden;
    using model = await loadModel(folder);
    const source = await exported(model, { operators });
    const Model = ONNX_MODEL_CLASSES[head as ModelName] as typeof OnnxConvBertModel;
    using onnx = await Model.fromPretrained(source, { runtime });
    let compared = 0;
    for (const { name, inputs, outputs } of await recordedCases(folder)) {
      // Not in every graph: they are further inputs.
      if (["position_ids", "head_mask", "inputs_embeds"].some((argument) => argument in inputs)) continue;
      if (
        fieldOf({ mask: inputs["attention_mask"] }, "mask")?.shape.length === 3 &&
        head !== "ConvBertForMultipleChoice"
      )
        continue;
      const result = await onnx.forward(inputs as never);
      for (const [field, expected] of Object.entries(outputs)) {
        if (/^(hidden_states|attentions)\./.test(field)) continue;
        expect(relativeDifference(fieldOf(result, field)!, expected), `${name}/${field}`).toBeLessThanOrEqual(1e-5);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(1);
  });

  it.each(ACTIVATION_NAMES)("computes %s as our engine does", async (hidden_act) => {
    using model = await ConvBertModel.fromConfig(
      {
        hidden_size: 16,
        embedding_size: 16,
        num_attention_heads: 4,
        intermediate_size: 32,
        num_hidden_layers: 2,
        vocab_size: 50,
        initializer_range: 0.6,
        hidden_act,
      },
      { seed: 1 },
    );
    using onnx = await OnnxConvBertModel.fromPretrained(await exported(model, { operators }), { runtime });
    const inputs = { input_ids: [[4, 5, 6, 7, 8, 9]] };
    const [actual, expected] = [await onnx.forward(inputs), await model.forward(inputs)];
    expect(relativeDifference(actual.last_hidden_state, expected.last_hidden_state)).toBeLessThan(1e-5);
  });

  it("has one operator for a product and its bias, and no slow one", async () => {
    using model = await larger();
    const { nodes } = buildGraph(model, { operators, floats: "float32", integers: null });
    const types = nodes.map(({ type }) => type);
    // The last: ONNX Runtime's own takes eight times as long on processors as LayerNormalization of a sum.
    expect(types.filter((type) => ["SkipLayerNormalization", "BiasGelu", "FusedMatMul"].includes(type))).toEqual([]);
    // Query to convolution, pointwise, kernel, output, and two of the feed-forward block.
    expect(types.filter((type) => type === "Gemm")).toHaveLength(3 * 6 + 1);
    // The dynamic convolution's, and where attention is no operator of its own, scores and context.
    const perLayer = operators === "fused" ? 1 : 3;
    expect(types.filter((type) => type === "MatMul")).toHaveLength(3 * perLayer);
  });

  it("has the names of optimum's files, inputs and outputs, and a configuration beside it", async () => {
    for (const { folder, head } of goldenModels()) {
      using model = await loadModel(folder);
      const files = await exported(model, { operators });
      expect(Object.keys(files)).toEqual(["config.json", "onnx/model.onnx"]);
      expect(JSON.parse(await files["config.json"]!.text())).toMatchObject({
        model_type: "convbert",
        architectures: [head],
      });
      const node = await import("onnxruntime-node");
      const session = await node.InferenceSession.create(new Uint8Array(await files["onnx/model.onnx"]!.arrayBuffer()));
      expect(session.inputNames).toEqual(["input_ids", "attention_mask", "token_type_ids"]);
      const outputs = {
        ConvBertModel: ["last_hidden_state"],
        ConvBertForQuestionAnswering: ["start_logits", "end_logits"],
      };
      expect(session.outputNames).toEqual(outputs[head as keyof typeof outputs] ?? ["logits"]);
      await session.release();
    }
  });

  it("takes and gives more on request", async () => {
    using model = await larger();
    const graph = buildGraph(
      model,
      { operators, floats: "float32", integers: null },
      {
        positionIds: true,
        inputsEmbeds: true,
        headMask: true,
        hiddenStates: true,
        attentions: true,
        kernels: true,
      },
    );
    expect(graph.inputs.map(({ name }) => name)).toEqual([
      "inputs_embeds",
      "attention_mask",
      "token_type_ids",
      "position_ids",
      "head_mask",
    ]);
    expect(graph.outputs.map(({ name }) => name)).toEqual([
      "last_hidden_state",
      ...[0, 1, 2, 3].map((i) => `hidden_states.${i}`),
      ...[0, 1, 2].map((i) => `attentions.${i}`),
      ...[0, 1, 2].map((i) => `kernels.${i}`),
    ]);
  });

  it("hides what comes later from a decoder", async () => {
    using model = await larger({ is_decoder: true });
    using onnx = await OnnxConvBertModel.fromPretrained(await exported(model, { operators }), { runtime });
    const inputs = {
      input_ids,
      attention_mask: input_ids.map((ids, row) => ids.map((_, i) => (row === 1 && i > 30 ? 0 : 1))),
    };
    const { config } = onnx;
    expect(config.is_decoder).toBe(true);
    using own = await OnnxConvBertModel.fromPretrained(await checkpoint(model), { runtime });
    const expected = (await model.forward(inputs)).last_hidden_state;
    expect(relativeDifference((await own.forward(inputs)).last_hidden_state, expected)).toBeLessThan(1e-5);
    const node = await import("onnxruntime-node");
    const bytes = new Uint8Array(await (await exported(model, { operators }))["onnx/model.onnx"]!.arrayBuffer());
    const session = await node.InferenceSession.create(bytes);
    const ints = (rows: number[][]) => new node.Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [2, 40]);
    const { last_hidden_state: actual } = await session.run({
      input_ids: ints(input_ids),
      attention_mask: ints(inputs.attention_mask),
      token_type_ids: ints(input_ids.map((ids) => ids.map(() => 0))),
    });
    expect(relativeDifference({ shape: actual!.dims, data: actual!.data as Float32Array }, expected)).toBeLessThan(
      1e-5,
    );
    await session.release();
  });

  it.each([1, 15, 16, 17, 33])("computes sequences of %d tokens, whose convolution goes by blocks", async (length) => {
    for (const conv_kernel_size of [1, 3, 9]) {
      using model = await larger({ num_hidden_layers: 1, conv_kernel_size });
      using onnx = await OnnxConvBertModel.fromPretrained(await exported(model, { operators }), { runtime });
      const inputs = { input_ids: input_ids.map((ids) => ids.slice(0, length)) };
      const [actual, expected] = [await onnx.forward(inputs), await model.forward(inputs)];
      expect(relativeDifference(actual.last_hidden_state, expected.last_hidden_state)).toBeLessThan(1e-5);
    }
  });

  it("computes a model with pruned heads", async () => {
    using model = await larger({ num_attention_heads: 8 });
    model.pruneHeads({ 0: [1, 2], 2: [0] });
    using onnx = await OnnxConvBertModel.fromPretrained(await exported(model, { operators }), { runtime });
    const [actual, expected] = [await onnx.forward({ input_ids }), await model.forward({ input_ids })];
    expect(relativeDifference(actual.last_hidden_state, expected.last_hidden_state)).toBeLessThan(1e-5);
  });

  it("makes padding invisible where it is asked to", async () => {
    using model = await larger();
    const node = await import("onnxruntime-node");
    const files = await exported(model, { operators, padding: "isolated" });
    const session = await node.InferenceSession.create(new Uint8Array(await files["onnx/model.onnx"]!.arrayBuffer()));
    const ints = (values: number[]) => new node.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
    const short = [5, 6, 7, 8, 9, 10];
    const run = async (ids: number[]) => {
      const mask = ids.map((_, index) => (index < short.length ? 1 : 0));
      const { last_hidden_state: output } = await session.run({
        input_ids: ints(ids),
        attention_mask: ints(mask),
        token_type_ids: ints(ids.map(() => 0)),
      });
      return { shape: [short.length, 256], data: (output!.data as Float32Array).slice(0, short.length * 256) };
    };
    expect(relativeDifference(await run([...short, 60, 61, 62, 63]), await run(short))).toBeLessThan(1e-5);
    await session.release();
  });
});

/** What the model saves. */
async function checkpoint(model: ConvBertModel): Promise<Record<string, Blob>> {
  const files = new Map<string, Blob>();
  await model.savePretrained(files);
  return Object.fromEntries(files);
}

/** Norm of the difference relative to the norm. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

describe.each(["fused", "standard"] as const)("weights of fewer bits in a %s graph", (operators) => {
  it.each([
    ["float16", 5e-3],
    ["uint8", 0.05],
  ] as const)("%s stays within %d of float32", async (dtype, bound) => {
    using model = await larger();
    const files = await exported(model, { operators, dtype });
    const name = { float16: "onnx/model_fp16.onnx", uint8: "onnx/model_quantized.onnx" }[dtype];
    expect(Object.keys(files)).toEqual(["config.json", name]);
    const part = { float16: 0.55, uint8: 0.35 }[dtype];
    expect(files[name]!.size).toBeLessThan(part * (await exported(model))["onnx/model.onnx"]!.size);
    const expected = (await model.forward({ input_ids })).last_hidden_state.data;
    for (const [title, each] of Object.entries(RUNTIMES)) {
      using onnx = await OnnxConvBertModel.fromPretrained(files, {
        runtime: each,
        dtype: dtype === "uint8" ? "int8" : dtype,
      });
      const error = relativeError((await onnx.forward({ input_ids })).last_hidden_state.data, expected);
      expect(error, title).toBeGreaterThan(0);
      expect(error, title).toBeLessThan(bound);
    }
  });

  it("has a tied decoder on the same 8-bit table", async () => {
    using model = await larger({}, MODEL_CLASSES.ConvBertForMaskedLM as never);
    const files = await exported(model, { operators, dtype: "uint8" });
    using onnx = await OnnxConvBertForMaskedLM.fromPretrained(files, { runtime, dtype: "int8" });
    const expected = (await model.forward({ input_ids })) as unknown as { logits: { data: Float32Array } };
    expect(relativeError((await onnx.forward({ input_ids })).logits.data, expected.logits.data)).toBeLessThan(0.05);
  });
});

describe("own sessions", () => {
  it.each(Object.entries(RUNTIMES))("know whether signed products overflow in %s", async (_name, each) => {
    const overflows = await signedProductsOverflow(each, {});
    // Whatever the machine, with the option they do not.
    expect(await signedProductsOverflow(each, { extra: { session: { x64quantprecision: "1" } } })).toBe(false);
    expect(typeof overflows).toBe("boolean");
  });

  it.each(["float16", "int8"] as const)("run %s on either runtime", async (dtype) => {
    using model = await larger();
    const source = await checkpoint(model);
    const expected = (await model.forward({ input_ids })).last_hidden_state.data;
    for (const [title, each] of Object.entries(RUNTIMES)) {
      using onnx = await OnnxConvBertModel.fromPretrained(source, { runtime: each, dtype });
      const error = relativeError((await onnx.forward({ input_ids })).last_hidden_state.data, expected);
      expect(error, title).toBeLessThan(dtype === "int8" ? 0.05 : 5e-3);
    }
  });
});

describe("a mask", () => {
  it("is added in a fused graph only where something is hidden", async () => {
    using model = await larger();
    for (const masks of ["attention_mask", "bias", "none"] as const) {
      const { nodes } = buildGraph(model, { operators: "fused", floats: "float32", integers: null }, { masks });
      const choices = nodes.filter(({ type }) => type === "If");
      expect(choices).toHaveLength(masks === "none" ? 0 : 3);
      for (const { attributes } of choices) {
        const inputs = Object.values(attributes).map(
          (value) => "graph" in value && value.graph.nodes[0]!.inputs.length,
        );
        expect(inputs).toEqual([3, 6]);
      }
    }
    const source = await exported(model);
    using onnx = await OnnxConvBertModel.fromPretrained(source, { runtime });
    const hiding = input_ids.map((ids, row) => ids.map((_, i) => Number(row === 0 || i < 25)));
    for (const attention_mask of [hiding, input_ids.map((ids) => ids.map(() => 1))]) {
      const expected = (await model.forward({ input_ids, attention_mask })).last_hidden_state;
      const actual = (await onnx.forward({ input_ids, attention_mask })).last_hidden_state;
      expect(relativeDifference(actual, expected)).toBeLessThan(1e-5);
    }
  });
});

describe("weights beside the graph", () => {
  it("are a file of their own, which the folder runs with", async () => {
    using model = await larger();
    const files = await exported(model, { externalData: true });
    expect(Object.keys(files)).toEqual(["config.json", "onnx/model.onnx", "onnx/model.onnx_data"]);
    expect(files["onnx/model.onnx"]!.size).toBeLessThan(200_000);
    const folder = mkdtempSync(join(tmpdir(), "convbert-onnx-"));
    try {
      await exportOnnx(model, folder, { externalData: true });
      expect(readdirSync(join(folder, "onnx")).sort()).toEqual(["model.onnx", "model.onnx_data"]);
      using onnx = await OnnxConvBertModel.fromPretrained(folder, { runtime });
      const [actual, expected] = [await onnx.forward({ input_ids }), await model.forward({ input_ids })];
      expect(relativeDifference(actual.last_hidden_state, expected.last_hidden_state)).toBeLessThan(1e-5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are refused options that there are not", async () => {
    using model = await larger();
    expect(() => onnxFiles(model, { dtype: "int4" as never })).toThrow(/int4.*is none of float32/);
    expect(() => onnxFiles(model, { operators: "mine" as never })).toThrow(/is none of fused, standard/);
    expect(() => onnxFiles({ modelName: "Bert", config: new ConvBertConfig(), parameter: () => undefined })).toThrow(
      /Bert is none of/,
    );
  });
});

describe("WebGPU", () => {
  /** The operators that the installed runtime's own table says its provider has. */
  function supported(): Set<string> {
    const entry = createRequire(import.meta.url).resolve("onnxruntime-web");
    const table = readFileSync(join(dirname(entry), "../docs/webgpu-operators.md"), "utf8");
    return new Set([...table.matchAll(/^\| (\w+) \|/gm)].map((match) => match[1]!));
  }

  it.each(Object.keys(MODEL_CLASSES))("has every operator of the fused graph of %s", async (name) => {
    const known = supported();
    expect(known.size).toBeGreaterThan(60);
    for (const floats of ["float32", "float16"] as const) {
      using model = await larger({}, MODEL_CLASSES[name as ModelName] as never);
      const graph = buildGraph(model, { operators: "fused", floats, integers: null });
      const types = allNodes(graph.nodes).map(({ type }) => type);
      expect(types).toContain("MultiHeadAttention");
      const missing = new Set(types.filter((type) => !known.has(type)));
      expect([...missing]).toEqual([]);
    }
  });
});
