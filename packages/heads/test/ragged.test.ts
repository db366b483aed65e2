import type { ConvBertConfigInit, FloatArray } from "@convbert/model";
import { describe, expect, it } from "vitest";
import {
  type AnyConvBert,
  ConvBertForMaskedLM,
  ConvBertForMultipleChoice,
  ConvBertForQuestionAnswering,
  ConvBertForSequenceClassification,
  ConvBertForTokenClassification,
  MODEL_CLASSES,
  type ModelName,
} from "../src/index.js";

const CONFIG: ConvBertConfigInit = {
  vocab_size: 131,
  hidden_size: 128,
  embedding_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 192,
  max_position_embeddings: 64,
  pad_token_id: 0,
  initializer_range: 0.2,
};

/** Sequences of the given lengths, no two alike. */
function batch(lengths: readonly number[]) {
  const sequences = lengths.map((length, row) => Array.from({ length }, (_, i) => 1 + ((row * 37 + i * 11) % 130)));
  return { sequences, token_type_ids: sequences.map((ids) => ids.map((_, i) => (i > ids.length / 2 ? 1 : 0))) };
}
const LENGTHS = [7, 1, 33, 16, 64, 2, 9, 16, 5];

type Output = Record<string, FloatArray>;
const ragged = (model: AnyConvBert, inputs: ReturnType<typeof batch>) =>
  model.forwardRagged(inputs) as unknown as Promise<Output[]>;

/** `forward` on a batch of one, without the axis of the batch. */
async function alone(model: AnyConvBert, ids: number[], types: number[]): Promise<Record<string, number[]>> {
  const isChoice = model instanceof ConvBertForMultipleChoice;
  const output = (await (model as ConvBertForTokenClassification).forward(
    isChoice
      ? { input_ids: [[ids]] as never, token_type_ids: [[types]] as never }
      : { input_ids: [ids], token_type_ids: [types] },
  )) as unknown as Output;
  return Object.fromEntries(Object.entries(output).map(([field, { data }]) => [field, [...data]]));
}

describe.each([
  ["wasm", "float32"],
  ["wasm", "int8"],
  ["reference", "float32"],
  ["reference", "int8"],
] as const)("without padding, on the %s backend in %s,", (backend, dtype) => {
  it.each(Object.keys(MODEL_CLASSES) as ModelName[])("%s equals running each sequence alone", async (name) => {
    using model = await (MODEL_CLASSES[name] as typeof MODEL_CLASSES.ConvBertModel).fromConfig(CONFIG, {
      backend,
      dtype,
      seed: 3,
    });
    const inputs = batch(backend === "wasm" ? LENGTHS : LENGTHS.slice(0, 4));
    const outputs = await ragged(model, inputs);
    expect(outputs).toHaveLength(inputs.sequences.length);
    for (const [index, output] of outputs.entries()) {
      const expected = await alone(model, inputs.sequences[index]!, inputs.token_type_ids[index]!);
      expect(Object.keys(output)).toEqual(Object.keys(expected));
      for (const [field, { data }] of Object.entries(output)) {
        // Not only close: the same sums in the same order.
        expect([...data], `${field} of ${index}`).toEqual(expected[field]);
      }
    }
    const { liveBlocks } = model.backend.memory();
    await ragged(model, inputs);
    expect(model.backend.memory().liveBlocks).toBe(liveBlocks);
  });

  it("a decoder's mask is causal within each sequence", async () => {
    using model = await MODEL_CLASSES.ConvBertModel.fromConfig(
      { ...CONFIG, is_decoder: true },
      { backend, dtype, seed: 3 },
    );
    const inputs = batch([5, 1, 17]);
    for (const [index, { last_hidden_state: states }] of (await model.forwardRagged(inputs)).entries()) {
      const { last_hidden_state: expected } = await alone(
        model,
        inputs.sequences[index]!,
        inputs.token_type_ids[index]!,
      );
      expect([...states.data]).toEqual(expected);
    }
  });
});

describe("shapes and arguments", () => {
  const make = () => ConvBertForMaskedLM.fromConfig(CONFIG, { seed: 1 });

  it("have no axis of the batch", async () => {
    const inputs = { sequences: [[1, 2, 3], [4]] };
    using sequence = await ConvBertForSequenceClassification.fromConfig({ ...CONFIG, num_labels: 3 });
    using token = await ConvBertForTokenClassification.fromConfig({ ...CONFIG, num_labels: 3 });
    using question = await ConvBertForQuestionAnswering.fromConfig(CONFIG);
    using choice = await ConvBertForMultipleChoice.fromConfig(CONFIG);
    const shapes = (outputs: { logits: FloatArray }[]) => outputs.map(({ logits }) => logits.shape);
    expect(shapes(await sequence.forwardRagged(inputs))).toEqual([[3], [3]]);
    expect(shapes(await token.forwardRagged(inputs))).toEqual([
      [3, 3],
      [1, 3],
    ]);
    expect(shapes(await choice.forwardRagged(inputs))).toEqual([[1], [1]]);
    const [first, second] = await question.forwardRagged(inputs);
    expect([first!.start_logits.shape, second!.end_logits.shape]).toEqual([[3], [1]]);
  });

  it("of masked language models: only the positions that are asked for", async () => {
    using model = await make();
    const { sequences } = batch([7, 3, 12]);
    const all = await model.forwardRagged({ sequences });
    const some = await model.forwardRagged({ sequences, positions: [[6, 0], [], [3]] });
    expect(some.map(({ logits }) => logits.shape)).toEqual([
      [2, 131],
      [0, 131],
      [1, 131],
    ]);
    const row = (index: number, position: number) =>
      all[index]!.logits.data.slice(position * 131, (position + 1) * 131);
    expect(some[0]!.logits.data).toEqual(Float32Array.of(...row(0, 6), ...row(0, 0)));
    expect(some[2]!.logits.data).toEqual(row(2, 3));
    const none = await model.forwardRagged({ sequences, positions: [[], [], []] });
    expect(none.map(({ logits }) => logits.shape)).toEqual([
      [0, 131],
      [0, 131],
      [0, 131],
    ]);
    await expect(model.forwardRagged({ sequences, positions: [[7], [], []] })).rejects.toThrow(/7 is no position of/);
    await expect(model.forwardRagged({ sequences, positions: [[]] })).rejects.toThrow(/one list of positions/);
    await expect(model.forwardRagged({ sequences: [] })).rejects.toThrow(/no tokens/);
    await expect(model.forwardRagged({ sequences, input_ids: [[1]] } as never)).rejects.toThrow(/input_ids/);
  });

  it("stop at an abort and stay usable", async () => {
    using model = await make();
    const controller = new AbortController();
    const run = model.forwardRagged({ sequences: [[1, 2]] }, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(run).rejects.toThrow("enough");
    expect(await model.forwardRagged({ sequences: [[1, 2]] })).toHaveLength(1);
  });
});
