import type { Batch, Collator } from "../collate/batch.js";
import type { Dataset } from "../data/dataset.js";
import type { RandomSource } from "../data/random.js";
import { turnWhenDue } from "../loop/turn-when-due.js";
import { TrainerOptionError } from "../option-error.js";

/** What every evaluation takes. */
export interface EvaluationOptions<Example> {
  readonly dataset: Dataset<Example>;
  /** Examples that run together; default 32. */
  readonly batchSize?: number | undefined;
  /**
   * Run each example at its own length, as the pipelines do: padding, which ConvBERT's convolution sees, changes nothing
   * then, and an example's outputs are those that it has alone. Default false: batches padded to their longest, as in the
   * reference's evaluations.
   */
  readonly unpadded?: boolean | undefined;
}

/** What an evaluation is called with. */
export interface EvaluationCall {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Calls `visit` with every batch of a data set, in its order. `randomOf` gives each batch's own generator. */
export async function eachBatch<Example, B extends Batch>(
  { dataset, batchSize = 32 }: EvaluationOptions<Example>,
  collator: Collator<Example, B>,
  { signal, onProgress }: EvaluationCall,
  visit: (batch: B, examples: readonly Example[]) => Promise<void>,
  randomOf?: (batch: number) => RandomSource,
): Promise<void> {
  const { length: total = 0 } = dataset;
  let count = 0;
  let done = 0;
  for await (const examples of groups(dataset, batchSize)) {
    signal?.throwIfAborted();
    await turnWhenDue();
    await visit(collator.collate(examples, randomOf?.(count++)), examples);
    done += examples.length;
    onProgress?.(done, Math.max(done, total));
  }
  if (done === 0) throw new TrainerOptionError("evaluation data", 0, "there are no examples to evaluate on");
}

async function* groups<Example>(dataset: Dataset<Example>, size: number): AsyncGenerator<Example[]> {
  let group: Example[] = [];
  for await (const example of dataset) {
    group.push(example);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Mean of losses, each weighted by the labels that it is of. */
export class MeanLoss {
  #sum = 0;
  #targets = 0;

  add(loss: number | undefined, targets: number): void {
    if (loss === undefined || targets === 0) return;
    this.#sum += loss * targets;
    this.#targets += targets;
  }

  /** For a metrics object: empty where nothing had a label. */
  get metric(): { readonly loss?: number } {
    return this.#targets === 0 ? {} : { loss: this.#sum / this.#targets };
  }
}
