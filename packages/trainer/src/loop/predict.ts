import type { ConvBertInputs, SequenceBatch } from "@convbert/model";
import { seededRandom } from "@convbert/tensor/internal";
import { isPerToken } from "../collate/batch.js";
import { sequenceParts } from "../collate/parts.js";
import type { IndexedDataset } from "../data/dataset.js";
import { MeanLoss } from "../evaluate/batches.js";
import { EVALUATION_TOKENS, rowTargets } from "../evaluate/outputs.js";
import type { TrainableModel } from "../optimize/learner.js";
import { TrainerOptionError } from "../option-error.js";
import type { Collate, TrainingBatch } from "./options.js";
import { turnWhenDue } from "./turn-when-due.js";

export interface PredictOptions {
  /** Examples that run together; default the trainer's. */
  readonly batchSize?: number | undefined;
  /** Run each example at its own length, as the pipelines do; default the trainer's. */
  readonly unpadded?: boolean | undefined;
  /** Of what is drawn for the batches, such as masks; default 0. */
  readonly seed?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Numbers of all examples in row-major order; the first dimension is the examples'. */
export interface PredictedArray {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** What a model says of examples. */
export interface Predictions {
  /** Outputs by name: `logits`, or `start_logits` and `end_logits`. Where batches differ in length, -100 fills the rest. */
  readonly predictions: Readonly<Record<string, PredictedArray>>;
  /** Labels by name: `labels`, or `start_positions` and `end_positions`; filled like the outputs. */
  readonly labels: Readonly<Record<string, PredictedArray>>;
  /** `loss`, the mean over all labels, where there are some. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** Of the reference, which fills predictions and labels with it. */
const FILLER = -100;
const LABELS = ["labels", "start_positions", "end_positions"];

/** The outputs of all examples in their order, batch by batch. */
export async function predict<Example, Inputs extends ConvBertInputs>(
  model: TrainableModel<Inputs>,
  collate: Collate<Example, Inputs>,
  dataset: IndexedDataset<Example>,
  { batchSize = 32, unpadded = false, seed = 0, signal, onProgress }: PredictOptions,
): Promise<Predictions> {
  if ((unpadded ? model.forwardRagged : model.forward) === undefined) {
    throw new TrainerOptionError("model", "no forward", "it only has a training loss");
  }
  if (dataset.length === 0) throw new TrainerOptionError("dataset", 0, "there are no examples to predict");
  const found: Found = { outputs: new Parts(), labels: new Parts(), loss: new MeanLoss() };
  for (let at = 0; at < dataset.length; at += batchSize) {
    signal?.throwIfAborted();
    await turnWhenDue();
    const end = Math.min(dataset.length, at + batchSize);
    const examples: Example[] = [];
    for (let i = at; i < end; i++) examples.push(await dataset.get(i));
    const batch = await collate(examples, seededRandom(seed, at));
    await (unpadded ? addRows(found, model, batch, signal) : addBatch(found, model, batch, signal));
    onProgress?.(end, dataset.length);
  }
  const { outputs, labels, loss } = found;
  return { predictions: outputs.joined(), labels: labels.joined(), metrics: loss.metric as Record<string, number> };
}

interface Found {
  readonly outputs: Parts;
  readonly labels: Parts;
  readonly loss: MeanLoss;
}

async function addBatch<Inputs extends ConvBertInputs>(
  { outputs, labels, loss }: Found,
  model: TrainableModel<Inputs>,
  { inputs, targets }: TrainingBatch<Inputs>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const output = (await model.forward!(inputs, { signal })) as Readonly<Record<string, unknown>>;
  loss.add(output["loss"] as number | undefined, targets);
  for (const [name, value] of Object.entries(output)) if (isArray(value)) outputs.add(name, value);
  for (const name of LABELS) {
    const value: unknown = (inputs as Readonly<Record<string, unknown>>)[name];
    if (isArray(value)) labels.add(name, value);
  }
}

/** The same without padding: each row is a part of its own, as wide as it is. */
async function addRows<Inputs extends ConvBertInputs>(
  { outputs, labels, loss }: Found,
  model: TrainableModel<Inputs>,
  batch: TrainingBatch<Inputs>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sequences = batch.sequences ?? model.unpadded!(batch.inputs);
  const rows = batch.rows ?? rowsOf(sequences);
  for (const part of sequenceParts({ sequences, rows }, EVALUATION_TOKENS)) {
    const results = (await model.forwardRagged!(part, { signal })) as Readonly<Record<string, unknown>>[];
    for (const [row, result] of results.entries()) {
      loss.add(result["loss"] as number | undefined, rowTargets(part, row, { targets: batch.targets, rows }));
      for (const [name, value] of Object.entries(result)) if (isArray(value)) outputs.add(name, asRow(value));
    }
  }
  for (const name of LABELS) {
    const value = (sequences as unknown as Readonly<Record<string, unknown>>)[name];
    if (isArray(value) && isPerToken(value, sequences.offsets)) addTables(labels, name, value, sequences);
    else if (isArray(value)) labels.add(name, value);
    else if (ArrayBuffer.isView(value)) addLabels(labels, name, value as Int32Array, sequences);
  }
}

/** Rows of a batch that does not tell: sequences, or prompts with their choices. */
function rowsOf({ offsets, choices }: SequenceBatch & { readonly choices?: ArrayLike<number> }): number {
  return choices?.length ?? offsets.length - 1;
}

/** Labels of tokens, or positions in each sequence. */
function addLabels(labels: Parts, name: string, values: Int32Array, { offsets }: SequenceBatch): void {
  if (name !== "labels") {
    labels.add(name, { data: values, shape: [values.length] });
    return;
  }
  for (let row = 1; row < offsets.length; row++) {
    const data = values.subarray(offsets[row - 1], offsets[row]);
    labels.add(name, asRow({ data, shape: [data.length] }));
  }
}

/** Labels of tokens that are a row of numbers each. */
function addTables(labels: Parts, name: string, { data, shape }: AnyArray, { offsets }: SequenceBatch): void {
  const width = data.length / shape[0]!;
  for (let row = 1; row < offsets.length; row++) {
    const [start, end] = [offsets[row - 1]!, offsets[row]!];
    const own = Float32Array.from({ length: (end - start) * width }, (_, i) => data[start * width + i]!);
    labels.add(name, asRow({ data: own, shape: [end - start, ...shape.slice(1)] }));
  }
}

function asRow({ data, shape }: AnyArray): AnyArray {
  return { data, shape: [1, ...shape] };
}

interface AnyArray {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

function isArray(value: unknown): value is AnyArray {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value;
}

/** Arrays by name, a part for each batch. */
class Parts {
  readonly #parts = new Map<string, AnyArray[]>();

