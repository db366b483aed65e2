import type { PreparedInputs } from "@convbert/model/internal";
import { mean, multiply, scale, Tape, Tensor, tidy } from "@convbert/tensor";
import { BufferStore } from "@convbert/tensor/internal";
import type { TrainingLossOptions } from "./head.js";

/** What a model gives for texts, and what is made of the vectors of all. */
export interface VectorLoss {
  /** Recorded by the options' tape; the caller disposes the result. */
  vectors(part: PreparedInputs): Promise<Tensor<"float32">>;
  loss(vectors: Tensor<"float32">): Tensor<"float32">;
}

/**
 * Adds the gradients of a loss over many texts with the memory of a few (gradient caching): all vectors first, then the
 * loss's gradients of them, then each part once more, with those gradients as what flows back. Dropout falls on the same
 * elements both times. Returns the loss.
 */
export async function accumulateInParts(
  prepared: PreparedInputs,
  textsAtOnce: number,
  { tape, dropout: random = null, weight }: TrainingLossOptions & { readonly weight: number },
  { vectors: vectorsOf, loss: lossOf }: VectorLoss,
): Promise<number> {
  const parts = partsOf(prepared, textsAtOnce);
  const positions: number[] = [];
  const found: Float32Array[] = [];
  for (const part of parts) {
    positions.push(random?.position ?? 0);
    using vectors = await vectorsOf(part);
    found.push(vectors.toArray().data);
    tape.reset();
  }
  const size = found[0]!.length / parts[0]!.batch;
  using all = Tensor.from(tape.backend, joined(found), [prepared.batch, size]);
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
      const flowing = Tensor.from(tape.backend, gradients.subarray(row * size, (row + part.batch) * size), [
        part.batch,
        size,
      ]);
      tape.backward(tape.record(() => scale(mean(multiply(vectors, flowing)), vectors.size)));
    });
    row += part.batch;
  }
  return loss;
}

/** Rows of a padded batch, so many at a time. */
function partsOf(prepared: PreparedInputs, count: number): PreparedInputs[] {
  const { batch, length, words, mask } = prepared;
  const parts: PreparedInputs[] = [];
  for (let start = 0; start < batch; start += count) {
    const end = Math.min(batch, start + count);
    const rows = <A extends Int32Array | Float32Array>(values: A): A => {
      const each = values.length / batch;
      return values.subarray(start * each, end * each) as A;
    };
    parts.push({
      ...prepared,
      batch: end - start,
      length,
      words: rows(words),
      positions: rows(prepared.positions),
      types: rows(prepared.types),
      mask: mask && { shape: [end - start, ...mask.shape.slice(1)], values: rows(mask.values) },
    });
  }
  return parts;
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
