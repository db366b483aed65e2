import type { ConvBertInputs } from "@convbert/model";
import { seededRandom } from "@convbert/tensor/internal";
import type { IndexedDataset } from "../data/dataset.js";
import { MeanLoss } from "../evaluate/batches.js";
import type { TrainableModel } from "../optimize/learner.js";
import { TrainerOptionError } from "../option-error.js";
import type { Collate } from "./options.js";
import { turnWhenDue } from "./turn-when-due.js";

export interface PredictOptions {
  /** Examples that run together; default the trainer's. */
  readonly batchSize?: number | undefined;
  /** Run each example alone, as the pipelines do; default the trainer's. */
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
  if (model.forward === undefined) throw new TrainerOptionError("model", "no forward", "it only has a training loss");
  if (dataset.length === 0) throw new TrainerOptionError("dataset", 0, "there are no examples to predict");
  const size = unpadded ? 1 : batchSize;
  const [outputs, labels] = [new Parts(), new Parts()];
  const loss = new MeanLoss();
  for (let at = 0; at < dataset.length; at += size) {
    signal?.throwIfAborted();
    await turnWhenDue();
    const end = Math.min(dataset.length, at + size);
    const examples: Example[] = [];
    for (let i = at; i < end; i++) examples.push(await dataset.get(i));
    const { inputs, targets } = await collate(examples, seededRandom(seed, at));
    const output = (await model.forward(inputs, { signal })) as Readonly<Record<string, unknown>>;
    loss.add(output["loss"] as number | undefined, targets);
    for (const [name, value] of Object.entries(output)) if (isArray(value)) outputs.add(name, value);
    for (const name of LABELS) {
      const value: unknown = (inputs as Readonly<Record<string, unknown>>)[name];
      if (isArray(value)) labels.add(name, value);
    }
    onProgress?.(end, dataset.length);
  }
  return { predictions: outputs.joined(), labels: labels.joined(), metrics: loss.metric as Record<string, number> };
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
    return Object.fromEntries([...this.#parts].map(([name, parts]) => [name, joinedRows(parts)]));
  }
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
  let place = 0;
  let stride = 1;
  for (let axis = own.length - 1, rest = at; axis >= 0; axis--) {
    place += (rest % own[axis]!) * stride;
    rest = Math.floor(rest / own[axis]!);
    stride *= outer[axis]!;
  }
  return place;
}
