import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFiles } from "@convbert/files";
import { sharedBackend } from "@convbert/tensor";
import ndarray from "ndarray";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CheckpointError,
  ConfigError,
  ConvBertConfig,
  type ConvBertInputs,
  ConvBertModel,
  DisposedModelError,
  type FloatArray,
  InputError,
  MissingWeightsError,
  type RaggedInputs,
} from "../src/index.js";

const TINY = {
  vocab_size: 31,
  hidden_size: 24,
  embedding_size: 12,
  num_hidden_layers: 3,
  num_attention_heads: 6,
  intermediate_size: 20,
  max_position_embeddings: 16,
  conv_kernel_size: 5,
  pad_token_id: 0,
  initializer_range: 0.4,
};
const IDS = [
  [3, 4, 5, 6, 7],
  [8, 9, 10, 11, 12],
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "convbert-model-"));
});
afterAll(() => rm(folder, { recursive: true }));

function largestDifference(a: FloatArray, b: FloatArray): number {
  expect(a.shape).toEqual(b.shape);
  return a.data.reduce((largest, value, index) => Math.max(largest, Math.abs(value - b.data[index]!)), 0);
}

describe.each(["reference", "wasm"] as const)("ConvBertModel on the %s backend", (backend) => {
  const make = (config = {}) => ConvBertModel.fromConfig({ ...TINY, ...config }, { backend, seed: 5 });

  it("starts as the reference does: normal weights, zero biases and padding row, unit LayerNorms", async () => {
    using model = await make();
    const read = (name: string) => model.parameter(name)!.read();
    expect([...read("encoder.layer.0.attention.self.query.bias")].every((value) => value === 0)).toBe(true);
    expect([...read("embeddings.LayerNorm.weight")].every((value) => value === 1)).toBe(true);
    const words = read("embeddings.word_embeddings.weight");
    expect([...words.subarray(0, 12)]).toEqual(new Array(12).fill(0));
    expect(words.subarray(12).every((value) => value !== 0)).toBe(true);
    const dense = read("encoder.layer.1.intermediate.dense.weight");
    const deviation = Math.sqrt(dense.reduce((sum, value) => sum + value * value, 0) / dense.length);
    expect(deviation).toBeGreaterThan(0.3);
    expect(deviation).toBeLessThan(0.5);
    using again = await make();
    expect(again.parameter("encoder.layer.1.intermediate.dense.weight")!.read()).toEqual(dense);
  });

  it.each([
    ["safetensors", "float32", undefined, 0],
    ["pytorch", "float32", undefined, 0],
    ["safetensors", "float32", "4KB", 0],
    ["safetensors", "float16", undefined, 0.01],
  ] as const)("saves as %s %s (shards %s) and loads the same", async (format, dtype, maxShardSize, tolerance) => {
    using model = await make({ num_groups: 2 });
    const place = join(folder, `${backend}-${format}-${dtype}-${maxShardSize}`);
    await model.savePretrained(place, { format, dtype, ...(maxShardSize && { maxShardSize }) });
    using loaded = await ConvBertModel.fromPretrained(place, { backend });
    expect(loaded.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    expect(loaded.config.toJSON()).toMatchObject({ num_groups: 2, architectures: ["ConvBertModel"] });
    for (const { name, shape, read } of model.parameters()) {
      const values = loaded.parameter(name)!.read();
      const gap = read().reduce((largest, value, index) => Math.max(largest, Math.abs(value - values[index]!)), 0);
      expect([name, loaded.parameter(name)!.shape, gap <= tolerance]).toEqual([name, shape, true]);
    }
  });

  it("takes nested lists, shaped data and ndarrays alike", async () => {
    using model = await make();
    const { last_hidden_state: expected } = await model.forward({ input_ids: IDS });
    const flat = IDS.flat();
    const transposed = ndarray(Int32Array.from(flat.map((_, i) => IDS[i % 2]![i >> 1]!)), [5, 2]).transpose(1, 0);
    for (const input_ids of [
      { data: BigInt64Array.from(flat.map(BigInt)), shape: [2, 5] },
      { data: flat, shape: [2, 5] },
      ndarray(Int32Array.from(flat), [2, 5]),
      transposed,
    ]) {
      expect((await model.forward({ input_ids })).last_hidden_state.data).toEqual(expected.data);
    }
  });

  it("runs ragged batches exactly as each sequence alone", async () => {
    using model = await make();
    const sequences = [[3, 4, 5], [6], [7, 8, 9, 10, 11, 12, 13], [14, 15]];
    using ragged = await model.encodeRagged({ sequences });
    const all = ragged.lastHiddenState.toArray();
    let start = 0;
    for (const sequence of sequences) {
      const alone = (await model.forward({ input_ids: [sequence] })).last_hidden_state;
      const own = all.data.slice(start * 24, (start + sequence.length) * 24);
      const gap = own.reduce((largest, value, index) => Math.max(largest, Math.abs(value - alone.data[index]!)), 0);
      expect(gap).toBeLessThan(1e-5);
      start += sequence.length;
    }
  });

  it("prunes heads: the same as with their outputs removed, saved and loaded again", async () => {
    using model = await make();
    using pruned = await make();
    pruned.pruneHeads({ 0: [1], 2: [0] });
    pruned.pruneHeads({ 2: [2] });
    // Head h feeds columns 4h.. of the attention half and 12 + 4h.. of the convolution half of output.dense.
    for (const [layer, heads] of [
      [0, [1]],
      [2, [0, 2]],
    ] as const) {
      const parameter = model.parameter(`encoder.layer.${layer}.attention.output.dense.weight`)!;
      const values = parameter.read();
      for (let row = 0; row < 24; row++) {
        for (const head of heads) {
          values.fill(0, row * 24 + head * 4, row * 24 + head * 4 + 4);
          values.fill(0, row * 24 + 12 + head * 4, row * 24 + 12 + head * 4 + 4);
        }
      }
      parameter.write(0, values);
    }
    const expected = (await model.forward({ input_ids: IDS })).last_hidden_state;
    expect(largestDifference((await pruned.forward({ input_ids: IDS })).last_hidden_state, expected)).toBeLessThan(
      1e-5,
    );
    expect(pruned.config.pruned_heads).toEqual({ 0: [1], 2: [0, 2] });
    expect(pruned.parameter("encoder.layer.2.attention.self.key.weight")!.shape).toEqual([4, 24]);
    expect(pruned.parameter("encoder.layer.2.attention.self.conv_kernel_layer.weight")!.shape).toEqual([5, 12]);
    expect(pruned.numParameters()).toBeLessThan(model.numParameters());

    const place = join(folder, `${backend}-pruned`);
    await pruned.savePretrained(place);
    using loaded = await ConvBertModel.fromPretrained(place, { backend });
    expect(largestDifference((await loaded.forward({ input_ids: IDS })).last_hidden_state, expected)).toBeLessThan(
      1e-5,
    );
    const masked = await loaded.forward({ input_ids: IDS, head_mask: [1, 1, 1], output_attentions: true });
    expect(masked.attentions!.map(({ shape }) => shape[1])).toEqual([2, 3, 1]);
    expect(() => loaded.pruneHeads({ 2: [1] })).toThrow("pruned_heads");
  });

  it("resizes the vocabulary and replaces the embeddings", async () => {
    using model = await make();
    const before = model.getInputEmbeddings();
    const expected = (await model.forward({ input_ids: IDS })).last_hidden_state;
    expect(model.resizeTokenEmbeddings(33, { padToMultipleOf: 8 })).toBe(40);
    expect(model.config.vocab_size).toBe(40);
    expect(model.getInputEmbeddings().data.subarray(0, before.size)).toEqual(before.data);
    expect((await model.forward({ input_ids: IDS })).last_hidden_state.data).toEqual(expected.data);
    await model.forward({ input_ids: [[39]] });
    model.resizeTokenEmbeddings(20);
    await expect(model.forward({ input_ids: [[20]] })).rejects.toThrow("outside 0 to 19");
    model.setInputEmbeddings(before);
    expect((await model.forward({ input_ids: IDS })).last_hidden_state.data).toEqual(expected.data);
    expect(() => model.setInputEmbeddings([[1, 2]])).toThrow(InputError);
  });

  it("keeps a decoder's cross-attention, which no argument runs", async () => {
    const config = { is_decoder: true, add_cross_attention: true };
    using plain = await make({ is_decoder: true });
    using model = await make(config);
    const extra = [...model.parameters()].filter(({ name }) => name.includes(".crossattention."));
    expect(extra.length).toBe(3 * 17);
    expect([...model.parameters()].length).toBe([...plain.parameters()].length + extra.length);
    const names = [...model.parameters()].map(({ name }) => name.replace(/(layer\.0\.\w+).*/, "$1"));
    const order = [...new Set(names.filter((name) => name.includes("layer.0.")))];
    expect(order.map((name) => name.split(".").at(-1))).toEqual([
      "attention",
      "crossattention",
      "intermediate",
      "output",
    ]);
    const place = join(folder, `${backend}-cross`);
    await model.savePretrained(place);
    using loaded = await ConvBertModel.fromPretrained(place, { backend });
    expect(loaded.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    for (const { name, read } of extra) {
      expect(loaded.parameter(name)!.read()).toEqual(read());
    }
    const { last_hidden_state: expected } = await model.forward({ input_ids: IDS });
    expect((await loaded.forward({ input_ids: IDS })).last_hidden_state.data).toEqual(expected.data);
  });

  it("computes with int8 weights in a quarter of the memory, close to float32", async () => {
    const wide = { ...TINY, hidden_size: 128, embedding_size: 64, num_attention_heads: 4, intermediate_size: 192 };
    using float = await ConvBertModel.fromConfig({ ...wide, initializer_range: 0.05 }, { backend, seed: 3 });
    const place = join(folder, `${backend}-int8`);
    await float.savePretrained(place);
    using int8 = await ConvBertModel.fromPretrained(place, { backend, dtype: "int8" });
    const expected = (await float.forward({ input_ids: IDS })).last_hidden_state;
    const actual = (await int8.forward({ input_ids: IDS })).last_hidden_state;
    const gap = largestDifference(actual, expected);
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(0.1);
    const name = "encoder.layer.0.output.dense.weight";
    const [rounded, exact] = [int8, float].map((model) => model.parameter(name)!.read());
    const largest = exact!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    exact!.forEach((value, i) => {
      expect(Math.abs(rounded![i]! - value)).toBeLessThanOrEqual((largest / 127) * 0.501);
    });
    const again = join(folder, `${backend}-int8-again`);
    await int8.savePretrained(again);
    using reloaded = await ConvBertModel.fromPretrained(again, { backend, dtype: "int8" });
    expect((await reloaded.forward({ input_ids: IDS })).last_hidden_state.data).toEqual(actual.data);
  });

  it("makes a decoder's mask causal", async () => {
    using model = await make({ is_decoder: true });
    const { attentions } = await model.forward({ input_ids: IDS, output_attentions: true });
    for (const probabilities of attentions!) {
      expect(probabilities.get(0, 0, 1, 2)).toBe(0);
      expect(probabilities.get(0, 0, 0, 0)).toBe(1);
    }
  });

  it("stops at an abort and stays usable", async () => {
    using model = await make();
    const reason = new Error("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 0);
    const endless = (async () => {
      for (;;) {
        await model.forward({ input_ids: IDS }, { signal: controller.signal });
      }
    })();
    await expect(endless).rejects.toBe(reason);
    await model.forward({ input_ids: IDS });
  });

  it("frees everything it takes", async () => {
    const { memory } = await sharedBackend({ backend }).then((shared) => ({ memory: () => shared.memory() }));
    const before = memory().liveBlocks;
    const model = await make();
    const loaded = memory().liveBlocks;
    for (let i = 0; i < 20; i++) {
      await model.forward({ input_ids: IDS, output_hidden_states: true, output_attentions: true });
    }
    await model.forward({ input_ids: [[99]] }).catch(() => undefined);
    expect(memory().liveBlocks).toBe(loaded);
    model.resizeTokenEmbeddings(50);
    model.pruneHeads({ 1: [0] });
    expect(memory().liveBlocks).toBe(loaded);
    model.dispose();
    model.dispose();
    expect(memory().liveBlocks).toBe(before);
  });

  it.each([
    [{}, "either input_ids or inputs_embeds"],
    [{ input_ids: [[1]], inputs_embeds: [[new Array(12).fill(0)]] }, "both input_ids and inputs_embeds"],
    [{ input_ids: [1, 2] }, "expected [batch, length]"],
    [{ input_ids: [[1, 2], [3]] }, "different lengths"],
    [{ input_ids: [[1.5]] }, "integers"],
    [{ input_ids: [[-1]] }, "outside 0 to 30"],
    [{ input_ids: [[31]] }, "outside 0 to 30"],
    [{ input_ids: [[]] }, "no tokens"],
    [{ input_ids: [new Array(17).fill(1)] }, "max_position_embeddings"],
    [{ input_ids: [[1, 2]], attention_mask: [[1]] }, "attention_mask"],
    [{ input_ids: [[1, 2]], attention_mask: [[1, Number.NaN]] }, "attention_mask: expected finite"],
    [{ input_ids: [[1, 2]], attention_mask: [[1, -Infinity]] }, "attention_mask: expected finite"],
    [{ input_ids: [[1, 2]], attention_mask: [[1, -10_000]] }, "attention_mask: expected 1"],
    [{ input_ids: [[1, 2]], attention_masks: [[1, 0]] }, "did you mean attention_mask?"],
    [{ input_ids: [[1, null]] }, "input_ids: expected integers of 32 bits, got null"],
    [{ input_ids: [["", "a"]] }, "input_ids: expected integers"],
    [{ input_ids: { data: [1, 2], shape: [-1, -2] } }, "is no shape"],
    [{ input_ids: { data: null, shape: [1] } }, "expected nested lists"],
    [{ input_ids: { data: [1], shape: 1 } }, "expected nested lists"],
    [{ inputs_embeds: [[new Array(12).fill(Number.NaN)]] }, "inputs_embeds: expected finite"],
    [{ inputs_embeds: [[new Array(12).fill(1e39)]] }, "inputs_embeds: expected finite"],
    [{ input_ids: [[1, 2]], head_mask: [1, Infinity, 1] }, "head_mask: expected finite"],
    [null, "inputs: expected an object"],
    [[[1, 2]], "inputs: expected an object"],
    [{ input_ids: [[1, 2]], token_type_ids: [[0, 2]] }, "type_vocab_size"],
    [{ input_ids: [[1, 2]], position_ids: [[0, 16]] }, "max_position_embeddings"],
    [{ input_ids: [[1, 2]], head_mask: [1, 1] }, "head_mask"],
    [{ inputs_embeds: [[[1, 2]]] }, "embedding_size"],
    [{ input_ids: { data: [1, 2, 3], shape: [1, 2] } }, "has 2 elements"],
  ])("answers %j with one clear error", async (inputs, message) => {
    using model = await make();
    const answer = model.forward(inputs as ConvBertInputs);
    await expect(answer).rejects.toThrow(InputError);
    await expect(answer).rejects.toThrow(message);
  });

  it.each([
    [{ sequences: [[1], []] }, "no tokens"],
    [{ sequences: [] }, "no tokens"],
    [{ sequences: [[1], null] }, "no tokens"],
    [{ sequences: [[40]] }, "outside 0 to 30"],
    [{ sequence: [[1]] }, "did you mean sequences?"],
    [{ sequences: 5 }, "sequences: expected a list"],
    [{ sequences: [[1], [2]], token_type_ids: [[0]] }, "token_type_ids: expected a list"],
    [{ sequences: [[1, 2]], token_type_ids: [[0]] }, "token_type_ids"],
  ])("answers the ragged batch %j with one clear error", async (inputs, message) => {
    using model = await make();
    const run = async () => model.encodeRagged(inputs as unknown as RaggedInputs);
    await expect(run()).rejects.toThrow(InputError);
    await expect(run()).rejects.toThrow(message);
  });

  it.each([{ 0: null }, { "-1": [0] }, { 9: [0] }, { 0: [7] }, null])("refuses to prune %j", async (heads) => {
    using model = await make();
    const before = [...model.parameters()].map(({ shape }) => shape);
    expect(() => model.pruneHeads(heads as never)).toThrow(ConfigError);
    expect([...model.parameters()].map(({ shape }) => shape)).toEqual(before);
  });

  it("refuses element types and formats that it does not have", async () => {
    using model = await make();
    const place = join(folder, `${backend}-types`);
    await model.savePretrained(place);
    for (const dtype of ["int4", "float64"] as never[]) {
      await expect(ConvBertModel.fromPretrained(place, { backend, dtype })).rejects.toThrow(InputError);
      await expect(ConvBertModel.fromConfig(TINY, { backend, dtype })).rejects.toThrow("dtype");
      await expect(model.savePretrained(place, { dtype })).rejects.toThrow("dtype");
    }
    await expect(model.savePretrained(place, { format: "onnx" as never })).rejects.toThrow("format");
    await expect(ConvBertModel.fromPretrained(place, { backend, useSafetensors: false })).rejects.toThrow(
      "pytorch_model.bin",
    );
  });

  it("stops between layers when it is disposed, and cannot be used afterwards", async () => {
    const model = await make();
    const running = model.forward({ input_ids: IDS }, { signal: new AbortController().signal });
    model.dispose();
    await expect(running).rejects.toThrow(DisposedModelError);
    await expect(model.forward({ input_ids: IDS })).rejects.toThrow("ConvBertModel: the model was disposed");
    expect(() => model.parameter("embeddings.word_embeddings.weight")!.read()).toThrow(DisposedModelError);
  });

  it("leaves a set of files open for its owner", async () => {
    using model = await make();
    const saved = new Map<string, Blob>();
    await model.savePretrained(saved);
    const files = await openFiles(Object.fromEntries(saved));
    let closed = 0;
    const watched = { ...files, close: async () => void closed++ };
    using _loaded = await ConvBertModel.fromPretrained(watched, { backend });
    expect(closed).toBe(0);
  });

  it("reports what a checkpoint lacks and refuses what does not fit", async () => {
    using model = await make();
    const place = join(folder, `${backend}-other`);
    await model.savePretrained(place);
    const warnings: string[] = [];
    const deepened = { backend, config: { num_hidden_layers: 4 } };
    await expect(ConvBertModel.fromPretrained(place, deepened)).rejects.toThrow(MissingWeightsError);
    await expect(ConvBertModel.fromPretrained(place, { ...deepened, allowNewHead: true })).rejects.toThrow(
      /only some of the encoder's weights.*encoder\.layer\.3\..*allowNewWeights/,
    );
    using deeper = await ConvBertModel.fromPretrained(place, {
      ...deepened,
      allowNewWeights: true,
      onWarning: (text) => warnings.push(text),
    });
    expect(deeper.loadReport!.missing).toContain("encoder.layer.3.output.dense.weight");
    expect(warnings.join()).toContain("newly initialized");
    const narrower = { backend, config: { intermediate_size: 10 } };
    await expect(ConvBertModel.fromPretrained(place, narrower)).rejects.toThrow(CheckpointError);
    using forced = await ConvBertModel.fromPretrained(place, {
      ...narrower,
      ignoreMismatchedSizes: true,
      onWarning: (text) => warnings.push(text),
    });
    expect(forced.loadReport!.mismatched.length).toBe(9);
    expect(new ConvBertConfig(forced.config.toJSON()).intermediate_size).toBe(10);
  });
});

describe("large batches", () => {
  it.each(["float32", "int8"] as const)(
    "gives each row of a large batch the bits that it has alone, as %s",
    async (dtype) => {
      using model = await ConvBertModel.fromConfig(
        { ...TINY, max_position_embeddings: 128 },
        { backend: "wasm", dtype, seed: 5 },
      );
      // More rows than the products take at a time, and lengths that no tile divides.
      const input_ids = Array.from({ length: 7 }, (_, row) =>
        Array.from({ length: 90 }, (_, i) => 1 + ((row * 11 + i * 7) % 30)),
      );
      const attention_mask = input_ids.map((ids, row) => ids.map((_, i) => (i < 90 - 9 * row ? 1 : 0)));
      const together = await model.forward({ input_ids, attention_mask, output_hidden_states: true });
      for (const [row, ids] of input_ids.entries()) {
        const alone = await model.forward({ input_ids: [ids], attention_mask: [attention_mask[row]!] });
        const size = alone.last_hidden_state.data.length;
        expect(together.last_hidden_state.data.slice(row * size, (row + 1) * size)).toEqual(
          alone.last_hidden_state.data,
        );
      }
      const { last_hidden_state } = await model.forward({ input_ids, attention_mask, output_attentions: true });
      expect(last_hidden_state.data).toEqual(together.last_hidden_state.data);
    },
  );
});
