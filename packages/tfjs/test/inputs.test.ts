import { InputError } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { model as functional, input } from "@tensorflow/tfjs-layers";
import { afterAll, describe, expect, test } from "vitest";
import { TFConvBertForMultipleChoice, TFConvBertForQuestionAnswering, TFConvBertModel } from "../src/index.js";
import { useBackend } from "./support.ts";

const CONFIG = {
  vocab_size: 11,
  hidden_size: 8,
  embedding_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 8,
  conv_kernel_size: 3,
  max_position_embeddings: 8,
  pad_token_id: 0,
};
const IDS = [
  [1, 2, 3],
  [5, 6, 0],
];
const MASK = [
  [1, 1, 1],
  [1, 1, 0],
];
const TYPES = [
  [0, 1, 1],
  [0, 0, 1],
];

// Tables of cases have tensors in them.
await useBackend("wasm");
const model = TFConvBertModel.fromConfig(CONFIG, { seed: 1 });
afterAll(() => model.dispose());

/** Values of the last states, or of what predict gives. */
function values(result: object): number[] {
  const tensor = result instanceof tf.Tensor ? result : (result as { last_hidden_state: tf.Tensor }).last_hidden_state;
  return Array.from(tensor.dataSync());
}

describe("inputs in every form", () => {
  const tensor = (rows: number[][]) => tf.tensor2d(rows, [2, 3], "int32");
  const forms: [string, () => [unknown, object?]][] = [
    ["an object of lists", () => [{ input_ids: IDS, attention_mask: MASK, token_type_ids: TYPES }]],
    ["keywords alone", () => [null, { input_ids: IDS, attention_mask: MASK, token_type_ids: TYPES }]],
    ["lists and keywords", () => [IDS, { attention_mask: MASK, token_type_ids: TYPES }]],
    ["a tensor and keywords", () => [tensor(IDS), { attention_mask: tensor(MASK), token_type_ids: tensor(TYPES) }]],
    ["a list in the order of the signature", () => [[tensor(IDS), tensor(MASK), tensor(TYPES)]]],
    ["a list of nested lists", () => [[IDS, MASK, TYPES]]],
    ["64-bit integers", () => [{ input_ids: big(IDS), attention_mask: big(MASK), token_type_ids: big(TYPES) }]],
    [
      "lists of big integers",
      () => [IDS.map((row) => row.map(BigInt)), { attention_mask: MASK, token_type_ids: TYPES }],
    ],
    [
      "float tensors",
      () => [{ input_ids: tf.tensor2d(IDS), attention_mask: tf.tensor2d(MASK), token_type_ids: TYPES }],
    ],
    ["booleans", () => [{ input_ids: IDS, attention_mask: tf.tensor2d(MASK, [2, 3], "bool"), token_type_ids: TYPES }]],
    [
      "positions, one row for all",
      () => [{ input_ids: IDS, attention_mask: MASK, token_type_ids: TYPES, position_ids: [[0, 1, 2]] }],
    ],
  ];
  function big(rows: number[][]) {
    return { data: BigInt64Array.from(rows.flat(), BigInt), shape: [2, 3] };
  }

  test.each(forms)("forward takes %s", (_name, make) => {
    const expected = values(model.forward({ input_ids: IDS, attention_mask: MASK, token_type_ids: TYPES }));
    const [first, keywords] = make();
    expect(values(model.forward(first as never, keywords as never))).toEqual(expected);
  });

  test.each(forms.filter(([, make]) => make().length === 1))("predict takes %s", (_name, make) => {
    const expected = values(model.forward({ input_ids: IDS, attention_mask: MASK, token_type_ids: TYPES }));
    expect(values(model.predict(make()[0] as never))).toEqual(expected);
    expect(values(model.predict(make()[0] as never, { batchSize: 1 }))).toHaveLength(expected.length);
  });

  test("what is left out has the reference's defaults", () => {
    const zeros = IDS.map((row) => row.map(() => 0));
    const ones = IDS.map((row) => row.map(() => 1));
    const positions = IDS.map((row) => row.map((_, at) => at));
    const whole = { input_ids: IDS, attention_mask: ones, token_type_ids: zeros, position_ids: positions };
    expect(values(model.forward(whole))).toEqual(values(model.forward(IDS)));
    expect(values(model.predict(whole))).toEqual(values(model.predict(IDS)));
  });

  test("embeddings in place of ids, in batches too", () => {
    const rows = tf.gather(model.getInputEmbeddings().read(), tf.tensor2d(IDS, [2, 3], "int32"));
    const expected = values(model.forward(IDS));
    expect(values(model.forward({ inputs_embeds: rows }))).toEqual(expected);
    const predicted = values(model.predict({ inputs_embeds: rows }, { batchSize: 1 }));
    expect(Math.max(...predicted.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-6);
  });

  test("a list of outputs for return_dict: false, hidden states and attentions where they are asked for", () => {
    const plain = model.forward(IDS, { return_dict: false });
    expect(plain.map((output) => Array.isArray(output))).toEqual([false]);
    const all = model.forward(IDS, { return_dict: false, output_hidden_states: true, output_attentions: true });
    expect(all.map((output) => (Array.isArray(output) ? output.map(({ shape }) => shape) : output.shape))).toEqual([
      [2, 3, 8],
      [
        [2, 3, 8],
        [2, 3, 8],
        [2, 3, 8],
      ],
      [
        [2, 1, 3, 3],
        [2, 1, 3, 3],
      ],
    ]);
  });

  test("masked scores get -10000: where all are masked none is, and half a mask is half of it", () => {
    const decided = TFConvBertModel.fromConfig({ ...CONFIG, initializer_range: 1 }, { seed: 3 });
    const attention = (value: number) => {
      const mask = IDS.map((row) => row.map(() => value));
      const { attentions } = decided.forward({ input_ids: IDS, attention_mask: mask }, { output_attentions: true });
      return Array.from(attentions![0]!.dataSync());
    };
    const open = attention(1);
    expect(Math.max(...open.map((share) => Math.abs(share - 1 / 3)))).toBeGreaterThan(0.1);
    for (const value of [0, 0.5]) {
      const masked = attention(value);
      expect(Math.max(...masked.map((share, i) => Math.abs(share - open[i]!)))).toBeLessThan(1e-2);
    }
    const { attentions } = model.forward({ input_ids: IDS, attention_mask: MASK }, { output_attentions: true });
    const last = attentions![0]!.arraySync() as number[][][][];
    expect(last[1]!.flat().map((row) => row[2])).toEqual([0, 0, 0]);
    decided.dispose();
  });

  test("labels are 64-bit integers too", () => {
    const spans = TFConvBertForQuestionAnswering.fromConfig(CONFIG, { seed: 4 });
    const losses = [
      { start_positions: [0, 1], end_positions: [2, 1] },
      { start_positions: [0n, 1n], end_positions: { data: BigInt64Array.of(2n, 1n), shape: [2] } },
    ].map((labels) => Array.from(spans.forward({ input_ids: IDS, ...labels }).loss!.dataSync()));
    expect(losses[0]).toHaveLength(2);
    expect(losses[1]).toEqual(losses[0]);
    expect(() => spans.forward({ input_ids: IDS, start_positions: [0n, 2n ** 40n], end_positions: [0, 0] })).toThrow(
      "start_positions",
    );
    spans.dispose();
  });

  test("a model goes on on another backend", async () => {
    const inputs = { input_ids: IDS, attention_mask: MASK };
    const here = values(model.forward(inputs));
    await useBackend("cpu");
    const own = TFConvBertModel.fromConfig(CONFIG, { seed: 1 });
    const there = [values(model.forward(inputs)), values(own.forward(inputs))];
    await useBackend("wasm");
    const back = [values(model.forward(inputs)), values(own.forward(inputs))];
    own.dispose();
    expect(there[1]).toEqual(there[0]);
    expect(back).toEqual([here, here]);
    expect(Math.max(...here.map((value, index) => Math.abs(value - there[0]![index]!)))).toBeLessThan(1e-5);
  });

  test("training drops elements", () => {
    const first = values(model.forward(IDS, { training: true }));
    expect(values(model.forward(IDS, { training: true }))).not.toEqual(first);
    expect(values(model.forward(IDS))).toEqual(values(model.forward(IDS, { training: false })));
  });

  test("the model is a layer in another graph", () => {
    const ids = [0, 1, 2, 3].map((index) => input({ shape: [null], dtype: index === 1 ? "float32" : "int32" }));
    const outer = functional({ inputs: ids, outputs: model.apply(ids) as never });
    const whole = [IDS, MASK, TYPES, [...IDS].map(() => [0, 1, 2])].map((rows) => tensor(rows));
    const expected = values(model.forward({ input_ids: IDS, attention_mask: MASK, token_type_ids: TYPES }));
    expect(values(outer.predict(whole) as tf.Tensor)).toEqual(expected);
  });
});

describe("what does not fit is refused by the argument's name", () => {
  const refused: [string, unknown, string][] = [
    ["nothing", {}, "input_ids: you have to specify either"],
    ["both ids and embeddings", { input_ids: IDS, inputs_embeds: [[[0]]] }, "inputs_embeds: you cannot specify both"],
    [
      "another name",
      { inputIds: IDS },
      "inputIds: TFConvBertModel has no argument of this name; did you mean input_ids?",
    ],
    ["labels where there are none", { input_ids: IDS, labels: [1, 2] }, "labels: TFConvBertModel has no argument"],
    ["a head mask", { input_ids: IDS, head_mask: [1] }, "head_mask: the reference's TensorFlow models"],
    ["ids past the vocabulary", [[1, 11]], "input_ids: 11 at element 1 is outside 0 to 10"],
    ["ids past the vocabulary in a tensor", tf.tensor2d([[1, -1]], [1, 2], "int32"), "input_ids: -1 at element 1"],
    ["fractions", [[1, 1.5]], "input_ids: expected integers of 32 bits, got 1.5"],
    ["fractions in a tensor", tf.tensor2d([[1, 1.5]]), "input_ids: expected integers of 32 bits, got 1.5"],
    ["one axis", { input_ids: [1, 2] }, "input_ids: expected [batch, length], got shape [2]"],
    ["ragged lists", [[1, 2], [3]], "input_ids: lists of different lengths"],
    ["no tokens", { input_ids: tf.zeros([0, 3], "int32") }, "input_ids: expected [batch, length], got shape [0, 3]"],
    ["long sequences", [[1, 1, 1, 1, 1, 1, 1, 1, 1]], "input_ids: sequences of 9 tokens are longer"],
    [
      "a mask for each query",
      { input_ids: IDS, attention_mask: tf.ones([2, 3, 3]) },
      "attention_mask: expected [2, 3]",
    ],
    ["a mask of another length", { input_ids: IDS, attention_mask: [[1, 1]] }, "attention_mask: expected [2, 3]"],
    ["segments that there are not", { input_ids: IDS, token_type_ids: [[0, 2, 0]] }, "token_type_ids: 2 at element 1"],
    ["positions past the last", { input_ids: IDS, position_ids: [[0, 1, 8]] }, "position_ids: 8 at element 2"],
    [
      "embeddings of another size",
      { inputs_embeds: tf.zeros([1, 2, 7]) },
      "inputs_embeds: expected [batch, length, emb",
    ],
    ["texts", { input_ids: tf.tensor2d([["a"]]) }, "input_ids: expected integers, got a tensor of string"],
  ];
  test.each(refused)("%s", (_name, inputs, message) => {
    for (const run of [() => model.forward(inputs as never), () => model.predict(inputs as never)]) {
      let caught: unknown;
      try {
        run();
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(InputError);
      expect((caught as Error).message).toContain(message);
    }
  });

  test("an argument given twice", () => {
    expect(() => model.forward(IDS, { input_ids: IDS })).toThrow("input_ids: it is given twice");
  });

  test("training on embeddings, which no graph takes", async () => {
    const spans = TFConvBertForQuestionAnswering.fromConfig(CONFIG);
    spans.compile({ optimizer: "sgd" });
    const data = { inputs_embeds: tf.zeros([1, 2, 8]), start_positions: [0], end_positions: [1] };
    await expect(spans.fit(data)).rejects.toThrow("inputs_embeds: a model's graph takes input_ids");
    spans.dispose();
  });
});

describe("choices", () => {
  test("have an axis of their own, and nested lists of three levels are ids", () => {
    const choice = TFConvBertForMultipleChoice.fromConfig(CONFIG, { seed: 2 });
    const ids = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ];
    const { logits, loss } = choice.forward(ids, { labels: [1] });
    const predicted = choice.predict(ids) as tf.Tensor;
    expect(logits.shape).toEqual([1, 2]);
    expect(loss!.shape).toEqual([1]);
    expect(values(predicted)).toEqual(values(logits));
    expect(() => choice.forward(IDS)).toThrow("input_ids: expected [batch, choices, length], got shape [2, 3]");
    expect(() => choice.forward(ids, { labels: [2] })).toThrow("labels: label 2 at element 0 is outside 0 to 1");
    choice.dispose();
  });
});
