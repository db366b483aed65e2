import { InputError } from "@convbert/model";
import { ParameterBuffers } from "@convbert/nn";
import { Tape } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import { MODEL_CLASSES, type ModelName } from "../src/index.js";

const TINY = {
  vocab_size: 31,
  hidden_size: 16,
  embedding_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 10,
  pad_token_id: 0,
  conv_kernel_size: 3,
  num_labels: 3,
};
const ids = [[5, 6, 7]];

type Inputs = { input_ids: unknown; labels: unknown; problem_type?: string };

const cases: [ModelName, Inputs, number][] = [
  ["ConvBertForMaskedLM", { input_ids: ids, labels: [[1, 31, -100]] }, 31],
  ["ConvBertForMaskedLM", { input_ids: ids, labels: [[1, -1, -100]] }, -1],
  ["ConvBertForTokenClassification", { input_ids: ids, labels: [[0, 3, -100]] }, 3],
  ["ConvBertForTokenClassification", { input_ids: ids, labels: [[0, -2, -100]] }, -2],
  ["ConvBertForSequenceClassification", { input_ids: ids, labels: [3] }, 3],
  ["ConvBertForSequenceClassification", { input_ids: ids, labels: [-1] }, -1],
  [
    "ConvBertForSequenceClassification",
    { input_ids: ids, labels: [7], problem_type: "single_label_classification" },
    7,
  ],
  [
    "ConvBertForMultipleChoice",
    {
      input_ids: [
        [
          [5, 6],
          [7, 8],
        ],
      ],
      labels: [2],
    },
    2,
  ],
  [
    "ConvBertForMultipleChoice",
    {
      input_ids: [
        [
          [5, 6],
          [7, 8],
        ],
      ],
      labels: [2147483647],
    },
    2147483647,
  ],
];

describe.each(["reference", "wasm"] as const)("%s backend", (backend) => {
  it.each(cases)("%s refuses %j", async (name, inputs, label) => {
    using model = await (MODEL_CLASSES[name] as typeof MODEL_CLASSES.ConvBertForMaskedLM).fromConfig(TINY, { backend });
    const forward = model.forward(inputs as never);
    await expect(forward).rejects.toThrow(InputError);
    await expect(forward).rejects.toMatchObject({
      argument: "labels",
      message: expect.stringContaining(`label ${label} is outside`),
    });

    using buffers = new ParameterBuffers(model.backend, model.parameters());
    using tape = new Tape(model.backend, buffers.store);
    const training = model.trainingLoss(inputs as never, { tape });
    await expect(training).rejects.toThrow(InputError);
    await expect(training).rejects.toThrow("is outside");
    const before = model.backend.memory().liveBytes;
    await model.forward(inputs as never).catch(() => undefined);
    expect(model.backend.memory().liveBytes).toBe(before);
  });
});
