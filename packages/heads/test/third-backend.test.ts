import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ParameterBuffers } from "@convbert/nn";
import { BackendError, registerBackend } from "@convbert/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeviceBackend } from "../../tensor/test/device-backend.js";
import { type AnyConvBert, ConvBertForMaskedLM, loadModel, verifyCases } from "../src/index.js";
import { goldenModels, keptRoot } from "./fixtures.js";

registerBackend("device", DeviceBackend.create);

const IDS = [
  [5, 6, 7, 8, 9],
  [10, 11, 3, 0, 0],
];
const PADDED = {
  input_ids: IDS,
  attention_mask: [
    [1, 1, 1, 1, 1],
    [1, 1, 1, 0, 0],
  ],
  output_attentions: true,
  output_hidden_states: true,
  output_kernels: true,
};

/** All arrays of an output, as numbers. */
function numbersOf(output: unknown): unknown {
  return JSON.parse(
    JSON.stringify(output, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value as never) : value)),
  );
}

const PER_TOKEN = [
  [1, 0, -100, 1, 0],
  [0, 1, 0, -100, -100],
];
/** Labels of each head's padded batch. */
const LABELS: Readonly<Record<string, object>> = {
  ConvBertModel: {},
  ConvBertForMaskedLM: { labels: PER_TOKEN },
  ConvBertForTokenClassification: { labels: PER_TOKEN },
  ConvBertForSequenceClassification: { labels: [1, 0] },
  ConvBertForQuestionAnswering: { start_positions: [1, 0], end_positions: [2, 1] },
  ConvBertForMultipleChoice: { input_ids: [IDS], attention_mask: [PADDED.attention_mask], labels: [1] },
};
const inputsOf = ({ modelName }: AnyConvBert) => ({ ...PADDED, ...LABELS[modelName] });

describe("a backend that was registered, whose memory is read by promises and which has no gradients", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "convbert-device-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(goldenModels(keptRoot))(
    "runs $variant/$head with the reference backend's numbers",
    async ({ folder: place }) => {
      for (const dtype of ["float32", "int8"] as const) {
        using expected = (await loadModel(place, { backend: "reference", dtype })) as AnyConvBert;
        using found = (await loadModel(place, { backend: "device", dtype })) as AnyConvBert;
        const run = (model: AnyConvBert) => (model.forward as (inputs: unknown) => Promise<object>)(inputsOf(model));
        const outputs = await run(found);
        expect(numbersOf(outputs)).toEqual(numbersOf(await run(expected)));
        expect("loss" in outputs).toBe(expected.modelName !== "ConvBertModel");
        const ragged = { sequences: [IDS[0]!, [10, 11, 3]] };
        expect(numbersOf(await found.forwardRagged(ragged))).toEqual(numbersOf(await expected.forwardRagged(ragged)));
      }
    },
  );

  it("equals the reference implementation on the recorded cases of an encoder", async () => {
    const [encoder] = goldenModels(keptRoot).filter(({ head }) => head === "ConvBertModel");
    using model = await loadModel(encoder!.folder, { backend: "device" });
    let compared = 0;
    for await (const result of verifyCases(model, encoder!.folder)) {
      expect(result).toMatchObject({ ok: true });
      compared++;
    }
    expect(compared).toBeGreaterThan(10);
  });

  it.each(["float32", "int8"] as const)(
    "saves %s weights byte for byte as the reference backend does",
    async (dtype) => {
      const config = { vocab_size: 80, hidden_size: 128, embedding_size: 64, num_hidden_layers: 1, num_groups: 2 };
      const options = { num_attention_heads: 4, intermediate_size: 128, pruned_heads: { 0: [1] } };
      const saved = ["reference", "device"].map(async (backend) => {
        using model = await ConvBertForMaskedLM.fromConfig({ ...config, ...options }, { backend, seed: 2, dtype });
        const place = join(folder, `${backend}-${dtype}`);
        await model.savePretrained(place);
        using again = await ConvBertForMaskedLM.fromPretrained(place, { backend });
        expect(again.dtype).toBe(dtype);
        const { logits } = await again.forward({ input_ids: IDS });
        return { bytes: await readFile(join(place, "model.safetensors")), logits: numbersOf(logits) };
      });
      const [expected, found] = await Promise.all(saved);
      expect(found!.bytes.equals(expected!.bytes)).toBe(true);
      expect(found!.logits).toEqual(expected!.logits);
    },
  );

  it("says so where it cannot do what is asked: train, or give weights at once", async () => {
    using model = await ConvBertForMaskedLM.fromConfig(
      { vocab_size: 20, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 4 },
      { backend: "device" },
    );
    expect(() => new ParameterBuffers(model.backend, model.parameters())).toThrow("has no gradients; train with");
    expect(() => model.getInputEmbeddings()).toThrow(BackendError);
    expect(() => model.pruneHeads({ 0: [1] })).toThrow(BackendError);
    const { logits } = await model.forward({ input_ids: IDS });
    expect(logits.shape).toEqual([2, 5, 20]);
  });
});
