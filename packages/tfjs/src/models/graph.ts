import { ConfigError, type ConvBertConfig } from "@convbert/model";
import { input, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { type ConfigInput, configOf } from "../config.js";
import { type InitialWeights, Weights } from "../layers/layer.js";
import { TFConvBertMainLayer } from "../layers/main.js";

/** The graph that a model is made of. */
export interface Graph {
  readonly config: ConvBertConfig;
  readonly name?: string | undefined;
  readonly inputs: SymbolicTensor[];
  readonly outputs: SymbolicTensor[];
  readonly convbert: TFConvBertMainLayer;
}

/** What a model is made with. */
export interface ModelOptions extends InitialWeights {
  readonly name?: string | undefined;
}

/** Encoder and inputs of a graph; the head goes on from `hidden`. */
export interface GraphStart {
  readonly config: ConvBertConfig;
  readonly weights: Weights;
  readonly name: string | undefined;
  readonly inputs: SymbolicTensor[];
  readonly convbert: TFConvBertMainLayer;
  readonly hidden: SymbolicTensor;
}

/** Starts the graph of a model: its inputs, and the encoder on them. */
export function startGraph(given: ConfigInput, options: ModelOptions, rank = 2): GraphStart {
  const config = configOf(given);
  if (Object.keys(config.pruned_heads).length > 0) {
    throw new ConfigError("pruned_heads", "TensorFlow's models cannot leave out heads; @convbert/model's can");
  }
  if (!config.tie_word_embeddings) {
    throw new ConfigError(
      "tie_word_embeddings",
      "TensorFlow's models always share the word embeddings with the output",
    );
  }
  const shape = Array.from({ length: rank - 1 }, () => null);
  const make = (name: string, dtype: "int32" | "float32") => input({ shape, dtype, name });
  const inputs = [
    make("input_ids", "int32"),
    make("attention_mask", "float32"),
    make("token_type_ids", "int32"),
    make("position_ids", "int32"),
  ];
  const weights = new Weights(options);
  const convbert = new TFConvBertMainLayer({ config, weights });
  return { config, weights, name: options.name, inputs, convbert, hidden: convbert.apply(inputs) as SymbolicTensor };
}
