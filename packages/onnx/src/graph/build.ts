import { WEIGHTS_KEY } from "@convbert/converter/formats/internal";
import { type ConvBertConfig, InputError } from "@convbert/model";
import { GraphBuilder, type GraphStyle, type Value } from "./builder.js";
import { DynamicConvolution } from "./dynamic-convolution.js";
import { embeddings, encoder } from "./encoder.js";
import { headOf } from "./heads.js";
import type { OnnxGraph } from "./model-proto.js";
import { type GraphSource, Module } from "./module.js";
import { Rows } from "./rows.js";

/** What the graph takes and gives besides what every one does. */
export interface GraphFeatures {
  /** Takes `position_ids` `[batch, length]`; by default positions are 0, 1, 2 ... */
  readonly positionIds?: boolean;
  /** Takes `inputs_embeds` `[batch, length, embedding_size]` in place of `input_ids`. */
  readonly inputsEmbeds?: boolean;
  /** Takes `head_mask` `[layers, heads]`, which multiplies the attention probabilities. */
  readonly headMask?: boolean;
  /** Gives `hidden_states.0` (of the embeddings) to `hidden_states.<layers>`, `[batch, length, hidden_size]`. */
  readonly hiddenStates?: boolean;
  /** Gives `attentions.<layer>`, `[batch, heads, length, length]`. */
  readonly attentions?: boolean;
  /** Gives `kernels.<layer>` of the convolution, `[batch, length, heads, conv_kernel_size]`. */
  readonly kernels?: boolean;
  /**
   * How the graph is told what is padding:
   * - "attention_mask": `[batch, length]` whole numbers, as other tools feed it; multiple choice takes
   *   `[batch, choices, length]`;
   * - "bias": for this package's sessions (their multiple choice has a sequence in each row, their masked language model
   *   takes `selected`, the tokens to decode among all of the batch), `attention_bias` `[batch, 1, from, to]`, added to the scores, and `token_mask`
   *   `[batch, length, 1]`, 0 where the convolutions are not to look, and `unmasked`, whether nothing is to be added;
   * - "none": nothing is padded, all sequences have one length.
   */
  readonly masks?: "attention_mask" | "bias" | "none";
  /**
   * What padding is to the convolutions, which the reference's attention mask never reaches: "reference", what the padded
   * positions hold; "isolated", nothing, so that a sequence's result does not depend on what it is batched with.
   */
  readonly padding?: "reference" | "isolated";
}

/** Float32's and float16's most negative numbers, which are added to masked scores. */
const MASKED = { float32: -3.4028234663852886e38, float16: -65504 } as const;

/** The standard's operators that graphs are written in. */
const OPSET = 18;

/**
 * The graph of a loaded model, in operators of ONNX opset 18 and, fused, of ONNX Runtime. Weights are read from the model
 * when the graph is written.
 * @throws InputError for a model that is none of the six.
 */
export function buildGraph(source: GraphSource, style: GraphStyle, features: GraphFeatures = {}): OnnxGraph {
  const head = headOf(source.modelName);
  const { config } = source;
  if (style.floats === "float16" && style.integers !== null) {
    throw new InputError("dtype", "8-bit weights go with float32");
  }
  const g = new GraphBuilder(style);
  const root = new Module(source);
  const isBase = source.modelName === "ConvBertModel";
  const inputs = declareInputs(g, config, features, source.modelName === "ConvBertForMultipleChoice");
  const model = isBase ? root : root.module("convbert");
  const rows = new Rows(g, inputs.words ?? inputs.embeds!);
  const embedded = embeddings(g, model, config, rows, inputs);
  const encoded = encoder(g, model, config, embedded, {
    ...inputs,
    tokens: inputs.tokens === null ? null : rows.together(inputs.tokens, 1),
    rows,
    convolution: g.within("windows", () => new DynamicConvolution(g, rows, config.conv_kernel_size)),
    probabilities: features.attentions === true,
  });
  const hidden = encoded.states.at(-1)!;
  const { batch, length } = inputs;
  const selected =
    features.masks === "bias" && source.modelName === "ConvBertForMaskedLM"
      ? g.input("selected", "int64", ["selected"])
      : null;
  g.within("head", () => {
    head(g, { root, config, ...inputs, selected, hidden, rows, batch: isChoice(inputs) ? "batch" : batch });
  });
  if (features.hiddenStates) {
    for (const [index, state] of encoded.states.entries()) {
      const apart = rows.apart(state, config.hidden_size);
      g.output(`hidden_states.${index}`, apart, [batch, length, config.hidden_size]);
    }
  }
  for (const [index, probabilities] of encoded.probabilities.entries()) {
    g.output(`attentions.${index}`, probabilities, [batch, `heads_${index}`, length, length]);
  }
  if (features.kernels) {
    for (const [index, kernels] of encoded.kernels.entries()) {
      g.output(`kernels.${index}`, kernels, [batch, length, `heads_${index}`, config.conv_kernel_size]);
    }
  }
  const { weights } = g;
  return {
    name: source.modelName,
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: g.inputs,
    outputs: g.outputs,
    opsets: { "": OPSET, ...(g.isFused && { "com.microsoft": 1 }) },
    ...(weights && { metadata: { [WEIGHTS_KEY]: JSON.stringify(weights) } }),
  };
}

