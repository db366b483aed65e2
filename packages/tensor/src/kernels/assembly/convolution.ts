import { all, madd } from "./vector";

// Convolutions along the sequences of a batch; rows are tokens, strides are in bytes, `begin` and `end` count tokens.
// `bounds` holds for each token the first token of its sequence and the one behind its last, as two int32. What lies
// outside a sequence counts as zero.

/** `output[t, c] = Σ_j kernel[j, c] · input[t + j - taps / 2, c]` */
export function depthwiseConvolution(
  input: usize,
  inputStride: usize,
  kernel: usize,
  kernelStride: usize,
  taps: i32,
  output: usize,
  outputStride: usize,
  columns: usize,
  bounds: usize,
  begin: i32,
  end: i32,
): void {
  const reach = taps >> 1;
  const blocks = (columns & ~15) << 2;
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let token = begin; token < end; token++) {
    const start = load<i32>(bounds + (<usize>token << 3));
    const stop = load<i32>(bounds + (<usize>token << 3) + 4);
    const first = max(0, start + reach - token);
    const last = min(taps, stop + reach - token);
    const from = input + <usize>(token + first - reach) * inputStride;
    const weights = kernel + <usize>first * kernelStride;
    const to = output + <usize>token * outputStride;
    let at: usize = 0;
    for (; at < blocks; at += 64) {
      let s0 = all(0.0);
      let s1 = all(0.0);
      let s2 = all(0.0);
      let s3 = all(0.0);
      let x = from + at;
      let k = weights + at;
      for (let tap = first; tap < last; tap++) {
        s0 = madd(v128.load(x), v128.load(k), s0);
        s1 = madd(v128.load(x, 16), v128.load(k, 16), s1);
        s2 = madd(v128.load(x, 32), v128.load(k, 32), s2);
        s3 = madd(v128.load(x, 48), v128.load(k, 48), s3);
        x += inputStride;
        k += kernelStride;
      }
      v128.store(to + at, s0);
      v128.store(to + at, s1, 16);
      v128.store(to + at, s2, 32);
      v128.store(to + at, s3, 48);
    }
    for (; at < whole; at += 16) {
      let s = all(0.0);
      let x = from + at;
      let k = weights + at;
      for (let tap = first; tap < last; tap++) {
        s = madd(v128.load(x), v128.load(k), s);
        x += inputStride;
        k += kernelStride;
      }
      v128.store(to + at, s);
    }
    for (; at < bytes; at += 4) {
      let s = all(0.0);
      let x = from + at;
      let k = weights + at;
      for (let tap = first; tap < last; tap++) {
        s = madd(v128.load32_zero(x), v128.load32_zero(k), s);
        x += inputStride;
        k += kernelStride;
      }
      v128.store32_lane(to + at, s, 0);
    }
  }
}

/** `output[t, h·size + d] = Σ_j kernels[t, h·taps + j] · values[t + j - taps / 2, h·size + d]` */
export function dynamicConvolution(
  values: usize,
  valuesStride: usize,
  kernels: usize,
  kernelsStride: usize,
  heads: i32,
  size: usize,
  taps: i32,
  output: usize,
  outputStride: usize,
  bounds: usize,
  begin: i32,
  end: i32,
): void {
  const reach = taps >> 1;
  const blocks = (size & ~15) << 2;
  const whole = (size & ~3) << 2;
  const bytes = size << 2;
  for (let token = begin; token < end; token++) {
    const start = load<i32>(bounds + (<usize>token << 3));
    const stop = load<i32>(bounds + (<usize>token << 3) + 4);
    const first = max(0, start + reach - token);
    const last = min(taps, stop + reach - token);
    let from = values + <usize>(token + first - reach) * valuesStride;
    let weights = kernels + <usize>token * kernelsStride + (<usize>first << 2);
    let to = output + <usize>token * outputStride;
    for (let head = 0; head < heads; head++) {
      let at: usize = 0;
      for (; at < blocks; at += 64) {
        let s0 = all(0.0);
        let s1 = all(0.0);
        let s2 = all(0.0);
        let s3 = all(0.0);
        let x = from + at;
        let w = weights;
        for (let tap = first; tap < last; tap++) {
          const k = v128.load32_splat(w);
          s0 = madd(v128.load(x), k, s0);
          s1 = madd(v128.load(x, 16), k, s1);
          s2 = madd(v128.load(x, 32), k, s2);
          s3 = madd(v128.load(x, 48), k, s3);
          x += valuesStride;
          w += 4;
        }
        v128.store(to + at, s0);
        v128.store(to + at, s1, 16);
        v128.store(to + at, s2, 32);
        v128.store(to + at, s3, 48);
      }
      for (; at < whole; at += 16) {
        let s = all(0.0);
        let x = from + at;
        let w = weights;
        for (let tap = first; tap < last; tap++) {
          s = madd(v128.load(x), v128.load32_splat(w), s);
          x += valuesStride;
          w += 4;
        }
        v128.store(to + at, s);
      }
      for (; at < bytes; at += 4) {
        let s = all(0.0);
        let x = from + at;
        let w = weights;
        for (let tap = first; tap < last; tap++) {
          s = madd(v128.load32_zero(x), v128.load32_splat(w), s);
          x += valuesStride;
          w += 4;
        }
        v128.store32_lane(to + at, s, 0);
      }
      from += bytes;
      to += bytes;
      weights += <usize>taps << 2;
    }
  }
}
