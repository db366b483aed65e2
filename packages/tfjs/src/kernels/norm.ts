import { heapKernel } from "./heap.js";

/** Layer normalisation of rows: `[rows, channels]`, gamma and beta `[channels]`; sums in float64. */
export const normaliseRows = heapKernel<{ readonly epsilon: number }>(
  "ConvBertNorm",
  ({ inputs: [values, gamma, beta], outputs: [normal] }, { epsilon }) => {
    const channels = gamma!.length;
    for (let start = 0; start < values!.length; start += channels) {
      const mean = sum(values!, start, channels) / channels;
      const scale = 1 / Math.sqrt(sumOfSquares(values!, start, channels, mean) / channels + epsilon);
      for (let channel = 0; channel < channels; channel++) {
        const at = start + channel;
        normal![at] = (values![at]! - mean) * scale * gamma![channel]! + beta![channel]!;
      }
    }
  },
);

// Two sums side by side do not wait for one another.

function sum(values: Float32Array, start: number, count: number): number {
  let [even, odd, at] = [0, 0, start];
  for (; at + 2 <= start + count; at += 2) {
    even += values[at]!;
    odd += values[at + 1]!;
  }
  return even + odd + (at < start + count ? values[at]! : 0);
}

function sumOfSquares(values: Float32Array, start: number, count: number, mean: number): number {
  let [even, odd, at] = [0, 0, start];
  for (; at + 2 <= start + count; at += 2) {
    const [first, second] = [values[at]! - mean, values[at + 1]! - mean];
    even += first * first;
    odd += second * second;
  }
  const last = at < start + count ? values[at]! - mean : 0;
  return even + odd + last * last;
}
