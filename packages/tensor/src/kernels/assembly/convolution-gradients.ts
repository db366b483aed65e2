import { TAP_COLUMNS } from "../constants";
import { all, madd, sum } from "./vector";

// Gradients of the convolutions over all sequences of a batch; rows are tokens, strides are in bytes. `bounds` holds for
// each token the first token of its sequence and the one behind its last, as two int32.

/** Tokens `begin` to `end`: `gradient[t, c] += Σ_j kernel[j, c] · outputGradient[t - j + taps / 2, c]`. */
export function depthwiseInputGradient(
  outputGradient: usize,
  outputGradientStride: usize,
  kernel: usize,
  kernelStride: usize,
  taps: i32,
  gradient: usize,
  gradientStride: usize,
  columns: usize,
  bounds: usize,
  begin: i32,
  end: i32,
): void {
  const reach = taps >> 1;
  const blocks = (columns & ~15) << 2;
  const bytes = columns << 2;
  for (let token = begin; token < end; token++) {
    const start = load<i32>(bounds + (<usize>token << 3));
    const stop = load<i32>(bounds + (<usize>token << 3) + 4);
    // Tap j belongs to the output at token - j + reach.
    const first = max(0, token + reach - stop + 1);
    const last = min(taps, token + reach - start + 1);
    const from = outputGradient + <usize>(token - first + reach) * outputGradientStride;
    const weights = kernel + <usize>first * kernelStride;
    const to = gradient + <usize>token * gradientStride;
    let at: usize = 0;
    for (; at < blocks; at += 64) {
      let s0 = v128.load(to + at);
      let s1 = v128.load(to + at, 16);
      let s2 = v128.load(to + at, 32);
      let s3 = v128.load(to + at, 48);
      let dy = from + at;
      let k = weights + at;
      for (let tap = first; tap < last; tap++) {
        s0 = madd(v128.load(dy), v128.load(k), s0);
        s1 = madd(v128.load(dy, 16), v128.load(k, 16), s1);
        s2 = madd(v128.load(dy, 32), v128.load(k, 32), s2);
        s3 = madd(v128.load(dy, 48), v128.load(k, 48), s3);
        dy -= outputGradientStride;
        k += kernelStride;
      }
      v128.store(to + at, s0);
      v128.store(to + at, s1, 16);
      v128.store(to + at, s2, 32);
      v128.store(to + at, s3, 48);
    }
    for (; at < bytes; at += 4) {
      let s = v128.load32_zero(to + at);
      let dy = from + at;
      let k = weights + at;
      for (let tap = first; tap < last; tap++) {
        s = madd(v128.load32_zero(dy), v128.load32_zero(k), s);
        dy -= outputGradientStride;
        k += kernelStride;
      }
      v128.store32_lane(to + at, s, 0);
    }
  }
}

/**
 * Units `begin` to `end` of 16 columns: `gradient[j, c] += Σ_t outputGradient[t, c] · input[t + j - taps / 2, c]`. Each
 * sequence is summed by itself first.
 */
export function depthwiseKernelGradient(
  input: usize,
  inputStride: usize,
  outputGradient: usize,
  outputGradientStride: usize,
  taps: i32,
  gradient: usize,
  gradientStride: usize,
  columns: usize,
  tokens: i32,
  bounds: usize,
  begin: usize,
  end: usize,
): void {
  const reach = taps >> 1;
  for (let unit = begin; unit < end; unit++) {
    const column = unit * TAP_COLUMNS;
    const width = min(TAP_COLUMNS, columns - column) << 2;
    let start = 0;
    while (start < tokens) {
      const stop = load<i32>(bounds + (<usize>start << 3) + 4);
      for (let tap = 0; tap < taps; tap++) {
        const shift = tap - reach;
        const first = max(start, start - shift);
        const last = min(stop, stop - shift);
        if (first >= last) continue;
        const x = input + <usize>(first + shift) * inputStride + (column << 2);
        const dy = outputGradient + <usize>first * outputGradientStride + (column << 2);
        const to = gradient + <usize>tap * gradientStride + (column << 2);
        correlate(x, inputStride, dy, outputGradientStride, last - first, to, width);
      }
      start = stop;
    }
  }
}

/** `to[c] += Σ_i a[i, c] · b[i, c]` for `bytes / 4` columns, at most 16. */
// @ts-ignore: decorator
@inline
function correlate(a: usize, aStride: usize, b: usize, bStride: usize, count: i32, to: usize, bytes: usize): void {
  if (bytes == TAP_COLUMNS << 2) {
    let s0 = all(0.0);
    let s1 = all(0.0);
    let s2 = all(0.0);
    let s3 = all(0.0);
    for (let i = 0; i < count; i++) {
      s0 = madd(v128.load(a), v128.load(b), s0);
      s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
      s2 = madd(v128.load(a, 32), v128.load(b, 32), s2);
      s3 = madd(v128.load(a, 48), v128.load(b, 48), s3);
      a += aStride;
      b += bStride;
    }
    v128.store(to, f32x4.add(v128.load(to), s0));
    v128.store(to, f32x4.add(v128.load(to, 16), s1), 16);
    v128.store(to, f32x4.add(v128.load(to, 32), s2), 32);
    v128.store(to, f32x4.add(v128.load(to, 48), s3), 48);
    return;
  }
  for (let at: usize = 0; at < bytes; at += 4) {
    let s: f32 = 0;
    for (let i = 0; i < count; i++) {
      s += load<f32>(a + <usize>i * aStride + at) * load<f32>(b + <usize>i * bStride + at);
    }
    store<f32>(to + at, load<f32>(to + at) + s);
  }
}

