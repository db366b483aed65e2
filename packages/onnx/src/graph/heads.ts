import { type ConvBertConfig, InputError } from "@convbert/model";
import { activationKind } from "@convbert/tensor/internal";
import { activation } from "./activation.js";
import type { GraphBuilder, Value } from "./builder.js";
import { layerNorm, wordTable } from "./encoder.js";
import type { Module } from "./module.js";
import { product, quantizedProduct, zeroPoint } from "./product.js";
import type { Rows } from "./rows.js";

/** What a head is computed from. */
export interface HeadInputs {
  readonly root: Module;
  readonly config: ConvBertConfig;
  /** Rows of `hidden_size` channels. */
  readonly hidden: Value;
  readonly rows: Rows;
  /** 1 for tokens and 0 for padding, `[batch, length, 1]`, where padding is not to count. */
  readonly tokens: Value | null;
  /** Alternatives a sequence belongs to, where several make one row of the result. */
  readonly choices: Value | null;
  /** Of all tokens those that are decoded, `[selected]`; null for all. */
  readonly selected: Value | null;
  /** Names of the axes. */
  readonly batch: string;
  readonly length: string;
}

type Head = (g: GraphBuilder, inputs: HeadInputs) => void;

const linear = (g: GraphBuilder, module: Module, x: Value): Value =>
  product(g, x, module.linear(), module.vector(g, "bias"));

/** What each model has on top of the encoder, by its name; the outputs have the reference's names. */
export const HEADS: Readonly<Record<string, Head>> = {
  ConvBertModel(g, { config, hidden, rows, batch, length }) {
    g.output("last_hidden_state", rows.apart(hidden, config.hidden_size), [batch, length, config.hidden_size]);
  },

  ConvBertForMaskedLM(g, { root, config, hidden, rows, selected, batch, length }) {
    const predictions = root.module("generator_predictions");
    const tokens = selected === null ? hidden : g.op("Gather", [hidden, selected], { axis: 0 });
    const dense = activation(g, "gelu", linear(g, predictions.module("dense"), tokens));
    const normal = layerNorm(g, predictions.module("LayerNorm"), config, dense);
    const logits = decoded(g, root, config, normal);
    const { vocab_size: words } = config;
    if (selected === null) g.output("logits", rows.apart(logits, words), [batch, length, words]);
    else g.output("logits", logits, ["selected", words]);
  },

  ConvBertForSequenceClassification(g, { root, config, hidden, rows, batch }) {
    const first = g.op("Gather", [rows.apart(hidden, config.hidden_size), g.int(0)], { axis: 1 });
    const dense = linear(g, root.module("classifier.dense"), first);
    const logits = linear(
      g,
      root.module("classifier.out_proj"),
      activation(g, activationKind(config.hidden_act), dense),
    );
    g.output("logits", logits, [batch, config.num_labels]);
  },

  ConvBertForTokenClassification(g, { root, config, hidden, rows, batch, length }) {
    const { num_labels: labels } = config;
    const logits = linear(g, root.module("classifier"), hidden);
    g.output("logits", rows.apart(logits, labels), [batch, length, labels]);
  },

  ConvBertForQuestionAnswering(g, { root, hidden, rows, batch, length }) {
    const logits = rows.apart(linear(g, root.module("qa_outputs"), hidden), 2);
    const names = ["start_logits", "end_logits"];
    for (const [index, part] of g.ops("Split", [logits], { axis: -1, num_outputs: 2 }, 2).entries()) {
      g.output(names[index]!, g.op("Squeeze", [part, g.ints(-1)]), [batch, length]);
    }
  },

  ConvBertForMultipleChoice(g, { root, config, hidden, rows, tokens, choices, batch }) {
    let summary = summarised(g, config, rows.apart(hidden, config.hidden_size), tokens);
    if (config.summary_use_proj) summary = linear(g, root.module("sequence_summary.summary"), summary);
    if (config.summary_activation !== null) {
      summary = activation(g, activationKind(config.summary_activation), summary);
    }
    const scores = linear(g, root.module("classifier"), summary);
    if (choices === null) g.output("logits", scores, [batch, 1]);
    else
      g.output("logits", g.op("Reshape", [scores, g.op("Concat", [g.ints(-1), choices], { axis: 0 })]), [
        batch,
        "choices",
      ]);
  },
};

/** Throws InputError for a model that has no graph. */
export function headOf(modelName: string): Head {
  const head = Object.hasOwn(HEADS, modelName) ? HEADS[modelName] : undefined;
  if (head === undefined) {
    throw new InputError("model", `${modelName} is none of ${Object.keys(HEADS).join(", ")}`);
  }
  return head;
}

/** The map to the vocabulary, by the word embeddings where they are tied. */
function decoded(g: GraphBuilder, root: Module, config: ConvBertConfig, x: Value): Value {
  const module = root.module("generator_lm_head");
  const bias = module.vector(g, "bias");
  if (!config.tie_word_embeddings) return product(g, x, module.linear(), bias);
  const { table, scales } = wordTable(g, root.module("convbert.embeddings"));
  if (scales === null) return g.op("Gemm", [x, table, bias], { transB: 1 });
  // Made once, when a session is.
  const matrix = g.op("Transpose", [table], { perm: [1, 0] });
  const { integers } = g.style;
  return quantizedProduct(g, x, { matrix, scales, zero: zeroPoint(g, integers!) }, bias);
}

/** One vector for a sequence (`SequenceSummary`): the last position, padding or not, the first, or the mean of all. */
function summarised(g: GraphBuilder, config: ConvBertConfig, hidden: Value, tokens: Value | null): Value {
  if (config.summary_type === "first") return g.op("Gather", [hidden, g.int(0)], { axis: 1 });
  if (config.summary_type !== "mean") return g.op("Gather", [hidden, g.int(-1)], { axis: 1 });
  if (tokens === null) return g.op("ReduceMean", [hidden, g.ints(1)], { keepdims: 0 });
  const sum = g.op("ReduceSum", [g.op("Mul", [hidden, tokens]), g.ints(1)], { keepdims: 0 });
  return g.op("Div", [sum, g.op("ReduceSum", [tokens, g.ints(1)], { keepdims: 0 })]);
}
