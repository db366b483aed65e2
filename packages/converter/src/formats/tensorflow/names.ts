import type { NamedShape } from "../../match.js";
import type { NameTable, RenamedTensor } from "../names.js";

/** The encoder's name in front of its weights, in TensorFlow always, in PyTorch in a model with a head. */
const BASE = "convbert";

/** Endings of PyTorch's names whose TensorFlow names are not `kernel`, with those; the rest of a name stays. */
const SPECIAL: readonly (readonly [canonical: string, stored: string])[] = [
  ["word_embeddings.weight", "word_embeddings/weight"],
  ["token_type_embeddings.weight", "token_type_embeddings/embeddings"],
  ["position_embeddings.weight", "position_embeddings/embeddings"],
  ["LayerNorm.weight", "LayerNorm/gamma"],
  ["LayerNorm.bias", "LayerNorm/beta"],
  ["depthwise.weight", "depthwise_kernel"],
  ["pointwise.weight", "pointwise_kernel"],
  [".weight", "/kernel"],
  [".bias", "/bias"],
];

/** Tensors of PyTorch files that TensorFlow computes, or has under another name. */
const IMPLIED = /(^|\.)(position_ids|token_type_ids)$|^generator_lm_head\.weight$/;

/**
 * TensorFlow's names and layouts of the six models, as Keras files and safetensors have them without the name of the
 * Python object: `convbert/encoder/layer_._0/attention/self/query/kernel:0`. Kernels have their axes in the opposite
 * order (grouped ones too), the depthwise one is `[k, C, 1]`, the convolution's bias `[A]` instead of `[A, 1]`.
 * Source: transformers 4.34, `modeling_tf_convbert.py` and `convert_tf_weight_name_to_pt_weight_name`.
 * @param isBase the names are those of a base model, which have no "convbert." in PyTorch.
 */
export function tensorflowNames(isBase: boolean): NameTable {
  return {
    canonical({ name, shape }) {
      const found = SPECIAL.find(([, stored]) => name.endsWith(`${stored}:0`));
      if (found === undefined) return null;
      const [canonical, stored] = found;
      const stem = name.slice(0, name.length - stored.length - 2) + canonical;
      const dotted = stem.replaceAll("_._", ".").replaceAll("/", ".");
      const own = isBase && dotted.startsWith(`${BASE}.`) ? dotted.slice(BASE.length + 1) : dotted;
      return toCanonical(stored, own, shape);
    },
    stored({ name, shape }) {
      if (IMPLIED.test(name)) return [];
      const found = SPECIAL.find(([canonical]) => name.endsWith(canonical));
      if (found === undefined) return null;
      const [canonical, stored] = found;
      const whole = isBase ? `${BASE}.${name}` : name;
      const stem = whole.slice(0, whole.length - canonical.length);
      const path = stem.replaceAll(".", "/").replaceAll(/\/(\d+)(?=\/|$)/g, "_._$1");
      return [toStored(stored, `${path}${stored}:0`, shape)];
    },
  };
}

/** Whether these are the weights of a base model. */
export function isBaseModel(names: Iterable<string>): boolean {
  const all = [...names];
  return all.length > 0 && all.every((name) => name.startsWith(`${BASE}/`));
}

/** Whether these are, by PyTorch's names. */
export function isCanonicalBase(tensors: Iterable<NamedShape>): boolean {
  return ![...tensors].some(({ name }) => name.startsWith(`${BASE}.`));
}

function reversed(shape: readonly number[]): RenamedTensor["axes"] {
  return shape.map((_, axis) => shape.length - 1 - axis);
}

function toCanonical(stored: string, name: string, shape: readonly number[]): RenamedTensor {
  if (stored === "depthwise_kernel" && shape.length === 3) {
    const axes = [1, 2, 0];
    return { name, shape: axes.map((axis) => shape[axis]!), axes };
  }
  if (stored.endsWith("kernel") && shape.length > 1) {
    return { name, shape: shape.toReversed(), axes: reversed(shape)! };
  }
  if (name.endsWith("key_conv_attn_layer.bias") && shape.length === 1) return { name, shape: [...shape, 1] };
  return { name, shape };
}

function toStored(stored: string, name: string, shape: readonly number[]): RenamedTensor {
  if (stored === "depthwise_kernel" && shape.length === 3) {
    const axes = [2, 0, 1];
    return { name, shape: axes.map((axis) => shape[axis]!), axes };
  }
  if (stored.endsWith("kernel") && shape.length > 1) {
    return { name, shape: shape.toReversed(), axes: reversed(shape)! };
  }
  if (name.endsWith("key_conv_attn_layer/bias:0") && shape.length === 2) return { name, shape: shape.slice(0, 1) };
  return { name, shape };
}
