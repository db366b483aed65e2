import { ConvBertForMaskedLM, MODEL_CLASSES, type ModelName } from "@convbert/heads";
import { type ConvBertModel, sequenceBatch } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { goldenModels } from "../../heads/test/fixtures.js";
import { exportOnnx, ONNX_MODEL_CLASSES, OnnxConvBertForMaskedLM, OnnxConvBertModel } from "../src/index.js";
import { relativeDifference } from "./cases.js";
import { RUNTIMES } from "./runtimes.js";

const runtime = RUNTIMES["onnxruntime-node"];
const sequences = [[5, 6, 7, 8, 9, 10, 11], [12], [13, 14, 15], [16, 17, 18, 19, 20], [21, 22, 23]];
const token_type_ids = sequences.map((ids) => ids.map((_, index) => (index > 1 ? 1 : 0)));

/** What each head compares with: of tokens, of sequences, or of prompts. */
const PER_TOKEN = Int32Array.from(sequences.flat(), (_, i) => (i % 3 === 0 ? -100 : i % 2));
const OWN = {
  ConvBertForSequenceClassification: { labels: [0, 1, 1, 0, 1], problem_type: "single_label_classification" },
  ConvBertForTokenClassification: { labels: PER_TOKEN },
  ConvBertForMaskedLM: { labels: PER_TOKEN },
  ConvBertForQuestionAnswering: { start_positions: [1, 0, 2, 9, 1], end_positions: [3, 0, 2, 4, 2] },
  ConvBertForMultipleChoice: { choices: [3, 2], labels: [2, 0] },
} as const;

