import { openWeights, type WeightsReader } from "@convbert/converter";
import { WEIGHTS_KEY } from "@convbert/converter/formats/internal";
import { openFiles } from "@convbert/files";
import { type AnyConvBert, loadModel, MODEL_CLASSES } from "@convbert/heads";
import { ConvBertModel } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { goldenModels } from "../../heads/test/fixtures.js";
import { asHalf } from "../src/graph/weights.js";
import { exportOnnx, type OnnxExportOptions } from "../src/index.js";

/** A folder with a model's graph, its configuration, and nothing else. */
async function graphFolder(model: AnyConvBert, options: OnnxExportOptions): Promise<Record<string, Blob>> {
  const files = new Map<string, Blob>();
  await exportOnnx(model, files, options);
  return Object.fromEntries(files);
}

async function openGraph(model: AnyConvBert, options: OnnxExportOptions): Promise<WeightsReader> {
  const files = await openFiles(await graphFolder(model, options));
  return await openWeights(files, options.dtype === "float16" ? { variant: "fp16" } : {});
}

const bits = (values: unknown) => {
  const { buffer, byteOffset, byteLength } = values as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
};

/** Everything that a model saves, bit by bit, and nothing else. */
async function expectParameters(reader: WeightsReader, model: AnyConvBert): Promise<void> {
  const parameters = [...model.parameters()].filter(({ tiedTo }) => tiedTo === undefined);
  expect([...reader.tensors.keys()].sort()).toEqual(parameters.map(({ name }) => name).sort());
  for (const { name, shape, read } of parameters) {
    expect(reader.tensors.get(name), name).toMatchObject({ shape, dtype: "F32" });
    const expected = bits(read());
    expect(bits(await reader.read(name)).equals(expected), name).toBe(true);
    const pieces: Uint8Array[] = [];
    for await (const piece of reader.bytes(name)) pieces.push(piece.slice());
    expect(Buffer.concat(pieces).equals(expected), name).toBe(true);
  }
}

/** The same in float16, to the nearest. */
async function expectHalves(reader: WeightsReader, model: AnyConvBert): Promise<void> {
  for (const { name, shape, read, tiedTo } of model.parameters()) {
    if (tiedTo !== undefined) continue;
    expect(reader.tensors.get(name), name).toMatchObject({ shape, dtype: "F16" });
    const pieces: Uint8Array[] = [];
    for await (const piece of reader.bytes(name)) pieces.push(piece.slice());
    expect(Buffer.concat(pieces).equals(bits(asHalf(read()))), name).toBe(true);
  }
}

async function expectRoundTrip(model: AnyConvBert, options: OnnxExportOptions): Promise<void> {
  for (const externalData of [false, true]) {
    const whole = await openGraph(model, { ...options, externalData });
    await expectParameters(whole, model);
    await whole.close();
    const half = await openGraph(model, { ...options, externalData, dtype: "float16" });
    await expectHalves(half, model);
    await half.close();
  }
}

const sizes = { hidden_size: 32, embedding_size: 32, num_attention_heads: 8, intermediate_size: 64 };
const VARIANTS: Readonly<Record<string, object>> = {
  plain: {},
  grouped: { num_groups: 4 },
  projected: { embedding_size: 16 },
  untied: { tie_word_embeddings: false },
  "other sizes": { conv_kernel_size: 3, head_ratio: 4 },
  "bare summary": { summary_use_proj: false, summary_type: "mean" },
};

describe.each(["fused", "standard"] as const)("a %s graph gives its weights back bit for bit:", (operators) => {
  it.each(goldenModels())("those of $variant/$head", async ({ folder }) => {
    using model = await loadModel(folder);
    await expectRoundTrip(model, { operators });
  });

  describe.each(Object.entries(MODEL_CLASSES))("%s", (_, Model) => {
    it.each(Object.keys(VARIANTS))("%s", async (variant) => {
      const config = { ...sizes, num_hidden_layers: 2, vocab_size: 50, initializer_range: 0.5, ...VARIANTS[variant] };
      using model = (await (Model as typeof ConvBertModel).fromConfig(config, { seed: 5 })) as AnyConvBert;
      await expectRoundTrip(model, { operators });
    });
  });

  it("pruned heads, whose queries the convolution still has", async () => {
    using model = await ConvBertModel.fromConfig({ ...sizes, num_hidden_layers: 2, vocab_size: 50 }, { seed: 5 });
    model.pruneHeads({ 0: [1, 2], 1: [0] });
    await expectRoundTrip(model, { operators });
  });
});

describe("a folder that has only a graph", () => {
  it("is loaded as the model that it was made from", async () => {
    const [golden] = goldenModels().filter(({ head }) => head === "ConvBertForMaskedLM");
    using model = await loadModel(golden!.folder);
    using back = await loadModel(await graphFolder(model, {}));
    expect(back.modelName).toBe("ConvBertForMaskedLM");
    for (const { name, read } of model.parameters()) {
      expect(bits(back.parameter(name)!.read()).equals(bits(read())), name).toBe(true);
    }
  });

  it.each(["int8", "uint8"] as const)("of %s is refused by name", async (dtype) => {
    using model = await ConvBertModel.fromConfig({ ...sizes, num_hidden_layers: 1, vocab_size: 50 }, { seed: 5 });
    const [[, graph]] = Object.entries(await graphFolder(model, { dtype })).filter(([name]) =>
      name.endsWith(".onnx"),
    ) as [[string, Blob]];
    const bytes = new Uint8Array(await graph.arrayBuffer());
    expect(Buffer.from(bytes).includes(WEIGHTS_KEY)).toBe(false);
    await expect(openWeights(await openFiles({ "model.onnx": bytes }))).rejects.toThrow(/its weights have 8 bits/);
  });
});
