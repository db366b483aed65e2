import { printable, quoted } from "@convbert/files/internal";
import { ConfigError } from "@convbert/nn";
import { CONVBERT_CONFIG_FIELDS, type ConvBertConfigFields, FIELD_NAMES } from "./config-fields.js";

/**
 * Checks each field, and what fields have to do with each other.
 * @throws ConfigError with the name of the first field that does not hold.
 */
export function checkConfig(config: ConvBertConfigFields & { readonly attentionHeads: number }): void {
  for (const field of FIELD_NAMES) {
    const { expected, holds } = CONVBERT_CONFIG_FIELDS[field].rule;
    if (!holds(config[field])) {
      throw new ConfigError(field, `expected ${expected}, got ${quoted(config[field])}`);
    }
  }
  if (config.add_cross_attention && !config.is_decoder) {
    throw new ConfigError("add_cross_attention", "only a decoder has cross-attention; set is_decoder as well");
  }
  if (config.conv_kernel_size % 2 === 0) {
    throw new ConfigError(
      "conv_kernel_size",
      `${config.conv_kernel_size} is even; the convolution needs an odd number of taps to keep the sequence's length`,
    );
  }
  const { hidden_size: hidden, attentionHeads: heads } = config;
  if (hidden % (2 * heads) !== 0) {
    throw new ConfigError(
      "hidden_size",
      `${hidden} does not divide into ${heads} attention and ${heads} convolution heads ` +
        "(num_attention_heads / head_ratio, rounded down, at least 1); it must be a multiple of their sum",
    );
  }
  for (const field of ["hidden_size", "intermediate_size"] as const) {
    if (config[field] % config.num_groups !== 0) {
      throw new ConfigError("num_groups", `${config.num_groups} groups do not divide ${field} ${config[field]}`);
    }
  }
  const pad = config.pad_token_id;
  if (pad !== null && !(pad < config.vocab_size && pad >= -config.vocab_size)) {
    throw new ConfigError("pad_token_id", `${pad} is outside the vocabulary of ${config.vocab_size}`);
  }
  checkPrunedHeads(config.pruned_heads, config.num_hidden_layers, heads);
}

/** Throws ConfigError unless `pruned` maps layers below `layers` to some, not all, of their heads. */
export function checkPrunedHeads(pruned: unknown, layers: number, heads: number): void {
  if (typeof pruned !== "object" || pruned === null || Array.isArray(pruned)) {
    throw new ConfigError("pruned_heads", `expected an object from layer to a list of heads, got ${quoted(pruned)}`);
  }
  for (const [layer, removed] of Object.entries(pruned as Record<string, unknown>)) {
    const valid =
      /^(0|[1-9]\d*)$/.test(layer) &&
      Number(layer) < layers &&
      Array.isArray(removed) &&
      removed.every((head) => Number.isInteger(head) && head >= 0 && head < heads) &&
      new Set(removed).size < heads;
    if (!valid) {
      throw new ConfigError(
        "pruned_heads",
        `layer ${printable(layer)}: ${shown(removed)}; give layers below ${layers} and some, not all, ` +
          `of the heads 0 to ${heads - 1}`,
      );
    }
  }
}

/** Some heads of a layer. */
function shown(removed: unknown): string {
  return Array.isArray(removed) ? `[${removed.slice(0, 20).map(quoted).join(", ")}]` : quoted(removed);
}
