import {
  GELU,
  GELU_10,
  GELU_TANH,
  LAPLACE,
  MISH,
  QUICK_GELU,
  RELU,
  RELU2,
  RELU6,
  SIGMOID,
  SILU,
} from "../constants";
import { all, coefficient, exp, gelu, madd, sigmoid, tanh } from "./vector";

const GELU_TERMS = memory.data<f32>([
  -0.5, 0.2316418895, 1.0, 0.530702715, -0.726576014, 0.71070687, -0.142248368, 0.127414796, 0.39894228040143268,
]);

/**
 * The normal distribution's integral plus x times its density. Both come from one exponential: the integral of the tail
 * is a polynomial times the density (Abramowitz and Stegun, 7.1.26, within 1e-7).
 */
// @ts-ignore: decorator
@inline
export function geluDerivative(x: v128): v128 {
  const e = exp(f32x4.mul(f32x4.mul(x, x), coefficient(GELU_TERMS, 0)));
  const one = coefficient(GELU_TERMS, 2);
  const t = f32x4.div(one, madd(f32x4.abs(x), coefficient(GELU_TERMS, 1), one));
  let p = madd(coefficient(GELU_TERMS, 3), t, coefficient(GELU_TERMS, 4));
  p = madd(p, t, coefficient(GELU_TERMS, 5));
  p = madd(p, t, coefficient(GELU_TERMS, 6));
  p = madd(p, t, coefficient(GELU_TERMS, 7));
  const tail = f32x4.mul(f32x4.mul(p, t), e);
  const integral = v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, all(0.0)));
  return madd(f32x4.mul(x, coefficient(GELU_TERMS, 8)), e, integral);
}

/** Of `x * sigmoid(z)`, `dz` the derivative of z. */
// @ts-ignore: decorator
@inline
function gated(x: v128, z: v128, dz: v128): v128 {
  const s = sigmoid(z);
  const rest = f32x4.mul(f32x4.mul(x, dz), f32x4.sub(all(1.0), s));
  return madd(s, rest, s);
}

/** The derivative of an activation in four lanes; the branch is the same for a whole call. */
// @ts-ignore: decorator
@inline
export function derivative(kind: i32, x: v128): v128 {
  switch (kind) {
    case GELU:
      return geluDerivative(x);
    case GELU_10:
      return v128.andnot(geluDerivative(x), f32x4.gt(gelu(x), all(10.0)));
    case GELU_TANH: {
      const square = f32x4.mul(x, x);
      const z = f32x4.mul(madd(f32x4.mul(square, x), all(0.044715), x), all(1.5957691216057308));
      return gated(x, z, madd(square, all(0.21406859), all(1.5957691216057308)));
    }
    case LAPLACE: {
      const z = f32x4.mul(f32x4.sub(x, all(0.707107)), all(2.5066304));
      return f32x4.mul(exp(f32x4.neg(f32x4.mul(z, z))), all(1.4142125));
    }
    case MISH: {
      // t = n / (n + 2), 1 - t² = 4 (n + 1) / (n + 2)²
      const e = exp(f32x4.min(x, all(20.0)));
      const n = f32x4.mul(e, f32x4.add(e, all(2.0)));
      const n2 = f32x4.add(n, all(2.0));
      const flat = f32x4.div(f32x4.mul(f32x4.add(n, all(1.0)), all(4.0)), f32x4.mul(n2, n2));
      const s = f32x4.div(e, f32x4.add(e, all(1.0)));
      return madd(f32x4.mul(x, flat), s, f32x4.div(n, n2));
    }
    case QUICK_GELU:
      return gated(x, f32x4.mul(x, all(1.702)), all(1.702));
    case RELU:
      return v128.andnot(all(1.0), f32x4.le(x, all(0.0)));
    case RELU2:
      return f32x4.mul(f32x4.max(x, all(0.0)), all(2.0));
    case RELU6:
      return v128.andnot(all(1.0), v128.or(f32x4.le(x, all(0.0)), f32x4.ge(x, all(6.0))));
    case SIGMOID: {
      const s = sigmoid(x);
      return f32x4.mul(s, f32x4.sub(all(1.0), s));
    }
    case SILU:
      return gated(x, x, all(1.0));
    default: {
      const t = tanh(x);
      return f32x4.sub(all(1.0), f32x4.mul(t, t));
    }
  }
}
