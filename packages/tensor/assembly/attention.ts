import { dropRow } from "./dropout";
import { exponentials, largestOf, scaleBy } from "./rows";
import { all, madd } from "./vector";

/** Keys that one step of the score loop takes. */
const KEYS = 16;

/**
 * Scaled dot-product attention of heads `begin` to `end` within one sequence. Keys of a head are laid out once with
 * keys adjacent, so that a query's scores come four vectors at a time; then softmax and the weighted values while
 * everything is in cache.
 *
 * Two queries share each load of a key or value; an element's sum runs in the same order either way.
 *
 * `scratch`: `(size + 2) * paddedLength` float32 for each head, the length rounded up to 16. `mask` 0 means none; its stride is 0
 * where all queries share a row. `headMask`, `probabilities` and `dropout` (the address of its four words) 0 mean none; `tokens`,
 * `start` and `longest` number its elements. Strides are in bytes.
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
  probabilitiesStride: usize,
  output: usize,
  outputStride: usize,
  length: usize,
  scratch: usize,
  dropout: usize,
  tokens: usize,
  start: usize,
  longest: usize,
  begin: usize,
  end: usize,
): void {
  const padded = (length + KEYS - 1) & ~(KEYS - 1);
  const paddedBytes = padded << 2;
  for (let head = begin; head < end; head++) {
    const scores = scratch + head * (size + 2) * paddedBytes;
    const second = scores + paddedBytes;
    const keys = second + paddedBytes;
    layKeys(key + headAt(head, size), keyStride, keys, size, length, padded);
    const factor: f32 = headMask ? load<f32>(headMask + (head << 2)) : 1.0;
    const rows = probabilities ? probabilities + head * length * probabilitiesStride : 0;
    const elements = (head * tokens + start) * longest;
    const values = value + headAt(head, size);
    for (let token: usize = 0; token < length; token += 2) {
      const q = query + headAt(head, size) + token * queryStride;
      const to = output + headAt(head, size) + token * outputStride;
      // An odd last query is computed twice, into the same places.
      const step: usize = token + 1 < length ? 1 : 0;
      score(q, q + step * queryStride, keys, scores, second, size, padded, scale);
      const next = token + step;
      soften(scores, mask ? mask + token * maskStride : 0, length, factor, dropout, elements + token * longest);
      soften(second, mask ? mask + next * maskStride : 0, length, factor, dropout, elements + next * longest);
      if (rows) {
        memory.copy(rows + token * probabilitiesStride, scores, length << 2);
        memory.copy(rows + next * probabilitiesStride, second, length << 2);
      }
      weigh(scores, second, values, valueStride, to, to + step * outputStride, size, length);
    }
  }
}

// @ts-ignore: decorator
@inline
function headAt(head: usize, size: usize): usize {
  return (head * size) << 2;
}

/** Mask, softmax, dropout and head mask of one query's scores; `first` is the number of its first element. */
function soften(scores: usize, mask: usize, length: usize, factor: f32, dropout: usize, first: usize): void {
  if (mask) addRow(scores, mask, length);
  const total = exponentials(scores, scores, length, largestOf(scores, length));
  scaleBy(scores, length, factor / total);
  if (dropout) dropRow(scores, length, dropout, first);
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

/** Scaled scores of two queries against all keys. */
// @ts-ignore: decorator
@inline
function score(
  first: usize,
  second: usize,
  keys: usize,
  firstScores: usize,
  secondScores: usize,
  size: usize,
  padded: usize,
  scale: f32,
): void {
  const step = padded << 2;
  const factor = all(scale);
  const bytes = size << 2;
  for (let at: usize = 0; at < step; at += KEYS << 2) {
    let a0 = all(0.0);
    let a1 = all(0.0);
    let a2 = all(0.0);
    let a3 = all(0.0);
    let b0 = all(0.0);
    let b1 = all(0.0);
    let b2 = all(0.0);
    let b3 = all(0.0);
    let k = keys + at;
    for (let i: usize = 0; i < bytes; i += 4) {
      const a = v128.load32_splat(first + i);
      const b = v128.load32_splat(second + i);
      const k0 = v128.load(k);
      const k1 = v128.load(k, 16);
      const k2 = v128.load(k, 32);
      const k3 = v128.load(k, 48);
      a0 = madd(a, k0, a0);
      a1 = madd(a, k1, a1);
      a2 = madd(a, k2, a2);
      a3 = madd(a, k3, a3);
      b0 = madd(b, k0, b0);
      b1 = madd(b, k1, b1);
      b2 = madd(b, k2, b2);
      b3 = madd(b, k3, b3);
      k += step;
    }
    v128.store(firstScores + at, f32x4.mul(a0, factor));
    v128.store(firstScores + at, f32x4.mul(a1, factor), 16);
    v128.store(firstScores + at, f32x4.mul(a2, factor), 32);
    v128.store(firstScores + at, f32x4.mul(a3, factor), 48);
    v128.store(secondScores + at, f32x4.mul(b0, factor));
    v128.store(secondScores + at, f32x4.mul(b1, factor), 16);
    v128.store(secondScores + at, f32x4.mul(b2, factor), 32);
    v128.store(secondScores + at, f32x4.mul(b3, factor), 48);
  }
}

// @ts-ignore: decorator
@inline
export function addRow(scores: usize, mask: usize, length: usize): void {
  const whole = (length & ~3) << 2;
  const bytes = length << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) v128.store(scores + at, f32x4.add(v128.load(scores + at), v128.load(mask + at)));
  for (; at < bytes; at += 4) store<f32>(scores + at, load<f32>(scores + at) + load<f32>(mask + at));
}

