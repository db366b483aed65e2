import { differentiable, type Recorded } from "../autograd/tape.js";
import { gradientsOf } from "../backend.js";
import type { Dropout } from "../dropout.js";
import { ShapeError } from "../errors.js";
import type { Sequences } from "../operands.js";
import { expectDType, Tensor } from "../tensor.js";
import { commonLength, expectTokens, longestLength } from "./sequences.js";

export interface AttentionOptions {
  readonly heads: number;
  /** Factor on the scores; the reference's is `1 / sqrt(head size)`. */
  readonly scale: number;
  /**
   * Added to the scaled scores: `[sequences, length]` masks keys alike for every query, `[sequences, length, length]`
   * for each query by itself. Padded batches only.
   */
  readonly mask?: Tensor | null;
  /** `[heads]`, multiplies the probabilities. */
  readonly headMask?: Tensor | null;
  /** Drops probabilities, in training. */
  readonly dropout?: Dropout | null;
  /** Also return the probabilities (padded batches only). */
  readonly probabilities?: boolean;
}

/**
 * Scaled dot-product self-attention within each sequence, `softmax(scale · q kᵀ + mask) · headMask · v` for every head
 * ("Attention Is All You Need", section 3.2; the reference's `ConvBertSelfAttention`). query, key, value and the
 * result `[..., heads * size]`; probabilities `[sequences, heads, length, length]`.
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  sequences: Sequences,
  options: AttentionOptions,
): { context: Recorded<Tensor<"float32">>; probabilities: Tensor<"float32"> | null } {
  const { heads, scale, mask = null, headMask = null, dropout = null } = options;
  const q = expectDType("attention", query, "float32");
  for (const part of [q, expectDType("attention", key, "float32"), expectDType("attention", value, "float32")]) {
    expectTokens("attention", part, sequences);
    if (part.extent(-1) !== q.extent(-1) || part.extent(-1) % heads !== 0) {
      throw new ShapeError("attention", `query, key and value of ${heads} heads of equal size`, part.shape);
    }
  }
  const count = sequences.offsets.length - 1;
  const length = commonLength(sequences);
  if (mask !== null) {
    const perSequence = length !== undefined && mask.size === count * length;
    const longest = longestLength(sequences);
    const perToken = mask.size === q.matrix().rows * longest;
    if (!(perSequence || perToken) || mask.extent(-1) !== longest) {
      const shapes = length === undefined ? "" : `[${count}, ${length}] or [${count}, ${length}, ${length}], that is `;
      throw new ShapeError("attention", `a mask ${shapes}[tokens ${q.matrix().rows}, longest ${longest}]`, mask.shape);
    }
  }
  if (headMask !== null && headMask.size !== heads) {
    throw new ShapeError("attention", `a head mask [${heads}]`, headMask.shape);
  }
  let probabilities: Tensor<"float32"> | null = null;
  if (options.probabilities) {
    if (length === undefined) {
      throw new ShapeError("attention", "sequences of one length to return probabilities", sequences.offsets);
    }
    probabilities = Tensor.allocate(q.backend, [count, heads, length, length]);
  }
  const context = Tensor.allocate(q.backend, q.shape);
  q.backend.attention({
    query: q.matrix(),
    key: key.matrix(),
    value: value.matrix(),
    sequences,
    heads,
    scale,
    mask: mask?.matrix() ?? null,
    headMask: headMask?.matrix() ?? null,
    dropout,
    probabilities: probabilities?.matrix() ?? null,
    output: context.matrix(),
  });
  const recorded = differentiable(context, (tape) => {
    const targets = [q, key, value].map((part) => tape.tensor(part));
    const [savedQuery, savedKey, savedValue] = [q, key, value].map((part) => tape.save(part));
    const [savedMask, savedHeadMask] = [mask, headMask].map((part) => part && tape.save(part));
    return (outputGradient) => {
      const [queryGradient, keyGradient, valueGradient] = targets.map((target) => target?.() ?? null);
      gradientsOf(q.backend).attentionGradient({
        query: savedQuery!.matrix(),
        key: savedKey!.matrix(),
        value: savedValue!.matrix(),
        sequences,
        heads,
        scale,
        mask: savedMask?.matrix() ?? null,
        headMask: savedHeadMask?.matrix() ?? null,
        dropout,
        outputGradient,
        queryGradient: queryGradient!,
        keyGradient: keyGradient!,
        valueGradient: valueGradient!,
      });
    };
  });
  return { context: recorded, probabilities };
}
