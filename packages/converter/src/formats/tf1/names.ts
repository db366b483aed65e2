import type { NamedShape } from "../../match.js";
import type { NameTable, RenamedTensor } from "../names.js";

/** How the axes of a stored tensor lie against PyTorch's. */
type Layout = "kept" | "transposed" | "depthwise" | "column";

type Row = readonly [canonical: string, stored: string, layout: Layout];

const norm = (canonical: string, stored: string): Row[] => [
  [`${canonical}LayerNorm.weight`, `${stored}LayerNorm/gamma`, "kept"],
  [`${canonical}LayerNorm.bias`, `${stored}LayerNorm/beta`, "kept"],
];
const dense = (canonical: string, stored: string, layout: Layout = "transposed"): Row[] => [
  [`${canonical}.weight`, `${stored}/kernel`, layout],
  [`${canonical}.bias`, `${stored}/bias`, "kept"],
];
/** Rows with something in front of both names. */
const within = (rows: readonly Row[], canonical: string, stored: string): Row[] =>
  rows.map(([a, b, layout]) => [`${canonical}${a}`, `${stored}${b}`, layout]);
/** Rows of every layer; "#" is its number. */
const layer = (rows: readonly Row[]): Row[] => within(rows, "encoder.layer.#.", "encoder/layer_#/");

/** The embeddings, which the generator shares. */
const EMBEDDINGS: readonly Row[] = [
  ["embeddings.word_embeddings.weight", "embeddings/word_embeddings", "kept"],
  ["embeddings.position_embeddings.weight", "embeddings/position_embeddings", "kept"],
  ["embeddings.token_type_embeddings.weight", "embeddings/token_type_embeddings", "kept"],
  ...norm("embeddings.", "embeddings/"),
];

const KEY = "attention.self.key_conv_attn_layer";
const STORED_KEY = "attention/self/conv_attn_key";

/** Everything between the embeddings and a head, without the feed-forward layers. */
const ENCODER: readonly Row[] = [
  ...dense("embeddings_project", "embeddings_project"),
  ...layer([
    ...dense("attention.self.query", "attention/self/query"),
    ...dense("attention.self.key", "attention/self/key"),
    ...dense("attention.self.value", "attention/self/value"),
    [`${KEY}.depthwise.weight`, `${STORED_KEY}/depthwise_kernel`, "depthwise"],
    [`${KEY}.pointwise.weight`, `${STORED_KEY}/pointwise_kernel`, "transposed"],
    [`${KEY}.bias`, `${STORED_KEY}/bias`, "column"],
    ...dense("attention.self.conv_kernel_layer", "attention/self/conv_attn_kernel"),
    ...dense("attention.self.conv_out_layer", "attention/self/conv_attn_point"),
    ...dense("attention.output.dense", "attention/output/dense"),
    ...norm("attention.output.", "attention/output/"),
    ...norm("output.", "output/"),
  ]),
];

/** The feed-forward layers of one group, whose kernels are transposed, and of several, whose kernels are not. */
const FEED_FORWARD: readonly Row[] = layer([
  ...dense("intermediate.dense", "intermediate/dense"),
  ...dense("output.dense", "output/dense"),
]);
const GROUPED: readonly Row[] = layer([
  ...dense("intermediate.dense", "intermediate/g_dense", "kept"),
  ...dense("output.dense", "output/g_dense", "kept"),
]);

/** The generator's head. Its weights of the output are the word embeddings. */
const PREDICTIONS: readonly Row[] = [
  ...dense("generator_predictions.dense", "generator_predictions/dense"),
  ...norm("generator_predictions.", "generator_predictions/"),
  ["generator_lm_head.bias", "generator_predictions/output_bias", "kept"],
];

/** Tensors of PyTorch files that are computed. */
const IMPLIED = /(^|\.)(position_ids|token_type_ids)$/;

/**
 * The names of the authors' checkpoints against those of the base model (`electra/…`).
 * Source: `load_tf_weights_in_convbert`, transformers 4.34.
 * @param isGrouped the feed-forward layers have several groups (`g_dense`); on reading both are known.
 */
export function encoderNames(isGrouped = false): NameTable {
  const [own, other] = isGrouped ? [GROUPED, FEED_FORWARD] : [FEED_FORWARD, GROUPED];
  return tableOf(within([...EMBEDDINGS, ...ENCODER, ...own], "", "electra/"), within(other, "", "electra/"));
}

/**
 * The names of the generator that is trained beside the encoder, against those of a masked language model. It has the
 * encoder's embeddings, unless it was trained with its own.
 * Source: `model/modeling.py` and `run_pretraining.py` of the authors.
 */
export function generatorNames(hasOwnEmbeddings: boolean): NameTable {
  return tableOf([
    ...within(EMBEDDINGS, "convbert.", hasOwnEmbeddings ? "generator/" : "electra/"),
    ...within([...ENCODER, ...FEED_FORWARD, ...GROUPED], "convbert.", "generator/"),
    ...PREDICTIONS,
  ]);
}

/** @param readToo rows that count where a checkpoint has them, and are never written. */
function tableOf(rows: readonly Row[], readToo: readonly Row[] = []): NameTable {
  const byCanonical = new Map(rows.map((row) => [row[0], row]));
  const byStored = new Map([...rows, ...readToo].map((row) => [row[1], row]));
  return {
    canonical({ name, shape }) {
      const found = find(byStored, name, /layer_(\d+)\//);
      return found && { name: found.row[0].replace("#", found.layer), ...toCanonical(found.row[2], shape) };
    },
    stored({ name, shape }) {
      if (IMPLIED.test(name)) return [];
      const found = find(byCanonical, name, /layer\.(\d+)\./);
      return found && [{ name: found.row[1].replace("#", found.layer), ...toStored(found.row[2], shape) }];
    },
  };
}

function find(rows: ReadonlyMap<string, Row>, name: string, layer: RegExp) {
  const number = layer.exec(name)?.[1] ?? "";
  // A number as it is written: no "01".
  if (number.length > 1 && number.startsWith("0")) return null;
  const row = rows.get(name.replace(layer, (text) => text.replace(/\d+/, "#")));
  return row === undefined ? null : { row, layer: number };
}

type StoredShape = Pick<RenamedTensor, "shape" | "axes">;

function toCanonical(layout: Layout, shape: NamedShape["shape"]): StoredShape {
  if (layout === "column" && shape.length === 1) return { shape: [...shape, 1] };
  if (layout === "depthwise" && shape.length === 3) return moved(shape, [1, 2, 0]);
  return layout === "transposed" ? moved(shape, reversed(shape)) : { shape };
}

function toStored(layout: Layout, shape: NamedShape["shape"]): StoredShape {
  if (layout === "column" && shape.length === 2) return { shape: shape.slice(0, 1) };
  if (layout === "depthwise" && shape.length === 3) return moved(shape, [2, 0, 1]);
  return layout === "transposed" ? moved(shape, reversed(shape)) : { shape };
}

function reversed(shape: NamedShape["shape"]): number[] {
  return shape.map((_, axis) => shape.length - 1 - axis);
}

function moved(shape: NamedShape["shape"], axes: readonly number[]): StoredShape {
  return { shape: axes.map((axis) => shape[axis]!), axes };
}