describe("sequences of any lengths", () => {
  it.each(goldenModels())("give in one batch what our engine gives: $variant/$head", async ({ folder, head }) => {
    using ours = await (MODEL_CLASSES[head as ModelName] as typeof ConvBertModel).fromPretrained(folder);
    using model = await (ONNX_MODEL_CLASSES[head as ModelName] as typeof OnnxConvBertModel).fromPretrained(folder, {
      runtime,
    });
    const expected = await ours.forwardRagged({ sequences, token_type_ids });
    const actual = await model.forwardRagged({ sequences, token_type_ids });
    expect(actual).toHaveLength(sequences.length);
    for (const [index, result] of actual.entries()) {
      for (const [field, value] of Object.entries(expected[index]!)) {
        const difference = relativeDifference((result as never)[field], value);
        expect(difference, `${field} of sequence ${index}`).toBeLessThan(1e-5);
      }
    }
  });

  it("does not depend on how batches are cut", async () => {
    const { folder } = goldenModels().find(({ head }) => head === "ConvBertModel")!;
    using whole = await OnnxConvBertModel.fromPretrained(folder, { runtime });
    using cut = await OnnxConvBertModel.fromPretrained(folder, { runtime, batchTokens: 8 });
    const expected = await whole.forwardRagged({ sequences });
    for (const [index, result] of (await cut.forwardRagged({ sequences })).entries()) {
      expect(relativeDifference(result.last_hidden_state, expected[index]!.last_hidden_state)).toBeLessThan(1e-5);
    }
  });

  it("decodes the positions that are asked for", async () => {
    const { folder } = goldenModels().find(({ head }) => head === "ConvBertForMaskedLM")!;
    using ours = await ConvBertForMaskedLM.fromPretrained(folder);
    using model = await OnnxConvBertForMaskedLM.fromPretrained(folder, { runtime, batchTokens: 8 });
    const positions = [[6, 0], [], [1], [4, 3, 2], [0]];
    const expected = await ours.forwardRagged({ sequences, positions });
    for (const [index, { logits }] of (await model.forwardRagged({ sequences, positions })).entries()) {
      expect(relativeDifference(logits, expected[index]!.logits)).toBeLessThan(1e-5);
    }
    await expect(model.forwardRagged({ sequences, positions: [[9], [], [], [], []] })).rejects.toMatchObject({
      name: "InputError",
      argument: "positions",
    });
  });

  it.each(goldenModels().filter(({ head }) => head !== "ConvBertModel"))(
    "have each their own loss: $variant/$head",
    async ({ folder, head }) => {
      using ours = await (MODEL_CLASSES[head as ModelName] as typeof ConvBertModel).fromPretrained(folder);
      using model = await (ONNX_MODEL_CLASSES[head as ModelName] as typeof OnnxConvBertModel).fromPretrained(folder, {
        runtime,
        batchTokens: 8,
      });
      const own = OWN[head as keyof typeof OWN];
      const batch = { ...sequenceBatch(sequences, token_type_ids), ...own };
      const expected = await ours.forwardRagged(batch as never);
      const actual = await model.forwardRagged(batch as never);
      expect(actual).toHaveLength(expected.length);
      for (const [row, result] of actual.entries()) {
        const { loss, ...rest } = result as { loss?: number };
        const { loss: wanted, ...others } = expected[row] as { loss?: number };
        if (wanted === undefined || Number.isNaN(wanted)) expect(loss).toEqual(wanted);
        else expect(loss).toBeCloseTo(wanted, 4);
        expect(Object.keys(rest)).toEqual(Object.keys(others));
        for (const [field, value] of Object.entries(others)) {
          expect(relativeDifference((rest as never)[field], value as never), field).toBeLessThan(1e-5);
        }
      }
      if (head === "ConvBertForTokenClassification") {
        const classes = model.config.num_labels;
        const data = Float32Array.from({ length: PER_TOKEN.length * classes }, (_, i) => {
          const token = Math.floor(i / classes);
          return PER_TOKEN[token] === -100 ? 0 : (1 + Number(i % classes === PER_TOKEN[token])) / (classes + 1);
        });
        const soft = { ...batch, labels: { data, shape: [PER_TOKEN.length, classes] } };
        const some = (await model.forwardRagged(soft as never)) as { loss?: number }[];
        for (const [row, { loss }] of ((await ours.forwardRagged(soft as never)) as { loss?: number }[]).entries()) {
          if (Number.isNaN(loss)) expect(some[row]!.loss).toBeNaN();
          else expect(some[row]!.loss).toBeCloseTo(loss!, 4);
        }
      }
      if (head === "ConvBertForMaskedLM") {
        const asked = { ...batch, positions: [[6, 0], [], [1], [4], [0]] };
        const some = (await model.forwardRagged(asked as never)) as { loss?: number }[];
        for (const [row, { loss }] of ((await ours.forwardRagged(asked as never)) as { loss?: number }[]).entries()) {
          if (loss === undefined || Number.isNaN(loss)) expect(some[row]!.loss).toEqual(loss);
          else expect(some[row]!.loss).toBeCloseTo(loss, 4);
        }
      }
      await expect(model.forwardRagged({ ...batch, label: 1 } as never)).rejects.toThrow("label");
    },
  );

  it.each(goldenModels())("are run by equal lengths where a graph sees padding: $variant/$head", async (golden) => {
    const Model = MODEL_CLASSES[golden.head as ModelName] as typeof ConvBertModel;
    using ours = await Model.fromPretrained(golden.folder);
    const exported = new Map<string, Blob>();
    await exportOnnx(ours, exported);
    const Onnx = ONNX_MODEL_CLASSES[golden.head as ModelName] as typeof OnnxConvBertModel;
    using model = await Onnx.fromPretrained(Object.fromEntries(exported), { runtime });
    const expected = await ours.forwardRagged({ sequences, token_type_ids });
    for (const [index, result] of (await model.forwardRagged({ sequences, token_type_ids })).entries()) {
      for (const [field, value] of Object.entries(expected[index]!)) {
        expect(relativeDifference((result as never)[field], value), `${field} of ${index}`).toBeLessThan(1e-5);
      }
    }
  });
});
