import { GELU, SMALLEST_MEAN, SMALLEST_VARIANCE } from "../constants";
import { derivative, geluDerivative } from "./derivatives";
import { all, addMask, madd } from "./vector";

// Kernels of training that go element by element; strides are in bytes, `begin` and `end` count rows.

/** `gradient += factor * input`; an input stride of 0 repeats one row. Without `add` what the gradient holds is nothing. */
export function accumulate(
  input: usize,
  inputStride: usize,
  factor: f32,
  gradient: usize,
  gradientStride: usize,
  add: i32,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const scale = all(factor);
  const mask = addMask(add);
  for (let row = begin; row < end; row++) {
    const x = input + row * inputStride;
    const to = gradient + row * gradientStride;
    let at: usize = 0;
    for (; at < whole; at += 16) v128.store(to + at, madd(v128.load(x + at), scale, v128.and(mask, v128.load(to + at))));
    for (; at < bytes; at += 4) {
      v128.store32_lane(to + at, madd(v128.load32_zero(x + at), scale, v128.and(mask, v128.load32_zero(to + at))), 0);
    }
  }
}

/** `gradient += left * right`; a stride of 0 repeats one row. */
export function accumulateProduct(
  left: usize,
  leftStride: usize,
  right: usize,
  rightStride: usize,
  gradient: usize,
  gradientStride: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const a = left + row * leftStride;
    const b = right + row * rightStride;
    const to = gradient + row * gradientStride;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      v128.store(to + at, madd(v128.load(a + at), v128.load(b + at), v128.load(to + at)));
    }
    for (; at < bytes; at += 4) {
      v128.store32_lane(to + at, madd(v128.load32_zero(a + at), v128.load32_zero(b + at), v128.load32_zero(to + at)), 0);
    }
  }
}

/** `gradient += outputGradient * f'(input)`; without `add` what the gradient holds is nothing. */
export function activateGradient(
  kind: i32,
  input: usize,
  inputStride: usize,
  outputGradient: usize,
  outputGradientStride: usize,
  gradient: usize,
  gradientStride: usize,
  add: i32,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const mask = addMask(add);
  for (let row = begin; row < end; row++) {
    const x = input + row * inputStride;
    const dy = outputGradient + row * outputGradientStride;
    const to = gradient + row * gradientStride;
    let at: usize = 0;
    if (kind == GELU) {
      // ConvBERT's own activation gets a loop without the choice.
      for (; at < whole; at += 16) {
        const dydx = geluDerivative(v128.load(x + at));
        v128.store(to + at, madd(v128.load(dy + at), dydx, v128.and(mask, v128.load(to + at))));
      }
    }
    for (; at < whole; at += 16) {
      const dydx = derivative(kind, v128.load(x + at));
      v128.store(to + at, madd(v128.load(dy + at), dydx, v128.and(mask, v128.load(to + at))));
    }
    for (; at < bytes; at += 4) {
      const dydx = derivative(kind, v128.load32_zero(x + at));
      v128.store32_lane(to + at, madd(v128.load32_zero(dy + at), dydx, v128.and(mask, v128.load32_zero(to + at))), 0);
    }
  }
}

export function fill(output: usize, outputStride: usize, columns: usize, value: f32, begin: usize, end: usize): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const to = output + row * outputStride;
    if (value == 0) {
      // Engines clear memory without reading it first.
      memory.fill(to, 0, bytes);
      continue;
    }
    let at: usize = 0;
    for (; at < whole; at += 16) v128.store(to + at, all(value));
    for (; at < bytes; at += 4) store<f32>(to + at, value);
  }
}

/** The sum of each row's squares as float64. */
export function squares(
  input: usize,
  inputStride: usize,
  columns: usize,
  sums: usize,
  begin: usize,
  end: usize,
): void {
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const x = input + row * inputStride;
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    let at: usize = 0;
    for (; at + 64 <= bytes; at += 64) {
      const v0 = v128.load(x + at);
      const v1 = v128.load(x + at, 16);
      const v2 = v128.load(x + at, 32);
      const v3 = v128.load(x + at, 48);
      // Most rows of a table's gradient are zeros.
      if (!v128.any_true(v128.or(v128.or(v0, v1), v128.or(v2, v3)))) continue;
      low = addSquares(v0, low);
      high = addSquares(upper(v0), high);
      low = addSquares(v1, low);
      high = addSquares(upper(v1), high);
      low = addSquares(v2, low);
      high = addSquares(upper(v2), high);
      low = addSquares(v3, low);
      high = addSquares(upper(v3), high);
    }
    let total =
      f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1));
    for (; at < bytes; at += 4) {
      const value = <f64>load<f32>(x + at);
      total += value * value;
    }
    store<f64>(sums + (row << 3), total);
  }
}

