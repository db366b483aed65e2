import { FilesError } from "@convbert/files";
import { describe, expect, it } from "vitest";
import { hostileJson } from "../../../tooling/config/hostile-json.ts";
import { type Random, seeded } from "../../../tooling/config/seeded.ts";
import { CheckpointError, ConfigError, type ConvBertConfigInit, ConvBertModel } from "../src/index.js";

const TINY = {
  model_type: "convbert",
  vocab_size: 31,
  hidden_size: 16,
  embedding_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 10,
  type_vocab_size: 2,
  pad_token_id: 0,
  bos_token_id: null,
  eos_token_id: null,
  conv_kernel_size: 3,
  head_ratio: 2,
  num_groups: 1,
  hidden_act: "gelu",
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  classifier_dropout: null,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  id2label: { 0: "no", 1: "yes" },
  label2id: { no: 0, yes: 1 },
  architectures: ["ConvBertModel"],
  pruned_heads: {},
  problem_type: null,
  summary_type: "last",
  output_attentions: false,
  is_decoder: false,
  tie_word_embeddings: true,
  torch_dtype: "float32",
};

const quiet = { backend: "reference", onWarning: () => undefined } as const;

const weights = await (async () => {
  using model = await ConvBertModel.fromConfig(TINY as ConvBertConfigInit, { backend: "reference", seed: 1 });
  const saved = new Map<string, Blob>();
  await model.savePretrained(saved);
  return saved.get("model.safetensors")!;
})();

const load = (config: string, options = {}) =>
  ConvBertModel.fromPretrained({ "config.json": config, "model.safetensors": weights }, { ...quiet, ...options });

async function refusal(config: string, options = {}): Promise<Error> {
  return load(config, options).then(
    () => expect.unreachable("it loaded"),
    (error: Error) => error,
  );
}

const changed = (fields: object) => JSON.stringify({ ...TINY, ...fields });
const deep = (levels: number, open = "[", close = "]") => open.repeat(levels) + close.repeat(levels);

describe("config.json of unknown origin", () => {
  it.each<[string, string, string]>([
    ["30 million labels", changed({ num_labels: 30_000_000, id2label: undefined, label2id: undefined }), "num_labels"],
    ["a million labels", changed({ num_labels: 2 ** 20, id2label: undefined, label2id: undefined }), "num_labels"],
    ["a negative count", changed({ num_labels: -1, id2label: null }), "num_labels"],
    ["toString of null in the type", '{"model_type":{"toString":null}}', "model_type"],
    ["toString of null in a count", changed({ vocab_size: { toString: null } }), "vocab_size"],
    ["toString of null in a name", changed({ hidden_act: { toString: null } }), "hidden_act"],
    ["toString of null in a label", changed({ id2label: { 0: { toString: null } } }), "id2label"],
    ["toString of null in an index", changed({ label2id: { a: { toString: null } } }), "label2id"],
    ["toString of null in a head", changed({ pruned_heads: { 0: [{ toString: null }] } }), "pruned_heads"],
    ["toString of null in a class", changed({ architectures: [{ toString: null }] }), "architectures"],
    ["text for a flag", changed({ is_decoder: "no" }), "is_decoder"],
    ["a number for a flag", changed({ tie_word_embeddings: 1 }), "tie_word_embeddings"],
    ["text for a token", changed({ eos_token_id: "[SEP]" }), "eos_token_id"],
    ["a list of labels' names within", changed({ id2label: { 0: ["a"] } }), "id2label"],
    ["half a class", changed({ label2id: { a: 0.5 } }), "label2id"],
    ["a key of the prototype", changed({ id2label: { constructor: "a" } }), "id2label"],
    ["200,000 levels in a field", `{"vocab_size":${deep(200_000)}}`, "vocab_size"],
    ["200,000 levels in an unknown field", `{"task":${deep(200_000, '{"a":', "}").replace(":}", ":1}")}}`, "task"],
    ["200,000 levels", deep(200_000), "(whole)"],
    ["no JSON", "{", "(whole)"],
    ["too many heads", changed({ num_attention_heads: 2 ** 24, head_ratio: 1 }), "hidden_size"],
  ])("is refused: %s", async (_, config, field) => {
    const error = await refusal(config);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ field: expect.stringContaining(field), file: "the files given/config.json" });
    expect(error.message).toContain("the files given/config.json: config ");
    expect(error.message.length).toBeLessThan(600);
  });

  it("is quoted in at most 200 characters, escaped", async () => {
    for (const field of ["hidden_act", "summary_type", "problem_type", "model_type"]) {
      const { message } = await refusal(changed({ [field]: "\u001b[2J".repeat(100_000) }));
      expect(message).toContain("\\u{1b}[2J");
      expect(message).not.toContain("\u001b");
      expect(message.length).toBeLessThan(600);
    }
    const { message } = await refusal(`{"${"k".repeat(1e6)}":${deep(100)}}`);
    expect(message.length).toBeLessThan(600);
  });

  it.each([
    { vocab_size: 2 ** 24 },
    { vocab_size: 2 ** 24, embedding_size: 2 ** 24 },
    { hidden_size: 2 ** 22 },
    { intermediate_size: 2 ** 24 },
    { max_position_embeddings: 2 ** 24 },
    { type_vocab_size: 2 ** 24 },
    { conv_kernel_size: 2 ** 23 + 1 },
    { num_hidden_layers: 4096, hidden_size: 512 },
  ])("asks in vain for more weights than there are: %j", async (fields) => {
    const before = process.memoryUsage();
    for (const options of [{}, { allowNewHead: true }]) {
      expect(await refusal(changed(fields), options)).toBeInstanceOf(CheckpointError);
    }
    const { arrayBuffers } = process.memoryUsage();
    expect(arrayBuffers - before.arrayBuffers).toBeLessThan(60 << 20);
  });

  it("may be resized after it has been loaded", async () => {
    using model = await load(JSON.stringify(TINY));
    expect(model.resizeTokenEmbeddings(200_000)).toBe(200_000);
  });

  it("may ask for new weights, if somebody does, but not for any number of them", async () => {
    const options = { allowNewWeights: true, ignoreMismatchedSizes: true };
    using wider = await load(changed({ intermediate_size: 200_000 }), options);
    expect(wider.config.intermediate_size).toBe(200_000);
    expect(await refusal(changed({ intermediate_size: 2 ** 24 }), options)).toBeInstanceOf(CheckpointError);
  });

  it("changed in ten thousand ways gives a model or one clear error", async () => {
    const text = JSON.stringify(TINY);
    const outcomes = { read: 0, refused: 0 };
    for (let turn = 0; turn < 10_000; turn++) {
      const random: Random = seeded(turn + 1);
      const config = hostileJson(text, random);
      try {
        using model = await load(config, turn % 4 === 0 ? { ignoreMismatchedSizes: true } : {});
        outcomes.read++;
        if (turn % 50 === 0) await model.savePretrained(new Map());
      } catch (error) {
        const known = error instanceof ConfigError || error instanceof CheckpointError || error instanceof FilesError;
        if (!known) throw new Error(`case ${turn}: ${config.slice(0, 500)}`, { cause: error });
        expect((error as Error).message.length).toBeLessThan(10_000);
        outcomes.refused++;
      }
    }
    expect(outcomes.read).toBeGreaterThan(500);
    expect(outcomes.refused).toBeGreaterThan(3000);
  });
});
