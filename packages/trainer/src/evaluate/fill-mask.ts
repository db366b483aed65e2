import type { ConvBertForMaskedLM } from "@convbert/heads";
import { Tape } from "@convbert/tensor";
import { BufferStore, seededRandom } from "@convbert/tensor/internal";
import type { Batch, Collator } from "../collate/batch.js";
import type { FillMaskBatchInputs, TokenBlock } from "../collate/fill-mask.js";
import type { PlainExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { PerplexityMetric } from "../metrics/regression.js";
import { type EvaluationOptions, eachBatch } from "./batches.js";

/**
 * Measures how well masked tokens are predicted: `loss` and `perplexity`. Every evaluation has the same masks, which the
 * seed decides.
 */
export function evaluateFillMask(
  model: Pick<ConvBertForMaskedLM, "trainingLoss" | "backend">,
  collator: Collator<PlainExample | TokenBlock, Batch<FillMaskBatchInputs>>,
  options: EvaluationOptions<PlainExample | TokenBlock> & { readonly seed?: number },
): Evaluate {
  const { seed = 0 } = options;
  return async ({ signal, onProgress }) => {
    const metric = new PerplexityMetric();
    // Nothing is trained, so nothing is recorded: only masked tokens go through the decoder, by far the largest product.
    using store = new BufferStore(model.backend, []);
    const tape = new Tape(model.backend, store);
    await eachBatch(
      options,
      collator,
      { signal, onProgress },
      async ({ inputs, targets }) => {
        if (targets === 0) return;
        try {
          using loss = await model.trainingLoss(inputs, { tape, signal });
          metric.update(loss.item(), targets);
        } finally {
          tape.reset();
        }
      },
      (batch) => seededRandom(seed, batch),
    );
    const { loss, perplexity } = metric.compute();
    return { loss, perplexity };
  };
}
