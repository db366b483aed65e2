import { InputError } from "@convbert/model";
import * as tf from "@tensorflow/tfjs-core";
import { floatTensor, integerTensor, readsAtOnce, type TensorInput } from "./inputs.js";
import { crossEntropy } from "./ops/cross-entropy.js";
import { embedding } from "./ops/embedding.js";

// The losses of the reference's TensorFlow models (transformers 4.34, `modeling_tf_utils.py`). They differ from PyTorch's,
// and from what @convbert/heads computes: most are not reduced to one number.

/** Which labels of tokens count. */
export type TokenRule = "masked-lm" | "token-classification";

const IGNORED = -100;

/**
 * Class labels of sequences, `[batch]`, checked; call it in `tf.tidy`.
 * @throws InputError for a label that is none of `classes`: TensorFlow fails there too, on processors.
 */
export function classLabels(argument: string, labels: TensorInput, batch: number, classes: number): tf.Tensor {
  const values = integerTensor(argument, labels, (all) => {
    const at = Array.prototype.findIndex.call(all, (value: number) => value < 0 || value >= classes);
    if (at >= 0) {
      throw new InputError(argument, `label ${all[at]} at element ${at} is outside 0 to ${classes - 1}`);
    }
  });
  return counted(argument, values, [batch]);
}

/** Numbers to come near to, `[batch]`; call it in `tf.tidy`. */
export function numberLabels(argument: string, labels: TensorInput, batch: number): tf.Tensor {
  return counted(argument, floatTensor(argument, labels), [batch]);
}

/** Labels of tokens, `[batch, length]`; negative ones are looked at by the loss. Call it in `tf.tidy`. */
export function tokenLabels(
  argument: string,
  labels: TensorInput,
  shape: readonly number[],
  classes: number,
): tf.Tensor {
  const values = integerTensor(argument, labels, (all) => {
    const at = Array.prototype.findIndex.call(all, (value: number) => value >= classes);
    if (at >= 0) {
      throw new InputError(argument, `label ${all[at]} at element ${at} is outside 0 to ${classes - 1}`);
    }
  });
  return counted(argument, values, shape);
}

function counted(argument: string, values: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const isFlat = values.rank <= shape.length || (values.rank === shape.length + 1 && values.shape.at(-1) === 1);
  if (values.size !== size || !isFlat) {
    throw new InputError(argument, `expected shape [${shape.join(", ")}], got [${values.shape.join(", ")}]`);
  }
  return tf.reshape(values, [...shape]);
}

/** `TFSequenceClassificationLoss`: squared errors where there is one column, whatever `problem_type`; `[batch]`. */
export function sequenceLoss(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  if (logits.shape[1] !== 1) {
    return choiceLoss(labels, logits);
  }
  const difference = tf.sub(logits, tf.reshape(tf.cast(labels, "float32"), [-1, 1]));
  return tf.mean(tf.mul(difference, difference), 1);
}

/** `TFMultipleChoiceLoss`: cross-entropy of each example, `[batch]`. */
export function choiceLoss(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  return crossEntropy(tf.reshape(labels, [-1]), logits);
}

/** `TFQuestionAnsweringLoss`: the mean of start's and end's cross-entropy, `[batch]`; positions are not clamped. */
export function spanLoss([starts, ends]: readonly tf.Tensor[], [start, end]: readonly tf.Tensor[]): tf.Tensor {
  return tf.mul(tf.add(choiceLoss(starts!, start!), choiceLoss(ends!, end!)), 0.5);
}

/**
 * `TFMaskedLanguageModelingLoss` and `TFTokenClassificationLoss`: the mean over the tokens that count, `[1]`. Masked
 * words ignore -100 alone, other negative labels count as class 0; token classification ignores every negative one.
 */
export function tokenLoss(labels: tf.Tensor, logits: tf.Tensor, rule: TokenRule): tf.Tensor {
  const { flat, scores } = flattened(labels, logits);
  const counts = rule === "masked-lm" ? tf.notEqual(flat, IGNORED) : tf.greaterEqual(flat, 0);
  const weights = tf.cast(counts, "float32");
  const losses = crossEntropy(tf.cast(tf.relu(flat), "int32"), scores);
  return tf.reshape(tf.div(tf.sum(tf.mul(losses, weights)), tf.sum(weights)), [1]);
}

/**
 * The same with `tf_legacy_loss`: a loss for each token that counts, `[tokens]`. Token classification takes -1 for the
 * mark of what does not count where there is one, else -100. Its mean is what {@link tokenLoss} gives.
 * @throws InputError for a label that counts and is no class.
 */
export function legacyTokenLoss(labels: tf.Tensor, logits: tf.Tensor, rule: TokenRule): tf.Tensor {
  const { flat, scores } = flattened(labels, logits);
  const values = Array.from(flat.dataSync());
  const mark = rule === "token-classification" && values.includes(-1) ? -1 : IGNORED;
  const kept = values.flatMap((value, index) => (value === mark ? [] : [index]));
  const odd = kept.find((index) => values[index]! < 0);
  if (odd !== undefined && readsAtOnce()) {
    throw new InputError("labels", `label ${values[odd]} at element ${odd} is negative; ${mark} marks what is ignored`);
  }
  if (kept.length === 0) {
    return tf.zeros([0]);
  }
  const rows = tf.tensor1d(kept, "int32");
  return crossEntropy(tf.gather(flat, rows), embedding(scores, rows));
}

function flattened(labels: tf.Tensor, logits: tf.Tensor) {
  return { flat: tf.reshape(labels, [-1]), scores: tf.reshape(logits, [-1, logits.shape.at(-1)!]) };
}
