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

// Several sums side by side do not wait for one another.

function sum(values: Float32Array, start: number, count: number): number {
  const end = start + count;
  let at = start;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (; at + 4 <= end; at += 4) {
    a += values[at]!;
    b += values[at + 1]!;
    c += values[at + 2]!;
    d += values[at + 3]!;
  }
  for (; at < end; at++) {
    a += values[at]!;
  }
  return a + b + c + d;
}

function sumOfSquares(values: Float32Array, start: number, count: number, mean: number): number {
  const end = start + count;
  let at = start;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (; at + 4 <= end; at += 4) {
    const first = values[at]! - mean;
    const second = values[at + 1]! - mean;
    const third = values[at + 2]! - mean;
    const fourth = values[at + 3]! - mean;
    a += first * first;
    b += second * second;
    c += third * third;
    d += fourth * fourth;
  }
  for (; at < end; at++) {
    const last = values[at]! - mean;
    a += last * last;
  }
  return a + b + c + d;
}
