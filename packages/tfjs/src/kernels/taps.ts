import { heapKernel } from "./heap.js";

/** Extents of a dynamic convolution. */
export interface TapsShape {
  readonly batch: number;
  readonly length: number;
  readonly heads: number;
  readonly size: number;
  readonly taps: number;
}

/**
 * The sums of the dynamic convolution: values `[batch, length, heads * size]` and kernels `[batch * length * heads, taps]`
 * to the shape of the values.
 */
export const sumTaps = heapKernel<TapsShape>(
  "ConvBertTaps",
  ({ inputs: [values, kernels], outputs: [sums] }, shape) => {
    const { batch, length, heads, size, taps } = shape;
    const stride = heads * size;
    const half = taps >> 1;
    for (let row = 0; row < batch * length; row++) {
      const position = row % length;
      // Outside the sequence are zeros.
      const first = Math.max(0, half - position);
      const end = Math.min(taps, length - position + half);
      for (let head = 0; head < heads; head++) {
        const kernel = (row * heads + head) * taps;
        const start = row * stride + head * size;
        addTaps({ values: values!, kernels: kernels!, sums: sums! }, { start, size, stride, half, kernel, first, end });
      }
    }
  },
);

interface Head {
  readonly start: number;
  readonly size: number;
  readonly stride: number;
  readonly half: number;
  readonly kernel: number;
  readonly first: number;
  readonly end: number;
}

/** One head of one token, four channels at a time. */
function addTaps(
  { values, kernels, sums }: Record<"values" | "kernels" | "sums", Float32Array>,
  { start, size, stride, half, kernel, first, end }: Head,
): void {
  const offset = (first - half) * stride;
  let channel = start;
  for (; channel + 4 <= start + size; channel += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let tap = first, at = channel + offset; tap < end; tap++, at += stride) {
      const weight = kernels[kernel + tap]!;
      a += weight * values[at]!;
      b += weight * values[at + 1]!;
      c += weight * values[at + 2]!;
      d += weight * values[at + 3]!;
    }
    sums[channel] = a;
    sums[channel + 1] = b;
    sums[channel + 2] = c;
    sums[channel + 3] = d;
  }
  for (; channel < start + size; channel++) {
    let sum = 0;
    for (let tap = first, at = channel + offset; tap < end; tap++, at += stride) {
      sum += kernels[kernel + tap]! * values[at]!;
    }
    sums[channel] = sum;
  }
}