/** Tokens `begin` to `end`: `gradient[t, h·size + d] += Σ_j kernels[u, h·taps + j] · outputGradient[u, h·size + d]`, u = t - j + taps / 2. */
export function dynamicValuesGradient(
  outputGradient: usize,
  outputGradientStride: usize,
  kernels: usize,
  kernelsStride: usize,
  heads: i32,
  size: usize,
  taps: i32,
  gradient: usize,
  gradientStride: usize,
  bounds: usize,
  begin: i32,
  end: i32,
): void {
  const reach = taps >> 1;
  const blocks = (size & ~15) << 2;
  const bytes = size << 2;
  for (let token = begin; token < end; token++) {
    const start = load<i32>(bounds + (<usize>token << 3));
    const stop = load<i32>(bounds + (<usize>token << 3) + 4);
    const first = max(0, token + reach - stop + 1);
    const last = min(taps, token + reach - start + 1);
    const output = <usize>(token - first + reach);
    let from = outputGradient + output * outputGradientStride;
    let weights = kernels + output * kernelsStride + (<usize>first << 2);
    let to = gradient + <usize>token * gradientStride;
    for (let head = 0; head < heads; head++) {
      let at: usize = 0;
      for (; at < blocks; at += 64) {
        let s0 = v128.load(to + at);
        let s1 = v128.load(to + at, 16);
        let s2 = v128.load(to + at, 32);
        let s3 = v128.load(to + at, 48);
        let dy = from + at;
        let w = weights;
        for (let tap = first; tap < last; tap++) {
          const k = v128.load32_splat(w);
          s0 = madd(v128.load(dy), k, s0);
          s1 = madd(v128.load(dy, 16), k, s1);
          s2 = madd(v128.load(dy, 32), k, s2);
          s3 = madd(v128.load(dy, 48), k, s3);
          dy -= outputGradientStride;
          // The next tap of the token before.
          w = w - kernelsStride + 4;
        }
        v128.store(to + at, s0);
        v128.store(to + at, s1, 16);
        v128.store(to + at, s2, 32);
        v128.store(to + at, s3, 48);
      }
      for (; at < bytes; at += 4) {
        let s = v128.load32_zero(to + at);
        let dy = from + at;
        let w = weights;
        for (let tap = first; tap < last; tap++) {
          s = madd(v128.load32_zero(dy), v128.load32_zero(w), s);
          dy -= outputGradientStride;
          w = w - kernelsStride + 4;
        }
        v128.store32_lane(to + at, s, 0);
      }
      from += bytes;
      to += bytes;
      weights += <usize>taps << 2;
    }
  }
}

/** Tokens `begin` to `end`: `gradient[t, h·taps + j] += Σ_d outputGradient[t, h·size + d] · values[t + j - taps / 2, h·size + d]`. */
export function dynamicKernelsGradient(
  values: usize,
  valuesStride: usize,
  outputGradient: usize,
  outputGradientStride: usize,
  heads: i32,
  size: usize,
  taps: i32,
  gradient: usize,
  gradientStride: usize,
  bounds: usize,
  begin: i32,
  end: i32,
): void {
  const reach = taps >> 1;
  const whole = (size & ~3) << 2;
  const bytes = size << 2;
  for (let token = begin; token < end; token++) {
    const start = load<i32>(bounds + (<usize>token << 3));
    const stop = load<i32>(bounds + (<usize>token << 3) + 4);
    const first = max(0, start + reach - token);
    const last = min(taps, stop + reach - token);
    let from = values + <usize>(token + first - reach) * valuesStride;
    let dy = outputGradient + <usize>token * outputGradientStride;
    let to = gradient + <usize>token * gradientStride;
    for (let head = 0; head < heads; head++) {
      let x = from;
      for (let tap = first; tap < last; tap++) {
        let s = all(0.0);
        let at: usize = 0;
        for (; at < whole; at += 16) s = madd(v128.load(x + at), v128.load(dy + at), s);
        for (; at < bytes; at += 4) s = madd(v128.load32_zero(x + at), v128.load32_zero(dy + at), s);
        const sumAt = to + (<usize>tap << 2);
        store<f32>(sumAt, load<f32>(sumAt) + sum(s));
        x += valuesStride;
      }
      from += bytes;
      dy += bytes;
      to += <usize>taps << 2;
    }
  }
}
