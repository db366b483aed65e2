import type { IndexedDataset } from "../data/dataset.js";
import { epochOrder } from "../data/random.js";
import { TrainerOptionError } from "../option-error.js";

export interface PlanOptions<Example> {
  readonly shuffle: boolean;
  readonly seed: number;
  readonly batchSize: number;
  readonly tokenBudget: number | undefined;
  readonly groupByLength?: boolean | undefined;
  readonly lengthOf: ((example: Example) => number) | undefined;
}

/** The batches of one epoch: indices of examples, in order. */
export interface EpochPlan {
  readonly batches: number;
  /** Indices of a batch's examples. */
  batch(index: number): Uint32Array;
}

/** Which examples make which batch of which epoch; depends on the options alone. */
export class Planner<Example> {
  readonly #length: number;
  readonly #options: PlanOptions<Example>;
  /** Tokens of each example, where batches depend on them. */
  readonly #lengths: Uint32Array | null;
  #last: { readonly epoch: number; readonly plan: EpochPlan } | null = null;

  private constructor(length: number, options: PlanOptions<Example>, lengths: Uint32Array | null) {
    this.#length = length;
    this.#options = options;
    this.#lengths = lengths;
  }

  /** Looks at the lengths of all examples where batches depend on them. Throws TrainerOptionError. */
  static async create<Example>(
    dataset: IndexedDataset<Example>,
    options: PlanOptions<Example>,
    signal: AbortSignal | undefined,
  ): Promise<Planner<Example>> {
    const { tokenBudget, groupByLength = false, lengthOf } = options;
    if (dataset.length === 0) throw new TrainerOptionError("train", 0, "there are no examples to train on");
    if (tokenBudget === undefined && !groupByLength) return new Planner(dataset.length, options, null);
    if (lengthOf === undefined) {
      const [name, value] = tokenBudget === undefined ? ["groupByLength", true] : ["tokenBudget", tokenBudget];
      throw new TrainerOptionError(name as string, value, "it needs lengthOf, which tells an example's tokens");
    }
    if (groupByLength && !options.shuffle) {
      throw new TrainerOptionError("groupByLength", true, "it makes an order of its own; it needs shuffle");
    }
    const lengths = new Uint32Array(dataset.length);
    for (let i = 0; i < lengths.length; i++) {
      signal?.throwIfAborted();
      lengths[i] = lengthOf(await dataset.get(i));
    }
    return new Planner(dataset.length, options, lengths);
  }

  epoch(epoch: number): EpochPlan {
    if (this.#last?.epoch !== epoch) this.#last = { epoch, plan: this.#plan(epoch) };
    return this.#last.plan;
  }

  #plan(epoch: number): EpochPlan {
    const { shuffle, seed, batchSize, tokenBudget, groupByLength } = this.#options;
    const order = shuffle
      ? epochOrder(this.#length, seed, epoch)
      : Uint32Array.from({ length: this.#length }, (_, i) => i);
    if (groupByLength) groupLengths(order, this.#lengths!, batchSize);
    if (tokenBudget === undefined) {
      return {
        batches: Math.ceil(order.length / batchSize),
        batch: (index) => order.subarray(index * batchSize, (index + 1) * batchSize),
      };
    }
    const starts = budgetedStarts(order, this.#lengths!, tokenBudget);
    return { batches: starts.length - 1, batch: (index) => order.subarray(starts[index]!, starts[index + 1]!) };
  }
}

/** Batches of a group at most, as in the reference. */
const GROUP = 50;

/**
 * Sorts an order by length, longest first, within groups of many batches, and puts the longest example of all at the front,
 * so that a batch that does not fit into memory comes at once (the reference's `get_length_grouped_indices`).
 */
export function groupLengths(order: Uint32Array, lengths: ArrayLike<number>, batchSize: number): void {
  const size = batchSize * Math.max(1, Math.min(GROUP, Math.floor(order.length / (batchSize * 4))));
  let longest = 0;
  for (let start = 0; start < order.length; start += size) {
    // Sorting is stable, so that examples of one length keep their random order.
    order.subarray(start, start + size).sort((a, b) => lengths[b]! - lengths[a]!);
    if (lengths[order[start]!]! > lengths[order[longest]!]!) longest = start;
  }
  const first = order[0]!;
  order[0] = order[longest]!;
  order[longest] = first;
}

/** Where each batch begins in the order, and the order's end. */
function budgetedStarts(order: Uint32Array, lengths: Uint32Array, budget: number): number[] {
  const starts = [0];
  let longest = 0;
  for (const [at, index] of order.entries()) {
    const start = starts.at(-1)!;
    const longer = Math.max(longest, lengths[index]!);
    if (at > start && longer * (at - start + 1) > budget) {
      starts.push(at);
      longest = lengths[index]!;
    } else {
      longest = longer;
    }
  }
  return [...starts, order.length];
}
