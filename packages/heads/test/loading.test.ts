import {
  type NamedTensor,
  namedTensor,
  openWeights,
  tensorsOf,
  type WeightsReader,
  weightFiles,
} from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { CheckpointError, ConvBertModel, type FromPretrainedOptions, MissingWeightsError } from "@convbert/model";
import { beforeAll, describe, expect, it } from "vitest";
import { ConvBertForSequenceClassification, ConvBertForTokenClassification, loadModel } from "../src/index.js";

const TINY = {
  vocab_size: 31,
  hidden_size: 16,
  embedding_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 10,
  pad_token_id: 0,
  conv_kernel_size: 3,
};

const quiet = { backend: "reference", onWarning: () => undefined } as const;
let base: Record<string, Blob>;
let tagger: Record<string, Blob>;

beforeAll(async () => {
  const save = async (Model: typeof ConvBertModel | typeof ConvBertForTokenClassification) => {
    using model = await (Model as typeof ConvBertModel).fromConfig(TINY, { backend: "reference", seed: 1 });
    const saved = new Map<string, Blob>();
    await model.savePretrained(saved);
    return Object.fromEntries(saved);
  };
  base = await save(ConvBertModel);
  tagger = await save(ConvBertForTokenClassification);
});

/** The checkpoint with other names; a tensor whose new name is null is left out. */
async function renamed(source: Record<string, Blob>, name: (old: string) => string | null) {
  const reader: WeightsReader = await openWeights(await openFiles(source));
  const tensors = [...tensorsOf(reader)].flatMap((tensor) => {
    const other = name(tensor.name);
    return other === null ? [] : [{ ...tensor, name: other }];
  });
  return { "config.json": source["config.json"]!, ...(await packed(tensors)) };
}

async function packed(tensors: readonly NamedTensor[]): Promise<Record<string, Blob>> {
  const parts: BlobPart[] = [];
  const { files } = await weightFiles(tensors);
  for await (const piece of files.get("model.safetensors") as AsyncIterable<Uint8Array>) {
    parts.push(piece.slice());
  }
  return { "model.safetensors": new Blob(parts) };
}

async function refusal(source: Record<string, Blob>, options: FromPretrainedOptions = {}): Promise<Error> {
  return ConvBertForTokenClassification.fromPretrained(source, { ...quiet, ...options }).then(
    () => expect.unreachable("it loaded"),
    (error: Error) => error,
  );
}

describe("a head that the checkpoint lacks", () => {
  it("is refused, by a message that says how to train one", async () => {
    const error = await refusal(base);
    expect(error).toBeInstanceOf(MissingWeightsError);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({
      model: "ConvBertForTokenClassification",
      missing: ["classifier.weight", "classifier.bias"],
      newHead: true,
    });
    expect(error.message).toContain("classifier.weight, classifier.bias are missing; it was saved from ConvBertModel");
    expect(error.message).toContain("`allowNewHead: true`");
    await expect(loadModel(base, { ...quiet, head: "ConvBertForMaskedLM" })).rejects.toThrow(MissingWeightsError);
  });

  it.each([{ allowNewHead: true }, { allowNewWeights: true }])("is drawn with %j, and reported", async (options) => {
    const warnings: string[] = [];
    using model = await ConvBertForTokenClassification.fromPretrained(base, {
      backend: "reference",
      ...options,
      onWarning: (text) => warnings.push(text),
    });
    expect(model.loadReport!.missing).toEqual(["classifier.weight", "classifier.bias"]);
    expect(warnings.join()).toContain("newly initialized: ['classifier.weight', 'classifier.bias']");
  });

  it("is refused where only a part of it is there", async () => {
    const half = await renamed(tagger, (name) => (name === "classifier.bias" ? null : name));
    expect(await refusal(half)).toMatchObject({ missing: ["classifier.bias"], newHead: true });
    const other = ConvBertForSequenceClassification.fromPretrained(tagger, quiet);
    await expect(other).rejects.toThrow(/classifier\.dense\.weight, .* and 1 more are missing/);
  });

  it("asks for both where the head has another shape and weights of it are missing", async () => {
    const half = await renamed(tagger, (name) => (name === "classifier.bias" ? null : name));
    const config = { num_labels: 5 };
    expect((await refusal(half, { config, allowNewHead: true })).message).toContain("size mismatch");
    using model = await ConvBertForTokenClassification.fromPretrained(half, {
      ...quiet,
      config,
      allowNewHead: true,
      ignoreMismatchedSizes: true,
    });
    expect(model.parameter("classifier.weight")!.shape).toEqual([5, 16]);
  });
});

