import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { CheckpointError, ConfigError, MissingWeightsError } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  TFConvBertForMaskedLM,
  TFConvBertForSequenceClassification,
  TFConvBertForTokenClassification,
  TFConvBertModel,
} from "../src/index.js";
import { classOf, difference, fieldOf, fixture, useBackend } from "./support.ts";

let folder: string;
beforeAll(async () => {
  await useBackend("wasm");
  folder = await mkdtemp(join(tmpdir(), "convbert-tfjs-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface AdapterCase {
  readonly name: string;
  readonly model: string;
  readonly base: Record<string, string>;
  readonly adapter: Record<string, string>;
  readonly input_ids: number[][];
  readonly outputs: Record<string, { shape: number[]; values: number[] }>;
}

const IDS = [[1, 2, 3, 4]];
const predict = (model: { predict(x: number[][]): tf.Tensor | tf.Tensor[] }) =>
  Array.from((model.predict(IDS) as tf.Tensor).dataSync());

describe("savePretrained and fromPretrained", () => {
  test.each([
    [undefined, "tf_model.h5"],
    ["safetensors", "model.safetensors"],
    ["tensorflow-safetensors", "model.safetensors"],
    ["pytorch", "pytorch_model.bin"],
  ] as const)("in the format %s", async (format, file) => {
    const model = await TFConvBertForMaskedLM.fromPretrained(fixture("masked-lm"));
    const destination = join(folder, String(format));
    await model.savePretrained(destination, { ...(format && { format }) });
    expect((await readdir(destination)).toSorted()).toEqual(["config.json", file].toSorted());
    const config = JSON.parse(await readFile(join(destination, "config.json"), "utf8"));
    expect(config.architectures).toEqual(["ConvBertForMaskedLM"]);
    const loaded = await TFConvBertForMaskedLM.fromPretrained(destination);
    expect(loaded.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    expect(predict(loaded)).toEqual(predict(model));
    model.dispose();
    loaded.dispose();
  });

  test("a file in pieces", async () => {
    const model = await TFConvBertForMaskedLM.fromPretrained(fixture("masked-lm"));
    const destination = join(folder, "pieces");
    await model.savePretrained(destination, { maxShardSize: "8KB" });
    expect((await readdir(destination)).length).toBeGreaterThan(3);
    const loaded = await TFConvBertForMaskedLM.fromPretrained(destination);
    expect(predict(loaded)).toEqual(predict(model));
    model.dispose();
    loaded.dispose();
  });

  test("the base model of a model with a head, and a new head on an encoder", async () => {
    const base = await TFConvBertModel.fromPretrained(fixture("sequence"), { onWarning: () => {} });
    const whole = await TFConvBertForSequenceClassification.fromPretrained(fixture("sequence"));
    const { hidden_states } = whole.forward(IDS, { output_hidden_states: true });
    expect(predict(base)).toEqual(Array.from(hidden_states!.at(-1)!.dataSync()));
    await base.savePretrained(join(folder, "base"));
    await expect(TFConvBertForTokenClassification.fromPretrained(join(folder, "base"))).rejects.toThrow(
      MissingWeightsError,
    );
    const warnings: string[] = [];
    const fresh = await TFConvBertForTokenClassification.fromPretrained(join(folder, "base"), {
      allowNewHead: true,
      config: { num_labels: 5 },
      onWarning: (text) => warnings.push(text),
    });
    expect(fresh.loadReport!.missing).toEqual(["classifier.weight", "classifier.bias"]);
    expect(warnings).toHaveLength(1);
    expect(fresh.forward(IDS).logits.shape).toEqual([1, 4, 5]);
    for (const model of [base, whole, fresh]) {
      model.dispose();
    }
  });

  test("LoRA adapters are merged onto their bases as by PEFT", async () => {
    const recorded = new URL("../../heads/test/fixtures/lora.json.gz", import.meta.url);
    const cases = JSON.parse(gunzipSync(await readFile(recorded)).toString("utf8")) as AdapterCase[];
    const bytes = (files: Record<string, string>) =>
      Object.fromEntries(
        Object.entries(files).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, "base64"))]),
      );
    let compared = 0;
    for (const { name, base, adapter, model: head, input_ids, outputs } of cases) {
      const options = { baseModel: bytes(base), onWarning: () => {} };
      if (name === "tied word embeddings") {
        // Its decoder is another matrix than its embeddings, which TensorFlow's models cannot have.
        await expect(classOf(head).fromPretrained(bytes(adapter), options)).rejects.toThrow(
          /one with generator_lm_head.*Merge the adapter where it was made/,
        );
        continue;
      }
      const model = await classOf(head).fromPretrained(bytes(adapter), options);
      const got = model.forward(input_ids);
      for (const [field, { shape, values }] of Object.entries(outputs)) {
        expect(difference(fieldOf(got, field), { shape, data: values })).toBeLessThan(1e-5);
        compared++;
      }
      model.dispose();
    }
    expect(compared).toBe(12);
  });

  test("the same seed draws the same weights", () => {
    const config = { vocab_size: 9, hidden_size: 8, embedding_size: 8, num_attention_heads: 2, num_hidden_layers: 1 };
    const draw = (seed: number) => {
      const model = TFConvBertModel.fromConfig({ ...config, intermediate_size: 8 }, { seed });
      const drawn = model.weights.map((weight) => Array.from(weight.read().dataSync()));
      model.dispose();
      return drawn;
    };
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});

describe("what does not fit", () => {
  test("a configuration that TensorFlow's models cannot have", () => {
    expect(() => TFConvBertModel.fromConfig({ pruned_heads: { 0: [0] } })).toThrow(ConfigError);
    expect(() => TFConvBertForMaskedLM.fromConfig({ tie_word_embeddings: false })).toThrow("tie_word_embeddings");
    expect(() => TFConvBertModel.fromConfig({ conv_kernel_size: 4 })).toThrow("conv_kernel_size");
  });

  test("a configuration that asks for more than the weights have", async () => {
    const config = { vocab_size: 2 ** 24, pad_token_id: null };
    await expect(TFConvBertModel.fromPretrained(fixture("sequence"), { config })).rejects.toThrow(
      "config.json describes a model of far more weights",
    );
    const other = { hidden_size: 16, embedding_size: 16 };
    const before = tf.memory().numTensors;
    await expect(TFConvBertModel.fromPretrained(fixture("sequence"), { config: other })).rejects.toThrow(
      CheckpointError,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a damaged file", async () => {
    await writeFile(join(folder, "config.json"), await readFile(join(fixture("sequence"), "config.json")));
    await writeFile(join(folder, "tf_model.h5"), "no HDF5");
    await expect(TFConvBertModel.fromPretrained(folder)).rejects.toThrow("tf_model.h5");
  });
});

describe("resizeTokenEmbeddings", () => {
  test("keeps rows, draws new ones, and the model can be compiled, trained and saved", async () => {
    const model = await TFConvBertForMaskedLM.fromPretrained(fixture("masked-lm"));
    model.compile({ optimizer: "adam" });
    const before = await model.forward(IDS).logits.array();
    const start = tf.memory().numTensors;
    expect(model.resizeTokenEmbeddings(33, { seed: 1 })).toBe(33);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(start);
    expect(model.config.vocab_size).toBe(33);
    expect(model.getInputEmbeddings().shape).toEqual([33, 8]);
    expect(model.outputs[0]!.shape).toEqual([null, null, 33]);
    const after = (await model.forward(IDS).logits.array()) as number[][][];
    expect(after[0]![0]!.slice(0, 29)).toEqual((before as number[][][])[0]![0]);
    const data = { input_ids: [[32, 1, 30, 2]], labels: [[32, -100, 31, 1]] };
    await expect(model.fit(data, undefined, { verbose: 0 })).rejects.toThrow("compile");
    model.compile({ optimizer: "adam" });
    await model.fit(data, undefined, { verbose: 0 });
    await model.savePretrained(join(folder, "resized"));
    const loaded = await TFConvBertForMaskedLM.fromPretrained(join(folder, "resized"));
    expect(predict(loaded)).toEqual(predict(model));
    model.resizeTokenEmbeddings(20);
    expect(model.forward(IDS).logits.shape).toEqual([1, 4, 20]);
    expect(() => model.resizeTokenEmbeddings(0)).toThrow("rows");
    model.dispose();
    loaded.dispose();
  });
});
