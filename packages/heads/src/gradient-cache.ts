import type { ConvBertConfig, SequenceBatch, Unpadded } from "@convbert/model";
import {
  type PreparedInputs,
  type PreparedSequences,
  prepareSequences,
  sliceSequences,
} from "@convbert/model/internal";
import { mean, multiply, scale, Tape, Tensor, tidy, uniformSequences } from "@convbert/tensor";
import { BufferStore } from "@convbert/tensor/internal";
import type { TrainingLossOptions } from "./head.js";

/** Some texts of a batch. */
export interface EncoderPart {
  readonly prepared: PreparedSequences;
  /** Of a padded batch the tokens that make the texts' vectors, and where each text's begin; null for all. */
  readonly pooled: { readonly tokens: readonly number[]; readonly offsets: readonly number[] } | null;
}

/** What a model gives for texts, and what is made of the vectors of all. */
export interface VectorLoss {
  /** Recorded by the options' tape; the caller disposes the result. */
  vectors(part: EncoderPart): Promise<Tensor<"float32">>;
  loss(vectors: Tensor<"float32">): Tensor<"float32">;
}

/**
 * Adds the gradients of a loss over many texts with the memory of a few (gradient caching): all vectors first, then the
 * loss's gradients of them, then each part once more, with those gradients as what flows back. Dropout falls on the same
 * elements both times. Returns the loss.
 */
export async function accumulateInParts(
  parts: readonly EncoderPart[],
  { tape, dropout: random = null, weight }: TrainingLossOptions & { readonly weight: number },
  { vectors: vectorsOf, loss: lossOf }: VectorLoss,
): Promise<number> {
  const counts = parts.map(({ prepared }) => prepared.sequences.offsets.length - 1);
  const texts = counts.reduce((sum, count) => sum + count, 0);
  const positions: number[] = [];
  const found: Float32Array[] = [];
  for (const part of parts) {
    positions.push(random?.position ?? 0);
    using vectors = await vectorsOf(part);
    found.push(vectors.toArray().data);
    tape.reset();
  }
  const size = found[0]!.length / counts[0]!;
  using all = Tensor.from(tape.backend, joined(found), [texts, size]);
  using store = new BufferStore(tape.backend, [all]);
  using own = new Tape(tape.backend, store);
  const loss = tidy(() => {
    const result = own.record(() => lossOf(all));
    own.backward(result, weight);
    return result.item();
  });
  const gradients = Float32Array.from((store.get(all) as Tensor<"float32">).data);
  let row = 0;
  for (const [index, part] of parts.entries()) {
    if (random !== null) random.position = positions[index]!;
    using vectors = await vectorsOf(part);
    tidy(() => {
      // Its gradient of the vectors is what was found; its value means nothing.
      const count = counts[index]!;
      const flowing = Tensor.from(tape.backend, gradients.subarray(row * size, (row + count) * size), [count, size]);
      tape.backward(tape.record(() => scale(mean(multiply(vectors, flowing)), vectors.size)));
    });
    row += counts[index]!;
  }
  return loss;
}

/** Sequences without padding, so many at a time. */
export function sequenceParts(batch: SequenceBatch, config: ConvBertConfig, count: number): EncoderPart[] {
  return stretches(batch.offsets.length - 1, count).map(([start, end]) => ({
    prepared: prepareSequences(sliceSequences(batch, start, end), config),
    pooled: null,
  }));
}

/** Rows of a padded batch, so many at a time; `alone` are their tokens. */
export function paddedParts(prepared: PreparedInputs, alone: Unpadded, count: number): EncoderPart[] {
  const { batch, length, words, mask } = prepared;
  const { kept, batch: tokens } = alone;
  return stretches(batch, count).map(([start, end]) => {
    const rows = <A extends Int32Array | Float32Array>(values: A): A => {
      const each = values.length / batch;
      return values.subarray(start * each, end * each) as A;
    };
    const first = tokens.offsets[start]!;
    return {
      prepared: {
        ...prepared,
        sequences: uniformSequences(end - start, length),
        words: rows(words),
        positions: rows(prepared.positions),
        types: rows(prepared.types),
        mask: mask && { shape: [end - start, ...mask.shape.slice(1)], values: rows(mask.values) },
      },
      pooled: {
        tokens: kept.slice(first, tokens.offsets[end]).map((token) => token - start * length),
        offsets: Array.from({ length: end - start + 1 }, (_, i) => tokens.offsets[start + i]! - first),
      },
    };
  });
}

function stretches(length: number, count: number): (readonly [start: number, end: number])[] {
  const size = Math.min(length, count);
  return Array.from(
    { length: Math.ceil(length / size) },
    (_, i) => [i * size, Math.min(length, (i + 1) * size)] as const,
  );
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