interface DeclaredInputs {
  readonly words: Value | null;
  readonly embeds: Value | null;
  readonly types: Value;
  readonly positions: Value | null;
  readonly bias: Value | null;
  readonly unmasked: Value | null;
  readonly headMask: Value | null;
  readonly tokens: Value | null;
  /** How many alternatives each row of the inputs has, `[1]`; null where a row is a sequence. */
  readonly choices: Value | null;
  readonly batch: string;
  readonly length: string;
}

function isChoice({ choices }: DeclaredInputs): boolean {
  return choices !== null;
}

/** Declares the inputs and brings them to `[sequences, length]`. */
function declareInputs(
  g: GraphBuilder,
  config: ConvBertConfig,
  { positionIds = false, inputsEmbeds = false, headMask = false, masks = "attention_mask", padding }: GraphFeatures,
  hasChoices: boolean,
): DeclaredInputs {
  const nested = hasChoices && masks === "attention_mask";
  const rows = nested ? ["batch", "choices"] : ["batch"];
  const batch = nested ? "sequences" : "batch";
  const length = "length";
  let choices: Value | null = null;
  /** Whole numbers or floats for each token. */
  const declare = (name: string, type: "int64" | "float32", ...channels: number[]): Value => {
    const value = g.input(name, type, [...rows, length, ...channels]);
    if (nested && choices === null) choices = g.op("Shape", [value], { start: 1, end: 2 });
    if (!nested) return value;
    const inner = g.op("Shape", [value], { start: 2, end: 3 + channels.length });
    return g.op("Reshape", [value, g.op("Concat", [g.ints(-1), inner], { axis: 0 })]);
  };
  const words = inputsEmbeds ? null : declare("input_ids", "int64");
  const given = inputsEmbeds ? declare("inputs_embeds", "float32", config.embedding_size) : null;
  const embeds = given === null ? null : toFloats(g, given);
  const mask = masks === "attention_mask" ? declare("attention_mask", "int64") : null;
  const types = declare("token_type_ids", "int64");
  const positions = positionIds ? declare("position_ids", "int64") : null;
  const heads = headMask ? g.input("head_mask", "float32", [config.num_hidden_layers, config.attentionHeads]) : null;
  let bias: Value | null = null;
  let unmasked: Value | null = null;
  let tokens: Value | null = null;
  if (masks === "bias") {
    bias = toFloats(g, g.input("attention_bias", "float32", ["batch", 1, "from", "to"]));
    unmasked = g.input("unmasked", "bool", []);
    tokens = toFloats(g, g.input("token_mask", "float32", ["batch", length, 1]));
  } else if (mask !== null) {
    const floats = g.op("Cast", [mask], { to: g.style.floats === "float16" ? 10 : 1 });
    bias = g.within("mask", () => attentionBias(g, floats, config.is_decoder));
    if (g.isFused && !config.is_decoder) {
      unmasked = g.within("mask", () => g.op("Cast", [g.op("ReduceMin", [mask], { keepdims: 0 })], { to: 9 }));
    }
    if (padding === "isolated") tokens = g.op("Unsqueeze", [floats, g.ints(-1)]);
  } else if (config.is_decoder) {
    throw new InputError("masks", "a decoder's graph needs a mask, which hides what comes later");
  }
  return {
    words,
    embeds,
    types,
    positions,
    bias,
    unmasked,
    headMask: heads === null ? null : toFloats(g, heads),
    tokens,
    choices,
    batch,
    length,
  };
}

/** An input of floats in the type that the graph computes in. */
function toFloats(g: GraphBuilder, value: Value): Value {
  return g.style.floats === "float16" ? g.op("Cast", [value], { to: 10 }) : value;
}

/** `(1 - mask) * minimum` for every query, `[batch, 1, length, length]`; a decoder's tokens see none that come later. */
function attentionBias(g: GraphBuilder, mask: Value, isCausal: boolean): Value {
  const length = g.op("Shape", [mask], { start: 1, end: 2 });
  const minimum = g.number(MASKED[g.style.floats]);
  const keys = g.op("Unsqueeze", [mask, g.ints(1, 2)]);
  let seen = keys;
  if (isCausal) {
    const indices = g.op("Range", [g.int(0), g.op("Squeeze", [length]), g.int(1)]);
    const earlier = g.op("LessOrEqual", [indices, g.op("Unsqueeze", [indices, g.ints(-1)])]);
    seen = g.op("Mul", [keys, g.op("Cast", [earlier], { to: g.style.floats === "float16" ? 10 : 1 })]);
  }
  const hidden = g.op("Mul", [g.op("Sub", [g.number(1), seen]), minimum]);
  if (isCausal || !g.isFused) return hidden;
  // ONNX Runtime's attention repeats a bias for each head and sequence, but not for each query.
  const shape = [g.op("Shape", [mask], { start: 0, end: 1 }), g.ints(1), length, length];
  return g.op("Expand", [hidden, g.op("Concat", shape, { axis: 0 })]);
}
