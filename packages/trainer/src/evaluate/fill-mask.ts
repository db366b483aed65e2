import type { ConvBertForMaskedLM, MaskedLMBatch } from "@convbert/heads";
import { seededRandom } from "@convbert/tensor/internal";
import { type Batch, type Collator, countTargets } from "../collate/batch.js";
import type { FillMaskBatchInputs, TokenBlock } from "../collate/fill-mask.js";
import { sequenceParts } from "../collate/parts.js";
import type { PlainExample } from "../data/examples.js";
import type { Evaluate } from "../loop/options.js";
import { PerplexityMetric } from "../metrics/regression.js";
import { type EvaluationOptions, eachBatch } from "./batches.js";
import { EVALUATION_TOKENS } from "./outputs.js";

/**
 * Measures how well masked tokens are predicted: `loss` and `perplexity`. Every evaluation has the same masks, which the
 * seed decides.
 */
export function evaluateFillMask(
  model: Pick<ConvBertForMaskedLM, "evaluationLoss">,
  collator: Collator<PlainExample | TokenBlock, Batch<FillMaskBatchInputs, MaskedLMBatch>>,
  options: EvaluationOptions<PlainExample | TokenBlock> & { readonly seed?: number },
): Evaluate {
  const { seed = 0, unpadded = false } = options;
  return async ({ signal, onProgress }) => {
    const metric = new PerplexityMetric();
    const measure = async (inputs: MaskedLMBatch | FillMaskBatchInputs, targets: number): Promise<void> => {
      if (targets === 0) return;
      // Unlike with `forward`, only masked tokens go through the decoder, by far the largest product.
      using loss = await model.evaluationLoss(inputs, { signal });
      metric.update(await loss.readItem(), targets);
    };
    await eachBatch(
      options,
      collator,
      { signal, onProgress },
      async (batch) => {
        if (!unpadded) return measure(batch.inputs, batch.targets);
        for (const part of sequenceParts(batch, EVALUATION_TOKENS))
          await measure(part, countTargets(part.labels ?? []));
      },
      (batch) => seededRandom(seed, batch),
    );
    const { loss, perplexity } = metric.compute();
    return { loss, perplexity };
  };
}
