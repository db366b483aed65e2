import { ConfigError, DisposedModelError, InputError } from "@convbert/model";
import { sharedBackend } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import { loadModel, MODEL_CLASSES, type ModelName, modelNameOf } from "../src/index.js";

const TINY = {
  vocab_size: 31,
  hidden_size: 16,
  embedding_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 16,
};
const NAMES = Object.keys(MODEL_CLASSES) as ModelName[];
const inputsOf = (name: ModelName) =>
  name === "ConvBertForMultipleChoice"
    ? {
        input_ids: [
          [
            [3, 4],
            [5, 6],
          ],
        ],
      }
    : { input_ids: [[3, 4]] };

/** All six have the static side of the base model; their forwards are called with arguments that fit. */
const classOf = (name: ModelName) => MODEL_CLASSES[name] as typeof MODEL_CLASSES.ConvBertModel;

describe.each(NAMES)("%s", (name) => {
  const make = (options = {}) => classOf(name).fromConfig(TINY, { seed: 2, ...options });

  it("has its name even when a minifier has renamed the class", async () => {
    const Renamed = { r: class extends classOf(name) {} }.r;
    expect(Renamed.name).not.toBe(name);
    using model = await Renamed.fromConfig(TINY);
    expect(model.modelName).toBe(name);
    const saved = new Map<string, Blob>();
    await model.savePretrained(saved);
    expect(JSON.parse(await saved.get("config.json")!.text())).toMatchObject({ architectures: [name] });
    using loaded = await loadModel(Object.fromEntries(saved));
    expect(loaded.modelName).toBe(name);
    expect(loaded).toBeInstanceOf(classOf(name));
  });

  it("refuses misspelt arguments and takes a tokenizer's batch as it is", async () => {
    using model = await make();
    const inputs = inputsOf(name);
    for (const [wrong, near] of [
      ["attention_masks", "attention_mask"],
      ["inputIds", "input_ids"],
      ["token_types_ids", "token_type_ids"],
    ] as const) {
      const answer = model.forward({ ...inputs, [wrong]: [[1, 1]] });
      await expect(answer).rejects.toThrow(InputError);
      await expect(answer).rejects.toThrow(`${wrong}: ${name} has no argument of this name; did you mean ${near}?`);
    }
    await expect(model.forward({ ...inputs, encoder_hidden_states: [[1]] } as object)).rejects.toThrow(
      "its arguments are input_ids",
    );
    const batch = {
      ...inputs,
      special_tokens_mask: [[0, 0]],
      offset_mapping: [[[0, 1]]],
      overflow_to_sample_mapping: [0],
      length: [2],
      num_truncated_tokens: 0,
    };
    const [first, second] = [await model.forward(batch), await model.forward(inputs)];
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
  });

  it("rejects instead of running on memory that was given back", async () => {
    const { memory } = await sharedBackend().then((backend) => ({ memory: () => backend.memory() }));
    const before = memory().liveBlocks;
    const model = await make();
    // With a signal the layers run in turns; without one the head still comes after the encoder's promise.
    const running = Promise.allSettled([
      model.forward(inputsOf(name), { signal: new AbortController().signal }),
      ...(name === "ConvBertModel" ? [] : [model.forward(inputsOf(name))]),
    ]);
    model.dispose();
    for (const answer of await running) {
      const reason = (answer as PromiseRejectedResult).reason;
      expect(reason).toBeInstanceOf(DisposedModelError);
      expect(reason.message).toContain(`${name}: the model was disposed`);
    }
    await expect(model.forward(inputsOf(name))).rejects.toThrow(DisposedModelError);
    await expect(model.savePretrained(new Map())).rejects.toThrow(DisposedModelError);
    expect(() => model.getInputEmbeddings()).toThrow(DisposedModelError);
    expect(() => model.resizeTokenEmbeddings(40)).toThrow(DisposedModelError);
    expect(() => model.pruneHeads({ 0: [0] })).toThrow(DisposedModelError);
    expect(memory().liveBlocks).toBe(before);
  });

  it("resizes its vocabulary and prunes its heads", async () => {
    using model = await make();
    expect(model.resizeTokenEmbeddings(40)).toBe(40);
    model.pruneHeads({ 1: [0] });
    expect(model.config).toMatchObject({ vocab_size: 40, pruned_heads: { 1: [0] } });
    const { attentions } = await model.forward({ ...inputsOf(name), output_attentions: true });
    expect(attentions!.map(({ shape }) => shape[1])).toEqual([2, 1]);
  });
});