/** `sum` plus the squares of the first two lanes. */
// @ts-ignore: decorator
@inline
function addSquares(x: v128, sum: v128): v128 {
  const d = f64x2.promote_low_f32x4(x);
  return f64x2.add(sum, f64x2.mul(d, d));
}

// @ts-ignore: decorator
@inline
function upper(x: v128): v128 {
  return v128.shuffle<f64>(x, x, 1, 1);
}

/** A step of Adam; `inverseCorrection` multiplies the root of the variance. */
export function adam(
  parameter: usize,
  parameterStride: usize,
  gradient: usize,
  gradientStride: usize,
  mean: usize,
  meanStride: usize,
  variance: usize,
  varianceStride: usize,
  columns: usize,
  gradientScale: f32,
  newMean: f32,
  beta2: f32,
  newVariance: f32,
  epsilon: f32,
  stepSize: f32,
  inverseCorrection: f32,
  decay: f32,
  l2: f32,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const skips = l2 == 0 && epsilon > 0;
  for (let row = begin; row < end; row++) {
    const p = parameter + row * parameterStride;
    const g = gradient + row * gradientStride;
    const m = mean + row * meanStride;
    const v = variance + row * varianceStride;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const value = v128.load(p + at);
      const oldGradient = v128.load(g + at);
      const oldMean = v128.load(m + at);
      const oldVariance = v128.load(v + at);
      if (skips && !v128.any_true(v128.or(v128.or(oldGradient, oldMean), oldVariance))) {
        // Rows of a table that no batch has looked up yet.
        if (decay != 1) v128.store(p + at, f32x4.mul(value, all(decay)));
        continue;
      }
      const grad = madd(value, all(l2), f32x4.mul(oldGradient, all(gradientScale)));
      const m1 = nextMean(grad, oldMean, newMean);
      const v1 = nextVariance(grad, oldVariance, beta2, newVariance);
      v128.store(m + at, m1);
      v128.store(v + at, v1);
      const denominator = madd(f32x4.sqrt(v1), all(inverseCorrection), all(epsilon));
      const step = f32x4.div(f32x4.mul(m1, all(stepSize)), denominator);
      v128.store(p + at, f32x4.sub(f32x4.mul(value, all(decay)), step));
    }
    for (; at < bytes; at += 4) {
      const value = v128.load32_zero(p + at);
      const grad = madd(value, all(l2), f32x4.mul(v128.load32_zero(g + at), all(gradientScale)));
      const m1 = nextMean(grad, v128.load32_zero(m + at), newMean);
      const v1 = nextVariance(grad, v128.load32_zero(v + at), beta2, newVariance);
      v128.store32_lane(m + at, m1, 0);
      v128.store32_lane(v + at, v1, 0);
      const denominator = madd(f32x4.sqrt(v1), all(inverseCorrection), all(epsilon));
      const step = f32x4.div(f32x4.mul(m1, all(stepSize)), denominator);
      v128.store32_lane(p + at, f32x4.sub(f32x4.mul(value, all(decay)), step), 0);
    }
  }
}

// @ts-ignore: decorator
@inline
function nextMean(grad: v128, old: v128, share: f32): v128 {
  const next = madd(f32x4.sub(grad, old), all(share), old);
  return v128.andnot(next, f32x4.lt(f32x4.abs(next), all(SMALLEST_MEAN)));
}

// @ts-ignore: decorator
@inline
function nextVariance(grad: v128, old: v128, keep: f32, share: f32): v128 {
  const next = madd(f32x4.mul(grad, all(share)), grad, f32x4.mul(old, all(keep)));
  return v128.andnot(next, f32x4.lt(next, all(SMALLEST_VARIANCE)));
}
