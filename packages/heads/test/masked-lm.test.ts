import { openWeights, weightFiles } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { InputError } from "@convbert/model";
import { sharedBackend } from "@convbert/tensor";
import { describe, expect, it } from "vitest";
import { ConvBertForMaskedLM } from "../src/index.js";

const TINY = {
  vocab_size: 31,
  hidden_size: 24,
  embedding_size: 12,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 16,
  pad_token_id: 0,
  initializer_range: 0.4,
};
const WORDS = "convbert.embeddings.word_embeddings.weight";
const DECODER = "generator_lm_head.weight";
const BIAS = "generator_lm_head.bias";
const IDS = [[3, 4, 5, 6, 7]];

describe.each(["reference", "wasm"] as const)("ConvBertForMaskedLM on the %s backend", (backend) => {
  const make = (config = {}) => ConvBertForMaskedLM.fromConfig({ ...TINY, ...config }, { backend, seed: 5 });
  const values = (model: ConvBertForMaskedLM, name: string) => model.parameter(name)!.read();

  it("holds the tied table once", async () => {
    const live = async () => (await sharedBackend({ backend })).memory().liveBytes;
    const big = { vocab_size: 5000 };
    const measure = async (config: object) => {
      const before = await live();
      using _model = await make(config);
      return (await live()) - before;
    };
    const table = 5000 * TINY.embedding_size * 4;
    const tied = await measure(big);
    const untied = await measure({ ...big, tie_word_embeddings: false });
    expect(untied - tied).toBeGreaterThan(0.9 * table);
    expect(tied).toBeLessThan(1.5 * table);
  });

  it("computes the same tied as untied with equal weights", async () => {
    using tied = await make();
    using untied = await make({ tie_word_embeddings: false });
    for (const { name, write } of untied.parameters()) {
      write(0, values(tied, name));
    }
    expect(tied.parameter(DECODER)!.tiedTo).toBe(WORDS);
    expect(untied.parameter(DECODER)!.tiedTo).toBeUndefined();
    const input = { input_ids: IDS, labels: IDS };
    const expected = await untied.forward(input);
    const got = await tied.forward(input);
    expect(got.logits.data).toEqual(expected.logits.data);
    expect(got.loss).toBe(expected.loss);
    expect(untied.numParameters() - tied.numParameters()).toBe(31 * 12);
  });

  it("writes through either name of the tied weight", async () => {
    using model = await make();
    const changed = values(model, WORDS).map((value) => value / 2);
    model.parameter(DECODER)!.write(0, changed);
    expect(values(model, WORDS)).toEqual(changed);
    expect(model.getInputEmbeddings().data).toEqual(changed);
  });

  it("keeps ties when the vocabulary grows, shrinks or is replaced", async () => {
    using model = await make();
    model.parameter(BIAS)!.write(
      0,
      Float32Array.from({ length: 31 }, (_, index) => index),
    );
    const before = await model.forward({ input_ids: IDS });
    const words = model.getInputEmbeddings();
    expect(model.resizeTokenEmbeddings(33, { padToMultipleOf: 8, seed: 1 })).toBe(40);
    expect(values(model, DECODER)).toEqual(values(model, WORDS));
    expect([...values(model, BIAS)]).toEqual([...Array(31).keys(), ...Array(9).fill(0)]);
    const wider = await model.forward({ input_ids: [[...IDS[0]!.slice(0, 5)]] });
    expect(wider.logits.shape).toEqual([1, 5, 40]);
    for (let token = 0; token < 5; token++) {
      for (let word = 0; word < 31; word++) {
        expect(wider.logits.get(0, token, word)).toBeCloseTo(before.logits.get(0, token, word), 5);
      }
    }
    expect(values(model, WORDS).subarray(31 * 12)).not.toContain(0);
    await model.forward({ input_ids: [[39]] });

    expect(model.resizeTokenEmbeddings(31)).toBe(31);
    expect((await model.forward({ input_ids: IDS })).logits.data).toEqual(before.logits.data);
    model.setInputEmbeddings({ data: words.data.map((value) => -value), shape: [31, 12] });
    expect(values(model, DECODER)).toEqual(words.data.map((value) => -value));
    expect(model.config.vocab_size).toBe(31);
  });

  it("draws an untied decoder's new rows and keeps the old", async () => {
    using model = await make({ tie_word_embeddings: false });
    const decoder = values(model, DECODER);
    model.resizeTokenEmbeddings(36, { seed: 3 });
    const grown = values(model, DECODER);
    expect(grown.subarray(0, decoder.length)).toEqual(decoder);
    expect(grown.subarray(decoder.length)).not.toContain(0);
    expect(grown.subarray(decoder.length)).not.toEqual(values(model, WORDS).subarray(decoder.length));
    expect(values(model, BIAS).subarray(31)).toEqual(new Float32Array(5));
    expect((await model.forward({ input_ids: IDS })).logits.shape).toEqual([1, 5, 36]);
  });

  it.each([
    ["safetensors", undefined, [WORDS]],
    ["safetensors", "4KB", [WORDS]],
    ["pytorch", undefined, [WORDS, DECODER]],
    ["pytorch", "4KB", [WORDS, DECODER]],
  ] as const)("saves the tied weight once as %s (shards %s) and loads it", async (format, maxShardSize, names) => {
    using model = await make();
    const expected = await model.forward({ input_ids: IDS });
    const saved = new Map<string, Blob>();
    await model.savePretrained(saved, { format, ...(maxShardSize && { maxShardSize }) });
    const files = await openFiles(Object.fromEntries(saved));
    const reader = await openWeights(files);
    expect([WORDS, DECODER].filter((name) => reader.tensors.has(name))).toEqual(names);
    await reader.close();
    expect([...saved.keys()].some((name) => name.endsWith("index.json"))).toBe(maxShardSize !== undefined);
    const bytes = [...saved.values()].reduce((sum, blob) => sum + blob.size, 0);
    expect(bytes).toBeLessThan(model.numParameters() * 4 + 31 * 12 * 4 + 20_000);
    using loaded = await ConvBertForMaskedLM.fromPretrained(Object.fromEntries(saved), { backend });
    expect(loaded.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    expect((await loaded.forward({ input_ids: IDS })).logits.data).toEqual(expected.logits.data);
  });

  it("gives and takes its output embeddings, which are the input's where they are tied", async () => {
    using model = await make();
    expect(model.getOutputEmbeddings().shape).toEqual([31, 12]);
    expect(model.getOutputEmbeddings().data).toEqual(model.getInputEmbeddings().data);
    const table = Float32Array.from({ length: 33 * 12 }, (_, i) => Math.sin(i));
    model.setOutputEmbeddings({ data: table, shape: [33, 12] });
    expect(model.getInputEmbeddings().data).toEqual(table);
    expect(model.config.vocab_size).toBe(33);
    expect((await model.forward({ input_ids: IDS })).logits.shape).toEqual([1, 5, 33]);

    using apart = await make({ tie_word_embeddings: false });
    const words = apart.getInputEmbeddings().data;
    const before = (await apart.forward({ input_ids: IDS })).logits.data;
    const doubled = apart.getOutputEmbeddings().data.map((value) => 2 * value);
    apart.setOutputEmbeddings({ data: doubled, shape: [31, 12] });
    expect(apart.getOutputEmbeddings().data).toEqual(doubled);
    expect(apart.getInputEmbeddings().data).toEqual(words);
    // The biases of a new model are zero.
    const after = (await apart.forward({ input_ids: IDS })).logits.data;
    expect(Math.max(...after.map((value, i) => Math.abs(value - 2 * before[i]!)))).toBeLessThan(1e-4);
    expect(() => apart.setOutputEmbeddings({ data: table, shape: [33, 12] })).toThrow(InputError);
    expect(() => apart.setOutputEmbeddings([[1, Number.NaN]])).toThrow(InputError);
    expect(apart.convbert.getOutputEmbeddings()).toBeNull();
    apart.dispose();
    expect(() => apart.getOutputEmbeddings()).toThrow("disposed");
  });

  it("loads a checkpoint that has only the decoder's name, and reports a decoder that it lacks", async () => {
    using model = await make();
    const tensors = (skip: string, keep?: string) =>
      [...model.parameters()]
        .filter(({ name }) => name !== skip && (keep === undefined || name.startsWith(keep)))
        .map(({ name, shape, read }) => ({ name, shape, dtype: "F32" as const, data: read }));
    const pack = async (list: ReturnType<typeof tensors>) => {
      const parts: BlobPart[] = [];
      const contents = (await weightFiles(list, { metadata: { format: "pt" } })).files.get("model.safetensors");
      for await (const piece of contents as AsyncIterable<Uint8Array>) {
        parts.push(piece.slice());
      }
      return { "config.json": JSON.stringify(model.config), "model.safetensors": new Blob(parts) };
    };
    using loaded = await ConvBertForMaskedLM.fromPretrained(await pack(tensors(WORDS)), { backend });
    expect(loaded.loadReport!.missing).toEqual([]);
    expect(values(loaded, WORDS)).toEqual(values(model, WORDS));

    // The reference's two parameters are one, which ends with what it reads last: the head's.
    const halved = tensors("").map((tensor) =>
      tensor.name === DECODER ? { ...tensor, data: () => tensor.data().map((value) => value / 2) } : tensor,
    );
    using conflicting = await ConvBertForMaskedLM.fromPretrained(await pack(halved), { backend });
    expect(values(conflicting, WORDS)).toEqual(values(model, WORDS).map((value) => value / 2));

    const warnings: string[] = [];
    using encoder = await ConvBertForMaskedLM.fromPretrained(await pack(tensors(DECODER, "convbert.")), {
      backend,
      allowNewHead: true,
      onWarning: (text) => warnings.push(text),
    });
    expect(encoder.loadReport!.missing).toEqual([
      "generator_predictions.LayerNorm.weight",
      "generator_predictions.LayerNorm.bias",
      "generator_predictions.dense.weight",
      "generator_predictions.dense.bias",
      BIAS,
    ]);
    expect(warnings.join()).toContain("generator_predictions.dense.weight");
  });
});
