import { describe, expect, it } from "vitest";
import {
  CONVBERT_CONFIG_FIELDS,
  ConvBertConfig,
  type ConvBertConfigFields,
  convBertConfigSchema,
} from "../src/index.js";

type Schema = Readonly<Record<string, unknown>>;

const fields = Object.entries(CONVBERT_CONFIG_FIELDS);
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 1.5, 3, 4096, 4097, 2 ** 24, 2 ** 24 + 1, -(2 ** 24), -(2 ** 24) - 1, 1e300],
  ...["", "gelu", "relu", "GELU", "last", "regression", "first", "convbert"],
  ...[[], ["ConvBertModel"], [1], {}, { 0: "A" }, { A: 0 }],
];

/** As much of JSON Schema as the table uses; an unknown keyword is a fault of it. */
function accepts(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, wanted]) => {
    switch (keyword) {
      case "default":
        return true;
      case "type":
        return isOf(wanted as string, value);
      case "minimum":
        return typeof value !== "number" || value >= (wanted as number);
      case "maximum":
        return typeof value !== "number" || value <= (wanted as number);
      case "enum":
        return (wanted as unknown[]).includes(value);
      case "items":
        return !Array.isArray(value) || value.every((item) => accepts(wanted as Schema, item));
      case "anyOf":
        return (wanted as Schema[]).some((one) => accepts(one, value));
      default:
        throw new Error(`keyword ${keyword}`);
    }
  });
}

function isOf(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

describe("the table of configuration fields", () => {
  it.each(fields)(
    "%s: a configuration has it, its fallback holds, and the schema says what the check says",
    (name, field) => {
      const { rule, fallback } = field as {
        rule: { schema: Schema; holds(value: unknown): boolean };
        fallback: unknown;
      };
      expect(new ConvBertConfig()[name as keyof ConvBertConfigFields]).toEqual(fallback);
      expect(rule.holds(fallback)).toBe(true);
      const { properties } = convBertConfigSchema() as { properties: Record<string, Schema> };
      expect(properties[name]).toEqual({ ...rule.schema, default: fallback });
      for (const value of VALUES) {
        expect(accepts(properties[name]!, value), `${name} ${JSON.stringify(value)}`).toBe(rule.holds(value));
      }
      expect(VALUES.some((value) => rule.holds(value)) && VALUES.some((value) => !rule.holds(value))).toBe(true);
    },
  );

  it("is what the reference always writes, and nothing else", () => {
    // `ConvBertConfig().to_diff_dict()` of transformers 4.34.
    const own = fields.filter(([, { isOwn }]) => isOwn).map(([name]) => name);
    expect(own.sort()).toEqual([
      ...["attention_probs_dropout_prob", "bos_token_id", "classifier_dropout", "conv_kernel_size", "embedding_size"],
      ...["eos_token_id", "head_ratio", "hidden_act", "hidden_dropout_prob", "hidden_size", "initializer_range"],
      ...["intermediate_size", "layer_norm_eps", "max_position_embeddings", "num_attention_heads", "num_groups"],
      ...["num_hidden_layers", "pad_token_id", "type_vocab_size", "vocab_size"],
    ]);
    expect(Object.keys(new ConvBertConfig().toJSON()).sort()).toEqual([...own, "model_type"].sort());
  });
});
