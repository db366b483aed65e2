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
 * `e^x` within 2 units in the last place: 2^n times a polynomial for the rest (Cephes, expf). 0 below -87.3, at most
 * 2.4e38 above 88.
 */
export function exp(x: v128): v128 {
  const clamped = f32x4.min(f32x4.max(x, all(-87.33654)), all(88.37626));
  const n = f32x4.nearest(f32x4.mul(clamped, all(1.44269504088896341)));
  let r = madd(n, all(-0.693359375), clamped);
  r = madd(n, all(2.12194440e-4), r);
  let p = madd(all(1.9875691500e-4), r, all(1.3981999507e-3));
  p = madd(p, r, all(8.3334519073e-3));
  p = madd(p, r, all(4.1665795894e-2));
  p = madd(p, r, all(1.6666665459e-1));
  p = madd(p, r, all(5.0000001201e-1));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), all(1.0));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, all(-87.33654)));
}

/** The error function within 2e-7: a rational function (as in Eigen's fast erf), and 1 where float32 has nothing nearer. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const c = f32x4.min(f32x4.max(x, all(-4.0)), all(4.0));
  const s = f32x4.mul(c, c);
  let p = madd(all(-2.72614225801306e-10), s, all(2.77068142495902e-8));
  p = madd(p, s, all(-2.10102402082508e-6));
  p = madd(p, s, all(-5.69250639462346e-5));
  p = madd(p, s, all(-7.34990630326855e-4));
  p = madd(p, s, all(-2.95459980854025e-3));
  p = madd(p, s, all(-1.60960333262415e-2));
  let q = madd(all(-1.45660718464996e-5), s, all(-2.13374055278905e-4));
  q = madd(q, s, all(-1.68282697438203e-3));
  q = madd(q, s, all(-7.37332916720468e-3));
  q = madd(q, s, all(-1.42647390514189e-2));
  const one = v128.or(all(1.0), v128.and(x, all(-0.0)));
  return v128.bitselect(one, f32x4.div(f32x4.mul(c, p), q), f32x4.ge(f32x4.abs(x), all(3.93)));
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