  add(name: string, part: AnyArray): void {
    const parts = this.#parts.get(name);
    if (parts) parts.push(part);
    else this.#parts.set(name, [part]);
  }

  joined(): Record<string, PredictedArray> {
    return Object.fromEntries([...this.#parts].map(([name, parts]) => [name, joinedRows(ofOneKind(parts))]));
  }
}

/** Where some batches have how likely each class is, the classes of the others are so, too: 1 for the class. */
function ofOneKind(parts: readonly AnyArray[]): readonly AnyArray[] {
  const axes = Math.max(...parts.map(({ shape }) => shape.length));
  const classes = parts.find(({ shape }) => shape.length === axes)!.shape[axes - 1]!;
  return parts.map((part) => {
    if (part.shape.length === axes) return part;
    const data = new Float32Array(part.data.length * classes);
    for (let i = 0; i < part.data.length; i++) if (part.data[i]! >= 0) data[i * classes + part.data[i]!] = 1;
    return { data, shape: [...part.shape, classes] };
  });
}

/** The rows of all parts in arrays as wide as the widest. */
function joinedRows(parts: readonly AnyArray[]): PredictedArray {
  const inner = parts[0]!.shape.slice(1).map((_, axis) => Math.max(...parts.map(({ shape }) => shape[axis + 1]!)));
  const width = inner.reduce((product, length) => product * length, 1);
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const data = new Float32Array(rows * width).fill(FILLER);
  let row = 0;
  for (const { data: values, shape } of parts) {
    const own = shape.slice(1);
    const count = own.reduce((product, length) => product * length, 1);
    for (let i = 0; i < shape[0]!; i++, row++) {
      for (let at = 0; at < count; at++) data[row * width + placeIn(at, own, inner)] = values[i * count + at]!;
    }
  }
  return { data, shape: [rows, ...inner] };
}

/** Where an element of an array lies in a larger one. */
function placeIn(at: number, own: readonly number[], outer: readonly number[]): number {
  let offset = 0;
  let stride = 1;
  for (let axis = own.length - 1, rest = at; axis >= 0; axis--) {
    offset += (rest % own[axis]!) * stride;
    rest = Math.floor(rest / own[axis]!);
    stride *= outer[axis]!;
  }
  return offset;
}
