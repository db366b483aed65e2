// Float32 functions of four lanes. Every kernel calls these for whole vectors and, with one lane in use, for what is
// left of a row, so that an element's result never depends on where it stands.

/** `a * b + c`; relaxed: the CPU decides whether the product is rounded before the addition. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) {
    return f32x4.relaxed_madd(a, b, c);
  } else {
    return f32x4.add(f32x4.mul(a, b), c);
  }
}

// @ts-ignore: decorator
@inline
export function all(value: f32): v128 {
  return f32x4.splat(value);
}

/**
 * What the old numbers of a gradient are combined with by `v128.and`: all of them when the new ones are added to them,
 * none when they are not numbers yet. Cheaper than a choice, and a line of a cache is read before it is written anyway.
 */
// @ts-ignore: decorator
@inline
export function addMask(add: i32): v128 {
  return i32x4.splat(add ? -1 : 0);
}

/** Sum of the lanes, always in the same order. */
// @ts-ignore: decorator
@inline
export function sum(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** Largest lane; NaN when one is. */
// @ts-ignore: decorator
@inline
export function largest(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/**
 * A coefficient in all lanes, from memory: an engine makes a vector constant anew at each use, in several instructions.
 */
// @ts-ignore: decorator
@inline
export function coefficient(table: usize, index: usize): v128 {
  return v128.load32_splat(table + (index << 2));
}

const EXP = memory.data<f32>([
  -87.33654, 88.37626, 1.44269504088896341, -0.693359375, 2.12194440e-4, 1.9875691500e-4, 1.3981999507e-3,
  8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1.0,
]);

/**
 * `e^x` within 2 units in the last place: 2^n times a polynomial for the rest (Cephes, expf). 0 below -87.3, at most
 * 2.4e38 above 88.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const lowest = coefficient(EXP, 0);
  const clamped = f32x4.pmin(f32x4.pmax(x, lowest), coefficient(EXP, 1));
  const n = f32x4.nearest(f32x4.mul(clamped, coefficient(EXP, 2)));
  let r = madd(n, coefficient(EXP, 3), clamped);
  r = madd(n, coefficient(EXP, 4), r);
  let p = madd(coefficient(EXP, 5), r, coefficient(EXP, 6));
  p = madd(p, r, coefficient(EXP, 7));
  p = madd(p, r, coefficient(EXP, 8));
  p = madd(p, r, coefficient(EXP, 9));
  p = madd(p, r, coefficient(EXP, 10));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), coefficient(EXP, 11));
  // n is a whole number within the exponent's range, added to it.
  const power = i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23);
  return v128.andnot(i32x4.add(p, power), f32x4.lt(x, lowest));
}

const ERF = memory.data<f32>([
  -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
  -2.95459980854025e-3, -1.60960333262415e-2, -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3,
  -7.37332916720468e-3, -1.42647390514189e-2, -4.0, 4.0, 3.93, 1.0,
]);

/** The error function within 2e-7: a rational function (as in Eigen's fast erf), and 1 where float32 has nothing nearer. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  // Pseudo-minimum and -maximum are one instruction each and, in this order, pass NaN on.
  const c = f32x4.pmin(f32x4.pmax(x, coefficient(ERF, 12)), coefficient(ERF, 13));
  const s = f32x4.mul(c, c);
  let p = madd(coefficient(ERF, 0), s, coefficient(ERF, 1));
  p = madd(p, s, coefficient(ERF, 2));
  p = madd(p, s, coefficient(ERF, 3));
  p = madd(p, s, coefficient(ERF, 4));
  p = madd(p, s, coefficient(ERF, 5));
  p = madd(p, s, coefficient(ERF, 6));
  let q = madd(coefficient(ERF, 7), s, coefficient(ERF, 8));
  q = madd(q, s, coefficient(ERF, 9));
  q = madd(q, s, coefficient(ERF, 10));
  q = madd(q, s, coefficient(ERF, 11));
  const one = v128.or(coefficient(ERF, 15), v128.and(x, all(-0.0)));
  return v128.bitselect(one, f32x4.div(f32x4.mul(c, p), q), f32x4.ge(f32x4.abs(x), coefficient(ERF, 14)));
}

/** The hyperbolic tangent within 3 units in the last place, by a rational function (as in Eigen's fast tanh). */
export function tanh(x: v128): v128 {
  const c = f32x4.min(f32x4.max(x, all(-7.90531110763549805)), all(7.90531110763549805));
  const s = f32x4.mul(c, c);
  let p = madd(all(-2.76076847742355e-16), s, all(2.00018790482477e-13));
  p = madd(p, s, all(-8.60467152213735e-11));
  p = madd(p, s, all(5.12229709037114e-8));
  p = madd(p, s, all(1.48572235717979e-5));
  p = madd(p, s, all(6.37261928875436e-4));
  p = madd(p, s, all(4.89352455891786e-3));
  let q = madd(all(1.19825839466702e-6), s, all(1.18534705686654e-4));
  q = madd(q, s, all(2.26843463243900e-3));
  q = madd(q, s, all(4.89352518554385e-3));
  return f32x4.div(f32x4.mul(c, p), q);
}

// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(all(1.0), f32x4.add(all(1.0), exp(f32x4.neg(x))));
}

// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  const half = f32x4.mul(x, all(0.5));
  return madd(half, erf(f32x4.mul(x, all(0.70710678118654752))), half);
}