describe("an encoder that the checkpoint lacks", () => {
  const plain = (name: string) => name.replace("convbert.", "");
  it.each<[string, (name: string) => string | null, RegExp]>([
    [
      "another architecture's prefix",
      (name) => name.replace("convbert.", "bert."),
      /bert\.embeddings.*another architecture/,
    ],
    [
      "TensorFlow's names",
      (name) => `tf_${name.replaceAll(".", "/")}:0`,
      /tf_convbert\/embeddings.*TensorFlow's names/,
    ],
    ["GPTQ", (name) => (name.endsWith("dense.weight") ? name.replace("weight", "qweight") : name), /qweight.*GPTQ/],
    ["quanto", (name) => (name.endsWith("query.weight") ? `${name}._data` : name), /weight\._data.*quanto/],
    [
      "bitsandbytes",
      (name) => (name.endsWith("value.weight") ? name.replace("weight", "SCB") : name),
      /SCB.*bitsandbytes/,
    ],
    ["a LoRA alone", (name) => (name.endsWith("query.bias") ? `${name}.lora_A.weight` : null), /lora_A.*LoRA/],
    ["one layer less", (name) => (name.includes("layer.1.") ? null : name), /only some of the encoder.*layer\.1\./],
    [
      "half of the names without prefix",
      (name) => (name.includes("layer.1.") ? plain(name) : name),
      /encoder\.layer\.1/,
    ],
    ["a head alone", (name) => (name.startsWith("convbert.") ? null : name), /none of the encoder/],
  ])("is refused: %s", async (_, rename, message) => {
    const error = await refusal(await renamed(tagger, rename), { allowNewHead: true });
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(1200);
  });

  it("is refused where nothing of it is there, whatever is allowed", async () => {
    const foreign = await renamed(tagger, (name) => name.replace("convbert.", "bert."));
    const error = await refusal(foreign, { allowNewWeights: true, ignoreMismatchedSizes: true });
    expect(error).toMatchObject({ newHead: false });
    expect(error.message).toMatch(
      /none of the encoder's weights.*wanted are convbert\.embeddings.*it has bert\.embeddings/,
    );
  });

  it("is refused where the reference calls the names corrupted: an encoder without prefix beside a head", async () => {
    const mixed = await renamed(tagger, plain);
    expect((await refusal(mixed)).message).toMatch(
      /names are mixed: classifier\.(weight|bias) belongs to a model with a head/,
    );
    // A base model has no head to mistake.
    using model = await ConvBertModel.fromPretrained(mixed, quiet);
    expect([...model.loadReport!.unexpected].sort()).toEqual(["classifier.bias", "classifier.weight"]);
  });

  it.each([
    ["fp8 with a scale beside it", "F8_E4M3", "weight_scale"],
    ["fp8 with an inverse scale beside it", "F8_E4M3", "weight_scale_inv"],
    ["bytes of another tool", "U8", "weight_scale"],
    ["integers without scales", "I8", null],
  ] as const)("is refused where its values mean nothing alone: %s", async (_, dtype, scale) => {
    const reader = await openWeights(await openFiles(tagger));
    const tensors: NamedTensor[] = tensorsOf(reader).flatMap((tensor) => {
      if (!tensor.name.endsWith("query.weight")) return [tensor];
      const values = new Uint8Array(8 * 16).fill(1);
      const scales = namedTensor(tensor.name.replace("weight", scale ?? ""), Float32Array.of(3), [1]);
      return [{ ...tensor, dtype, data: () => values }, ...(scale === null ? [] : [scales])];
    });
    const error = await refusal({ ...(await packed(tensors)), "config.json": tagger["config.json"]! });
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error.message).toMatch(/query\.weight holds .*(Load the|Load its) float32 or float16 weights instead/);
  });

  it.each(["gptq", "awq", "fp8", "quanto", "bitsandbytes"])("is refused where its config says %s", async (method) => {
    const config = JSON.parse(await tagger["config.json"]!.text()) as object;
    const quantised = JSON.stringify({ ...config, quantization_config: { quant_method: method, bits: 4 } });
    const error = await refusal({ ...tagger, "config.json": new Blob([quantised]) });
    expect(error.message).toContain(`quantised by "${method}"`);
  });

  it("names are escaped and cut in the message", async () => {
    const evil = await renamed(tagger, (name) => `\u001b[2J${name.padEnd(3000, "x")}`);
    const { message } = await refusal(evil);
    expect(message).toContain("\\u{1b}[2J");
    expect(message).not.toContain("\u001b");
    expect(message.length).toBeLessThan(1500);
  });
});
