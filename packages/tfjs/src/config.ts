import { ConvBertConfig, type ConvBertConfigInit } from "@convbert/model";

/**
 * A configuration inside a saved model. TensorFlow.js rewrites keys and texts of a model's JSON between camel and snake
 * case, label names too, and leaves alone only what stands under the key "name": so the whole configuration does, as text.
 */
export interface SavedConfig {
  readonly name: string;
}

/** The forms in which a layer or a model takes its configuration. */
export type ConfigInput = ConvBertConfig | ConvBertConfigInit | SavedConfig;

export function savedConfig(config: ConvBertConfig): { name: string } {
  return { name: JSON.stringify(config) };
}

/**
 * The configuration itself, checked.
 * @throws ConfigError for values that no ConvBERT can have.
 */
export function configOf(input: ConfigInput): ConvBertConfig {
  if (input instanceof ConvBertConfig) {
    return input;
  }
  return isSaved(input) ? ConvBertConfig.fromJSON(JSON.parse(input.name)) : new ConvBertConfig(input);
}

function isSaved(input: ConvBertConfigInit | SavedConfig): input is SavedConfig {
  return typeof input["name"] === "string" && Object.keys(input).length === 1;
}
