import { type ArrayInput, InputError, type Unpadded } from "@convbert/model";
import { floats } from "@convbert/model/internal";
import { crossEntropy, softCrossEntropy, Tensor } from "@convbert/tensor";
import { selectTokens } from "./first-tokens.js";
import type { LossOptions } from "./head.js";
import { checkedLikelihoods, flatLabels, IGNORED, labelsKept, tokenLabels, tokenLabelsAt } from "./labels.js";

/** A label for each of `tokens`, or how likely each class is. */
export type TokenLabels = ArrayInput | ArrayLike<number>;

interface Counts {
  readonly count: number;
  readonly classes: number;
}

/**
 * What each token shall be, checked: a class, -100 where it does not count (integers), or how likely each class is,
 * row after row, all 0 where it does not (floats). Throws InputError for other numbers, or not as many.
 */
export function tokenTargets(labels: TokenLabels, counts: Counts): Int32Array | Float32Array {
  const input = flatLabels(labels)!;
  return isLikelihoods(input, counts) ? likelihoodsOf(input, counts) : tokenLabels("labels", input, counts);
}

/** Those of what is left of a padded batch, as its labels. */
export function targetsKept(
  labels: ArrayInput | null | undefined,
  unpadded: Unpadded,
  classes: number,
): { readonly labels?: TokenLabels } {
  const { kept, length, batch } = unpadded;
  const counts = { count: (batch.offsets.length - 1) * length, classes };
  if (labels == null || !isLikelihoods(labels, counts)) return labelsKept(labels, unpadded);
  return { labels: table(rowsOf(likelihoodsOf(labels, counts), kept, classes), classes) };
}

/** Those of one sequence's tokens, as its labels. */
export function targetsAt(
  { labels, offsets }: { readonly labels?: TokenLabels | null | undefined; readonly offsets: ArrayLike<number> },
  sequence: number,
  classes: number,
): TokenLabels {
  const counts = { count: offsets[offsets.length - 1]!, classes };
  const input = flatLabels(labels)!;
  if (!isLikelihoods(input, counts)) return tokenLabelsAt({ labels, offsets }, sequence);
  const values = likelihoodsOf(input, counts);
  return table(values.subarray(offsets[sequence]! * classes, offsets[sequence + 1]! * classes), classes);
}

/** Mean cross-entropy over the tokens that count, a row of `logits` each; NaN where none does. */
export function targetLoss(
  logits: Tensor<"float32">,
  targets: Int32Array | Float32Array,
  options: LossOptions,
): Tensor<"float32"> {
  const { backend } = logits;
  const [count, classes] = [logits.extent(0), logits.extent(-1)];
  const ofClasses = (values: Int32Array) =>
    crossEntropy(logits, Tensor.from(backend, values, [values.length], "int32"), options);
  if (targets instanceof Int32Array) return ofClasses(targets);
  const counting = Array.from({ length: count }, (_, row) => row).filter((row) =>
    targets.subarray(row * classes, (row + 1) * classes).some((value) => value > 0),
  );
  if (counting.length === 0) return ofClasses(new Int32Array(count).fill(IGNORED));
  const wanted = Tensor.from(backend, rowsOf(targets, counting, classes), [counting.length, classes]);
  // Smoothing would make something of the other rows, and the mean would be over them too.
  return softCrossEntropy(counting.length === count ? logits : selectTokens(logits, counting), wanted, options);
}

/** Whether there is a row of numbers for each token: by their shape, since a class may be written as a float. */
function isLikelihoods(labels: ArrayInput, { count, classes }: Counts): boolean {
  const shape = shapeOf(labels);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const isTable = classes > 1 && shape.length > 1 && shape[shape.length - 1] === classes;
  return isTable && (size === count * classes || (shape.length === 3 && size !== count));
}

function shapeOf(labels: ArrayInput): readonly number[] {
  if (!Array.isArray(labels)) return (labels as { readonly shape: readonly number[] }).shape;
  const shape: number[] = [];
  for (let inner: unknown = labels; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  return shape;
}

function likelihoodsOf(labels: ArrayInput, { count, classes }: Counts): Float32Array {
  const { shape, values } = floats("labels", labels);
  if (values.length !== count * classes) {
    const wanted = `expected how likely each of ${classes} classes is for each of ${count} tokens`;
    throw new InputError("labels", `${wanted}, got shape [${shape.join(", ")}]`);
  }
  return checkedLikelihoods("labels", values, { classes, what: "token", zeros: true });
}

function rowsOf(values: Float32Array, rows: ArrayLike<number>, classes: number): Float32Array {
  const picked = new Float32Array(rows.length * classes);
  for (let i = 0; i < rows.length; i++) {
    picked.set(values.subarray(rows[i]! * classes, (rows[i]! + 1) * classes), i * classes);
  }
  return picked;
}

function table(data: Float32Array, classes: number): ArrayInput {
  return { data, shape: [data.length / classes, classes] };
}
