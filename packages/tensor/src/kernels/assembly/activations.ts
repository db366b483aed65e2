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
import { all, erf, exp, gelu, madd, sigmoid, tanh } from "./vector";

/** One activation of four lanes; the branch is the same for a whole call, so it costs nothing. */
// @ts-ignore: decorator
@inline
function apply(kind: i32, x: v128): v128 {
  switch (kind) {
    case GELU:
      return gelu(x);
    case GELU_10:
      return f32x4.min(f32x4.max(gelu(x), all(-10.0)), all(10.0));
    case GELU_TANH: {
      // (1 + tanh y) / 2 = sigmoid(2 y), which stays exact where the tanh is nearly -1
      const cube = f32x4.mul(f32x4.mul(x, x), x);
      const y = f32x4.mul(madd(cube, all(0.044715), x), all(1.5957691216057308));
      return f32x4.mul(x, sigmoid(y));
    }
    case LAPLACE: {
      const z = f32x4.mul(f32x4.sub(x, all(0.707107)), all(2.5066304));
      return madd(erf(z), all(0.5), all(0.5));
    }
    case MISH: {
      // tanh(log(1 + e)) = n / (n + 2) with n = e (e + 2)
      const e = exp(f32x4.min(x, all(20.0)));
      const n = f32x4.mul(e, f32x4.add(e, all(2.0)));
      return f32x4.mul(x, f32x4.div(n, f32x4.add(n, all(2.0))));
    }
    case QUICK_GELU:
      return f32x4.mul(x, sigmoid(f32x4.mul(x, all(1.702))));
    case RELU:
      return f32x4.max(x, all(0.0));
    case RELU2: {
      const r = f32x4.max(x, all(0.0));
      return f32x4.mul(r, r);
    }
    case RELU6:
      return f32x4.min(f32x4.max(x, all(0.0)), all(6.0));
    case SIGMOID:
      return sigmoid(x);
    case SILU:
      return f32x4.mul(x, sigmoid(x));
    default:
      return tanh(x);
  }
}

/** Rows `begin` to `end` of `columns` elements; strides in bytes. */
export function activate(
  kind: i32,
  input: usize,
  inputStride: usize,
  output: usize,
  outputStride: usize,
  columns: usize,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  for (let row = begin; row < end; row++) {
    const from = input + row * inputStride;
    const to = output + row * outputStride;
    let at: usize = 0;
    if (kind == GELU) {
      // ConvBERT's own activation gets a loop without the choice.
      for (; at < whole; at += 16) v128.store(to + at, gelu(v128.load(from + at)));
    }
    for (; at < whole; at += 16) {
      v128.store(to + at, apply(kind, v128.load(from + at)));
    }
    for (; at < bytes; at += 4) {
      v128.store32_lane(to + at, apply(kind, v128.load32_zero(from + at)), 0);
    }
  }
}
