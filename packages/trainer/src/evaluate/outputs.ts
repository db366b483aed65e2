import type { ConvBertPreTrainedModel } from "@convbert/model";
import { type Batch, countTargets, type FloatLabels, isPerToken } from "../collate/batch.js";
import { sequenceParts } from "../collate/parts.js";
import type { MeanLoss } from "./batches.js";

/** A model's two forward passes, whatever its task: of a padded batch, and of one without padding. */
export type Forward<Inputs, Output, Sequences, Result> = Pick<ConvBertPreTrainedModel, "config"> & {
  forward(inputs: Inputs, options?: { readonly signal?: AbortSignal | undefined }): Promise<Output>;
  forwardRagged(sequences: Sequences, options?: { readonly signal?: AbortSignal | undefined }): Promise<Result[]>;
};

/** How a batch is measured. */
export interface OutputOptions {
  /** Without padding, so that a row's outputs are those of the row alone. */
  readonly unpadded: boolean;
  /** Whether there is an output for each token, or for each row. */
  readonly perToken: boolean;
  /** Gets the losses. */
  readonly loss: MeanLoss;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tokens that run through the model together where there is no padding; a longer row runs alone. Results do not depend on it:
 * more take more memory, fewer more time.
 */
export const EVALUATION_TOKENS = 2048;

/** The model's outputs of each of a batch's rows, padding left out. */
export async function rowOutputs<Name extends string, Inputs, Sequences>(
  model: Forward<
    Inputs,
    { readonly loss?: number } & { readonly [name in Name]: AnyArray },
    Sequences,
    { readonly loss?: number } & { readonly [name in Name]: AnyArray }
  >,
  batch: Batch,
  names: readonly Name[],
  { unpadded, perToken, loss, signal }: OutputOptions,
): Promise<Record<Name, Float32Array>[]> {
  if (!unpadded) {
    const output = await model.forward(batch.inputs as Inputs, { signal });
    loss.add(output.loss, batch.targets);
    const columns = perToken ? tokenColumns(batch) : null;
    return Array.from({ length: batch.rows }, (_, row) =>
      byName(names, (name) => rowOf(output[name], row, batch.rows, columns?.[row])),
    );
  }
  const rows: Record<Name, Float32Array>[] = [];
  for (const part of sequenceParts(batch, EVALUATION_TOKENS)) {
    for (const [row, result] of (await model.forwardRagged(part as Sequences, { signal })).entries()) {
      loss.add(result.loss, rowTargets(part, row, batch));
      rows.push(byName(names, (name) => result[name].data as Float32Array));
    }
  }
  return rows;
}

interface AnyArray {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

function byName<Name extends string>(
  names: readonly Name[],
  valuesOf: (name: Name) => Float32Array,
): Record<Name, Float32Array> {
  return Object.fromEntries(names.map((name) => [name, valuesOf(name)])) as Record<Name, Float32Array>;
}

/** First column and number of columns of each row's tokens in the padded batch. */
function tokenColumns({ inputs, sequences: { offsets } }: Batch): { start: number; count: number; of: number }[] {
  const { data, shape } = inputs.attention_mask;
  const of = shape[1]!;
  return Array.from({ length: shape[0]! }, (_, row) => ({
    start: data.subarray(row * of, (row + 1) * of).indexOf(1),
    count: offsets[row + 1]! - offsets[row]!,
    of,
  }));
}

function rowOf(
  { data }: AnyArray,
  row: number,
  rows: number,
  columns: { readonly start: number; readonly count: number; readonly of: number } | undefined,
): Float32Array {
  const size = data.length / rows;
  const whole = (data as Float32Array).subarray(row * size, (row + 1) * size);
  if (columns === undefined) return whole;
  const channels = size / columns.of;
  return whole.subarray(columns.start * channels, (columns.start + columns.count) * channels);
}

/** How many labels of a row count. */
export function rowTargets(
  part: { readonly offsets: ArrayLike<number>; readonly labels?: unknown },
  row: number,
  { targets, rows }: Pick<Batch, "targets" | "rows">,
): number {
  const { labels, offsets } = part;
  // Labels of tokens, some of which do not count; those of rows all do.
  if (ArrayBuffer.isView(labels))
    return countTargets((labels as Int32Array).subarray(offsets[row]!, offsets[row + 1]!));
  if (isTable(labels) && isPerToken(labels, offsets)) {
    const width = labels.data.length / labels.shape[0]!;
    const data = labels.data.subarray(offsets[row]! * width, offsets[row + 1]! * width);
    return countTargets({ data, shape: [offsets[row + 1]! - offsets[row]!, width] });
  }
  return targets / rows;
}

function isTable(labels: unknown): labels is FloatLabels {
  return typeof labels === "object" && labels !== null && "shape" in labels && (labels as FloatLabels).shape.length > 1;
}