/** `output[d] = Σ_k scores[k] · value[k, d]` of two queries. */
// @ts-ignore: decorator
@inline
function weigh(
  first: usize,
  second: usize,
  value: usize,
  stride: usize,
  firstOutput: usize,
  secondOutput: usize,
  size: usize,
  length: usize,
): void {
  const blocks = (size & ~15) << 2;
  const whole = (size & ~3) << 2;
  const bytes = size << 2;
  const steps = length << 2;
  let at: usize = 0;
  for (; at < blocks; at += 64) {
    let a0 = all(0.0);
    let a1 = all(0.0);
    let a2 = all(0.0);
    let a3 = all(0.0);
    let b0 = all(0.0);
    let b1 = all(0.0);
    let b2 = all(0.0);
    let b3 = all(0.0);
    let v = value + at;
    for (let i: usize = 0; i < steps; i += 4) {
      const a = v128.load32_splat(first + i);
      const b = v128.load32_splat(second + i);
      const v0 = v128.load(v);
      const v1 = v128.load(v, 16);
      const v2 = v128.load(v, 32);
      const v3 = v128.load(v, 48);
      a0 = madd(a, v0, a0);
      a1 = madd(a, v1, a1);
      a2 = madd(a, v2, a2);
      a3 = madd(a, v3, a3);
      b0 = madd(b, v0, b0);
      b1 = madd(b, v1, b1);
      b2 = madd(b, v2, b2);
      b3 = madd(b, v3, b3);
      v += stride;
    }
    v128.store(firstOutput + at, a0);
    v128.store(firstOutput + at, a1, 16);
    v128.store(firstOutput + at, a2, 32);
    v128.store(firstOutput + at, a3, 48);
    v128.store(secondOutput + at, b0);
    v128.store(secondOutput + at, b1, 16);
    v128.store(secondOutput + at, b2, 32);
    v128.store(secondOutput + at, b3, 48);
  }
  for (; at < whole; at += 16) {
    let a0 = all(0.0);
    let b0 = all(0.0);
    let v = value + at;
    for (let i: usize = 0; i < steps; i += 4) {
      const v0 = v128.load(v);
      a0 = madd(v128.load32_splat(first + i), v0, a0);
      b0 = madd(v128.load32_splat(second + i), v0, b0);
      v += stride;
    }
    v128.store(firstOutput + at, a0);
    v128.store(secondOutput + at, b0);
  }
  for (; at < bytes; at += 4) {
    let a0 = all(0.0);
    let b0 = all(0.0);
    let v = value + at;
    for (let i: usize = 0; i < steps; i += 4) {
      const v0 = v128.load32_zero(v);
      a0 = madd(v128.load32_splat(first + i), v0, a0);
      b0 = madd(v128.load32_splat(second + i), v0, b0);
      v += stride;
    }
    v128.store32_lane(firstOutput + at, a0, 0);
    v128.store32_lane(secondOutput + at, b0, 0);
  }
}
