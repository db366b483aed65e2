import { TrainerOptionError } from "../option-error.js";
import { epochOrder } from "./random.js";

/** Examples that can be gone through again and again. */
export interface Dataset<T> {
  /** How many there are, where that is known. */
  readonly length?: number;
  [Symbol.asyncIterator](): AsyncIterator<T>;
}

/** Examples that can be had in any order, which shuffling and resuming need. */
export interface IndexedDataset<T> extends Dataset<T> {
  readonly length: number;
  /** The example at an index from 0 on. Throws RangeError outside. */
  get(index: number): Promise<T>;
  /** Gives back what the examples are read from. */
  close(): Promise<void>;
}

/** Examples in memory. The array is used as it is. */
export function memoryDataset<T>(examples: readonly T[]): IndexedDataset<T> {
  return {
    length: examples.length,
    async get(index) {
      checkIndex(index, examples.length);
      return examples[index]!;
    },
    async *[Symbol.asyncIterator]() {
      yield* examples;
    },
    close: async () => {},
  };
}

/** A part of a data set, from `start` to before `end`: a held-out share, or the first few for a trial. */
export function sliceDataset<T>(dataset: IndexedDataset<T>, start: number, end = dataset.length): IndexedDataset<T> {
  const from = Math.min(Math.max(0, start), dataset.length);
  const length = Math.max(0, Math.min(end, dataset.length) - from);
  return {
    length,
    async get(index) {
      checkIndex(index, length);
      return dataset.get(from + index);
    },
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < length; i++) yield await dataset.get(from + i);
    },
    close: () => dataset.close(),
  };
}

/** Data sets one after the other, such as several files. */
export function concatDatasets<T>(datasets: readonly IndexedDataset<T>[]): IndexedDataset<T> {
  const length = datasets.reduce((sum, dataset) => sum + dataset.length, 0);
  return {
    length,
    async get(index) {
      checkIndex(index, length);
      let rest = index;
      for (const dataset of datasets) {
        if (rest < dataset.length) return dataset.get(rest);
        rest -= dataset.length;
      }
      throw new RangeError("unreachable");
    },
    async *[Symbol.asyncIterator]() {
      for (const dataset of datasets) yield* dataset;
    },
    async close() {
      await Promise.all(datasets.map((dataset) => dataset.close()));
    },
  };
}

export interface EpochOptions {
  /** Default true. */
  readonly shuffle?: boolean;
  /** Default 0. */
  readonly seed?: number;
  /** From 0; with the seed it decides the order. Default 0. */
  readonly epoch?: number;
  /** Examples of the epoch that have been seen already: where to go on. Default 0. */
  readonly start?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The examples of one epoch in its order, from `start` on. Nothing before `start` is read. */
export async function* epochExamples<T>(dataset: IndexedDataset<T>, options: EpochOptions = {}): AsyncGenerator<T> {
  const { shuffle = true, seed = 0, epoch = 0, start = 0, signal } = options;
  for (const [option, value] of Object.entries({ seed, epoch, start })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new TrainerOptionError(option, value, "give a whole number from 0 on");
    }
  }
  const order = shuffle ? epochOrder(dataset.length, seed, epoch) : undefined;
  for (let i = start; i < dataset.length; i++) {
    signal?.throwIfAborted();
    yield await dataset.get(order ? order[i]! : i);
  }
}

/** Lists of `size` examples; the last may be shorter, unless `dropLast` leaves it out. */
export async function* inBatches<T>(
  examples: AsyncIterable<T>,
  size: number,
  { dropLast = false }: { readonly dropLast?: boolean } = {},
): AsyncGenerator<T[]> {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new TrainerOptionError("batchSize", size, "give a whole number from 1 on");
  }
  let batch: T[] = [];
  for await (const example of examples) {
    batch.push(example);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0 && !dropLast) yield batch;
}

/** Throws RangeError for an index that is not there. */
export function checkIndex(index: number, length: number): void {
  if (Number.isSafeInteger(index) && index >= 0 && index < length) return;
  throw new RangeError(`there is no example ${index}; the data set has ${length}`);
}