describe("labels", () => {
  it.each([
    ["ConvBertForTokenClassification", { labels: [[0]] }, "expected 2 labels"],
    ["ConvBertForTokenClassification", { labels: [[0, 7]] }, "label 7 is outside"],
    ["ConvBertForMaskedLM", { labels: [[0, 31]] }, "label 31 is outside"],
    ["ConvBertForSequenceClassification", { labels: [5] }, "label 5 is outside"],
    ["ConvBertForSequenceClassification", { labels: [[Number.NaN, 1]] }, "finite"],
    ["ConvBertForSequenceClassification", { labels: [0.5] }, "a value for each logit, got [1]"],
    ["ConvBertForQuestionAnswering", { start_positions: [0, 1], end_positions: [1] }, "one for each sequence"],
    ["ConvBertForMultipleChoice", { labels: [2] }, "label 2 is outside"],
    ["ConvBertForMultipleChoice", { labels: [[0]] }, "expected 1 labels, one for each prediction, got shape [1, 1]"],
    ["ConvBertForSequenceClassification", { labels: [0], problem_type: "bogus" }, 'there is no "bogus"; use one of'],
  ] as const)("%s answers %j with one clear error", async (name, labels, message) => {
    using model = await classOf(name).fromConfig(TINY);
    await expect(model.forward({ ...inputsOf(name), ...labels } as object)).rejects.toThrow(message);
  });

  it("take the axes that the reference takes", async () => {
    using model = await MODEL_CLASSES.ConvBertForSequenceClassification.fromConfig({ ...TINY, num_labels: 3 });
    const input_ids = [
      [3, 4],
      [5, 6],
    ];
    const turned = { data: new Float32Array(6), shape: [3, 2] };
    for (const labels of [turned, { data: turned.data, shape: [6] }]) {
      for (const problem_type of ["multi_label_classification", "regression"] as const) {
        await expect(model.forward({ input_ids, labels, problem_type })).rejects.toThrow("expected shape [2, 3]");
      }
    }
    const fitting = { data: turned.data, shape: [2, 3] };
    expect(await model.forward({ input_ids, labels: fitting })).toHaveProperty("loss");

    using scores = await MODEL_CLASSES.ConvBertForSequenceClassification.fromConfig({ ...TINY, num_labels: 1 });
    const losses = [
      [0.5, 2],
      [[0.5], [2]],
    ].map(async (labels) => (await scores.forward({ input_ids, labels })).loss);
    expect(await losses[0]).toBe(await losses[1]);
    expect(await losses[0]).toBeGreaterThan(0);

    using answers = await MODEL_CLASSES.ConvBertForQuestionAnswering.fromConfig(TINY);
    const positions = (shape: number[]) => ({ data: Int32Array.of(0, 1), shape });
    const ask = (start_positions: object) =>
      answers.forward({ input_ids, start_positions, end_positions: positions([2]) } as object);
    expect(await ask(positions([2, 1]))).toHaveProperty("loss");
    await expect(ask(positions([1, 2]))).rejects.toThrow("expected [2], one for each sequence, got shape [1, 2]");
  });

  it("has no loss without labels, and the base model takes none", async () => {
    using model = await MODEL_CLASSES.ConvBertForTokenClassification.fromConfig(TINY);
    expect(await model.forward({ input_ids: [[3, 4]] })).not.toHaveProperty("loss");
    expect(await model.forward({ input_ids: [[3, 4]], labels: null })).not.toHaveProperty("loss");
    using base = await MODEL_CLASSES.ConvBertModel.fromConfig(TINY);
    await expect(base.forward({ input_ids: [[3]], labels: [[1]] } as object)).rejects.toThrow("labels: ConvBertModel");
  });
});

describe("configurations that a head cannot have", () => {
  it("refuses question answering with other than two labels", async () => {
    const answer = MODEL_CLASSES.ConvBertForQuestionAnswering.fromConfig({ ...TINY, num_labels: 3 });
    await expect(answer).rejects.toThrow(ConfigError);
  });

  it("refuses a summary that does not fit the classifier; a projection alone keeps hidden_size", async () => {
    const config = { ...TINY, summary_use_proj: true };
    using model = await MODEL_CLASSES.ConvBertForMultipleChoice.fromConfig(config);
    expect(model.parameter("sequence_summary.summary.weight")!.shape).toEqual([16, 16]);
    const answer = MODEL_CLASSES.ConvBertForMultipleChoice.fromConfig({ ...config, summary_proj_to_labels: true });
    await expect(answer).rejects.toThrow("summary of 2 channels");
  });
});

describe("loadModel", () => {
  it("takes the class that the file names, TensorFlow's names included, or the one that is asked for", async () => {
    expect(modelNameOf(["TFConvBertForMaskedLM"])).toBe("ConvBertForMaskedLM");
    expect(modelNameOf(["BertModel"])).toBe("ConvBertModel");
    expect(modelNameOf(null)).toBe("ConvBertModel");
    using model = await MODEL_CLASSES.ConvBertModel.fromConfig(TINY);
    const saved = new Map<string, Blob>();
    await model.savePretrained(saved);
    const warnings: string[] = [];
    using head = await loadModel(Object.fromEntries(saved), {
      head: "ConvBertForTokenClassification",
      allowNewHead: true,
      onWarning: (text) => warnings.push(text),
    });
    expect(head.modelName).toBe("ConvBertForTokenClassification");
    expect(head.loadReport!.missing).toEqual(["classifier.weight", "classifier.bias"]);
    expect(warnings).toHaveLength(1);
    await expect(loadModel(Object.fromEntries(saved), { head: "constructor" })).rejects.toThrow(InputError);
  });
});
