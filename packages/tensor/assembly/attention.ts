import { exponentials, largestOf, scaleBy } from "./rows";
import { all, madd } from "./vector";

/** Keys that one step of the score loop takes. */
const KEYS = 16;

/**
 * Scaled dot-product attention of heads `begin` to `end` within one sequence. Keys of a head are laid out once with
 * keys adjacent, so that a query's scores come four vectors at a time; then softmax and the weighted values while
 * everything is in cache.
 *
 * `scratch`: `(size + 1) * paddedLength` float32 for each head, the length rounded up to 16. `mask` 0 means none; its stride is 0
 * where all queries share a row. `headMask` and `probabilities` 0 mean none. Strides are in bytes.
 */
export function attention(
  query: usize,
  queryStride: usize,
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  size: usize,
  scale: f32,
  mask: usize,
  maskStride: usize,
  headMask: usize,
  probabilities: usize,
  output: usize,
  outputStride: usize,
  length: usize,
  scratch: usize,
  begin: usize,
  end: usize,
): void {
  const padded = (length + KEYS - 1) & ~(KEYS - 1);
  const paddedBytes = padded << 2;
  for (let head = begin; head < end; head++) {
    const scores = scratch + head * (size + 1) * paddedBytes;
    const keys = scores + paddedBytes;
    const headAt = (head * size) << 2;
    layKeys(key + headAt, keyStride, keys, size, length, padded);
    const factor: f32 = headMask ? load<f32>(headMask + (head << 2)) : 1.0;
    for (let token: usize = 0; token < length; token++) {
      score(query + headAt + token * queryStride, keys, scores, size, padded, scale);
      if (mask) addRow(scores, mask + token * maskStride, length);
      const total = exponentials(scores, scores, length, largestOf(scores, length));
      scaleBy(scores, length, factor / total);
      if (probabilities) {
        memory.copy(probabilities + ((head * length + token) * length << 2), scores, length << 2);
      }
      weigh(scores, value + headAt, valueStride, output + headAt + token * outputStride, size, length);
    }
  }
}

/** `[length, size]` to `[size, padded]`, the rest zeros. */
function layKeys(key: usize, stride: usize, keys: usize, size: usize, length: usize, padded: usize): void {
  memory.fill(keys, 0, (size * padded) << 2);
  for (let other: usize = 0; other < length; other++) {
    let from = key + other * stride;
    let to = keys + (other << 2);
    for (let i: usize = 0; i < size; i++) {
      store<f32>(to, load<f32>(from));
      from += 4;
      to += padded << 2;
    }
  }
}

// @ts-ignore: decorator
@inline
function score(query: usize, keys: usize, scores: usize, size: usize, padded: usize, scale: f32): void {
  const step = padded << 2;
  const factor = all(scale);
  const last = query + (size << 2);
  for (let at: usize = 0; at < step; at += KEYS << 2) {
    let s0 = all(0.0);
    let s1 = all(0.0);
    let s2 = all(0.0);
    let s3 = all(0.0);
    let k = keys + at;
    for (let q = query; q < last; q += 4) {
      const x = v128.load32_splat(q);
      s0 = madd(x, v128.load(k), s0);
      s1 = madd(x, v128.load(k, 16), s1);
      s2 = madd(x, v128.load(k, 32), s2);
      s3 = madd(x, v128.load(k, 48), s3);
      k += step;
    }
    v128.store(scores + at, f32x4.mul(s0, factor));
    v128.store(scores + at, f32x4.mul(s1, factor), 16);
    v128.store(scores + at, f32x4.mul(s2, factor), 32);
    v128.store(scores + at, f32x4.mul(s3, factor), 48);
  }
}

// @ts-ignore: decorator
@inline
function addRow(scores: usize, mask: usize, length: usize): void {
  const whole = (length & ~3) << 2;
  const bytes = length << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) v128.store(scores + at, f32x4.add(v128.load(scores + at), v128.load(mask + at)));
  for (; at < bytes; at += 4) store<f32>(scores + at, load<f32>(scores + at) + load<f32>(mask + at));
}

/** `output[d] = Σ_k scores[k] · value[k, d]` */
// @ts-ignore: decorator
@inline
function weigh(scores: usize, value: usize, stride: usize, output: usize, size: usize, length: usize): void {
  const blocks = (size & ~15) << 2;
  const whole = (size & ~3) << 2;
  const bytes = size << 2;
  const last = scores + (length << 2);
  let at: usize = 0;
  for (; at < blocks; at += 64) {
    let s0 = all(0.0);
    let s1 = all(0.0);
    let s2 = all(0.0);
    let s3 = all(0.0);
    let v = value + at;
    for (let p = scores; p < last; p += 4) {
      const x = v128.load32_splat(p);
      s0 = madd(x, v128.load(v), s0);
      s1 = madd(x, v128.load(v, 16), s1);
      s2 = madd(x, v128.load(v, 32), s2);
      s3 = madd(x, v128.load(v, 48), s3);
      v += stride;
    }
    v128.store(output + at, s0);
    v128.store(output + at, s1, 16);
    v128.store(output + at, s2, 32);
    v128.store(output + at, s3, 48);
  }
  for (; at < whole; at += 16) {
    let s = all(0.0);
    let v = value + at;
    for (let p = scores; p < last; p += 4) {
      s = madd(v128.load32_splat(p), v128.load(v), s);
      v += stride;
    }
    v128.store(output + at, s);
  }
  for (; at < bytes; at += 4) {
    let s = all(0.0);
    let v = value + at;
    for (let p = scores; p < last; p += 4) {
      s = madd(v128.load32_splat(p), v128.load32_zero(v), s);
      v += stride;
    }
    v128.store32_lane(output + at, s, 0);
  }
}
