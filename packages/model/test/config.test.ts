import { describe, expect, it } from "vitest";
import { ConfigError, ConvBertConfig } from "../src/index.js";

describe("ConvBertConfig", () => {
  it("has the reference's defaults", () => {
    expect(new ConvBertConfig().toJSON()).toEqual({
      attention_probs_dropout_prob: 0.1,
      bos_token_id: 0,
      classifier_dropout: null,
      conv_kernel_size: 9,
      embedding_size: 768,
      eos_token_id: 2,
      head_ratio: 2,
      hidden_act: "gelu",
      hidden_dropout_prob: 0.1,
      hidden_size: 768,
      initializer_range: 0.02,
      intermediate_size: 3072,
      layer_norm_eps: 1e-12,
      max_position_embeddings: 512,
      model_type: "convbert",
      num_attention_heads: 12,
      num_groups: 1,
      num_hidden_layers: 12,
      pad_token_id: 1,
      type_vocab_size: 2,
      vocab_size: 30522,
    });
  });

  it("keeps fields that it does not know, and the old model type's spelling loads", () => {
    const file = {
      model_type: "conv_bert",
      hidden_size: 32,
      embedding_size: 32,
      num_attention_heads: 4,
      padding: "max_length",
      summary: [1],
    };
    const config = ConvBertConfig.fromJSON(file);
    expect(config.toJSON()).toMatchObject({
      model_type: "convbert",
      padding: "max_length",
      summary: [1],
      hidden_size: 32,
    });
    expect(config.with({ num_labels: 5 }).toJSON()).toMatchObject({ padding: "max_length", hidden_size: 32 });
  });

  it("makes label names from num_labels and the other way round", () => {
    expect(new ConvBertConfig({ num_labels: 3 }).id2label).toEqual({ 0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2" });
    const named = ConvBertConfig.fromJSON({ id2label: { "0": "no", "1": "yes", "2": "maybe" } });
    expect(named.num_labels).toBe(3);
    expect(named.label2id).toEqual({ no: 0, yes: 1, maybe: 2 });
    expect(named.with({ vocab_size: 40_000 }).id2label).toEqual(named.id2label);
    expect(named.with({ num_labels: 4 }).id2label[3]).toBe("LABEL_3");
  });

  it("lets label names and their indices follow each other", () => {
    const named = new ConvBertConfig({ id2label: { 0: "no", 1: "yes" }, label2id: { no: 0, yes: 1 } });
    const renamed = named.with({ id2label: { 0: "a", 1: "b", 2: "c" } });
    expect(renamed.label2id).toEqual({ a: 0, b: 1, c: 2 });
    expect(renamed.toJSON()).toMatchObject({ label2id: { a: 0, b: 1, c: 2 } });
    expect(named.with({ label2id: { x: 0, y: 1 } }).id2label).toEqual({ 0: "x", 1: "y" });
    expect(named.with({ id2label: { 0: "n" }, label2id: { m: 0 } }).label2id).toEqual({ m: 0 });
    expect(named.with({ num_labels: 2 }).label2id).toEqual({ no: 0, yes: 1 });
    expect(named.with({ num_labels: 1 }).label2id).toEqual({ LABEL_0: 0 });
    expect(() => named.with({ label2id: 3 as never })).toThrow(ConfigError);
  });

  it("has a summary projection to hidden_size unless the file asks for labels, and saves only what differs", () => {
    expect(new ConvBertConfig({ summary_use_proj: true }).summary_proj_to_labels).toBe(false);
    const json = new ConvBertConfig({ summary_use_proj: true, summary_proj_to_labels: true }).toJSON();
    expect(json).toMatchObject({ summary_use_proj: true, summary_proj_to_labels: true });
    expect(new ConvBertConfig({ is_decoder: true, add_cross_attention: true }).toJSON()).toMatchObject({
      is_decoder: true,
      add_cross_attention: true,
    });
  });

  it.each([
    [12, 2, 6],
    [4, 8, 1],
    [6, 4, 1],
    [4, 1, 4],
  ])("%i heads at ratio %i leave %i", (num_attention_heads, head_ratio, left) => {
    expect(new ConvBertConfig({ num_attention_heads, head_ratio }).attentionHeads).toBe(left);
  });

  it.each([
    [{ conv_kernel_size: 8 }, "conv_kernel_size"],
    [{ hidden_size: 100, num_attention_heads: 12 }, "hidden_size"],
    [{ num_groups: 5 }, "num_groups"],
    [{ hidden_act: "swiglu" }, "hidden_act"],
    [{ vocab_size: 0 }, "vocab_size"],
    [{ vocab_size: 1e12 }, "vocab_size"],
    [{ num_hidden_layers: 1.5 }, "num_hidden_layers"],
    [{ pad_token_id: 99_999 }, "pad_token_id"],
    [{ problem_type: "ranking" }, "problem_type"],
    [{ summary_type: "attn" }, "summary_type"],
    [{ layer_norm_eps: -1 }, "layer_norm_eps"],
    [{ hidden_dropout_prob: 2 }, "hidden_dropout_prob"],
    [{ pruned_heads: { 0: [0, 1, 2, 3, 4, 5] } }, "pruned_heads"],
    [{ pruned_heads: { 40: [0] } }, "pruned_heads"],
    [{ pruned_heads: { "-1": [0] } }, "pruned_heads"],
    [{ pruned_heads: { "0.5": [0] } }, "pruned_heads"],
    [{ pruned_heads: { "00": [0] } }, "pruned_heads"],
    [{ pruned_heads: { 0: null } }, "pruned_heads"],
    [{ pruned_heads: { 0: [null] } }, "pruned_heads"],
    [{ pruned_heads: null }, "pruned_heads"],
    [{ pruned_heads: [[0]] }, "pruned_heads"],
    [{ pruned_heads: "0" }, "pruned_heads"],
    [{ architectures: 3 }, "architectures"],
    [{ architectures: [null] }, "architectures"],
    [{ add_cross_attention: true }, "add_cross_attention"],
    [{ num_hidden_layers: 1e6 }, "num_hidden_layers"],
    [{ id2label: { zero: "a" } }, "id2label"],
    [{ model_type: "bert" }, "model_type"],
  ])("refuses %j", (fields, field) => {
    const make = () => ConvBertConfig.fromJSON(fields);
    expect(make).toThrow(ConfigError);
    expect(make).toThrow(field);
  });

  it.each([null, 3, [], "x"])("refuses %j as a file", (json) => {
    expect(() => ConvBertConfig.fromJSON(json)).toThrow(ConfigError);
  });
});
