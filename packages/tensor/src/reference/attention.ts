import type { AttentionArguments } from "../backend.js";

/** Scaled dot-product attention within each sequence, a query and a head at a time (see `Backend.attention`). */
export function attention(args: AttentionArguments): void {
  const { query, key, value, sequences, heads, scale, mask, headMask, probabilities, output } = args;
  const q = query.storage.float32();
  const k = key.storage.float32();
  const v = value.storage.float32();
  const y = output.storage.float32();
  const size = query.columns / heads;
  const count = sequences.offsets.length - 1;
  const maskRowPerToken = mask !== null && mask.rows !== count;
  for (let sequence = 0; sequence < count; sequence++) {
    const start = sequences.offsets[sequence]!;
    const length = sequences.offsets[sequence + 1]! - start;
    const scores = new Float64Array(length);
    for (let head = 0; head < heads; head++) {
      const keep = headMask === null ? 1 : headMask.storage.float32()[headMask.offset + head]!;
      for (let token = 0; token < length; token++) {
        const queryAt = query.offset + (start + token) * query.stride + head * size;
        let largest = Number.NEGATIVE_INFINITY;
        for (let other = 0; other < length; other++) {
          const keyAt = key.offset + (start + other) * key.stride + head * size;
          let dot = 0;
          for (let i = 0; i < size; i++) {
            dot += q[queryAt + i]! * k[keyAt + i]!;
          }
          let score = dot * scale;
          if (mask !== null) {
            const row = maskRowPerToken ? start + token : sequence;
            // In float32 a score vanishes beside the mask's huge value, so that a query whose keys are all masked
            // attends to all of them alike, as in the reference.
            score = Math.fround(score + mask.storage.float32()[mask.offset + row * mask.stride + other]!);
          }
          scores[other] = score;
          largest = Math.max(largest, score);
        }
        let sum = 0;
        for (let other = 0; other < length; other++) {
          scores[other] = Math.exp(scores[other]! - largest);
          sum += scores[other]!;
        }
        for (let other = 0; other < length; other++) {
          scores[other]! *= keep / sum;
        }
        if (probabilities !== null) {
          const row = (sequence * heads + head) * length + token;
          probabilities.storage.float32().set(scores, probabilities.offset + row * probabilities.stride);
        }
        const outputAt = output.offset + (start + token) * output.stride + head * size;
        for (let i = 0; i < size; i++) {
          let sumOfValues = 0;
          for (let other = 0; other < length; other++) {
            sumOfValues += scores[other]! * v[value.offset + (start + other) * value.stride + head * size + i]!;
          }
          y[outputAt + i] = sumOfValues;
        }
      }
    }
  }
}
