import { CACHE_LINE, PANEL, PANEL_BYTES, QUERIES, ZEROS_BYTES } from "../constants";
import { blocksOf, packAcross, softmaxRow } from "./attention";
import { keepMask, keepScale } from "./dropout";
import { multiplyInto, packPanels, transposeRows } from "./product-gradients";
import { all, madd, sum } from "./vector";

/**
 * Gradients of attention for pairs of a sequence and a head, `begin` to `end` of them counted from sequence
 * `firstSequence` on. With `a = p · factor` (dropout, head mask) the weights of the values: `dV += aᵀ dO`,
 * `dp = dO Vᵀ · factor`, `ds = p · (dp - Σ p dp) · scale`, `dQ += ds K`, `dK += dsᵀ Q`; all products run on the tiles.
 *
 * `offsets`: first tokens of the sequences and the end, int32. `mask` 0 means none; it has one row a token where
 * `maskPerToken`, else one a sequence. Gradients 0 mean none. `scratch` holds `scratchStep` bytes a pair, see
 * `gradientScratch` in src/kernels/wasm/attention.ts. Strides are in bytes.
 */
export function attentionGradient(
  query: usize,
  queryStride: usize,
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  outputGradient: usize,
  outputGradientStride: usize,
  queryGradient: usize,
  queryGradientStride: usize,
  keyGradient: usize,
  keyGradientStride: usize,
  valueGradient: usize,
  valueGradientStride: usize,
  offsets: usize,
  firstSequence: usize,
  heads: usize,
  size: usize,
  scale: f32,
  mask: usize,
  maskStride: usize,
  maskPerToken: i32,
  headMask: usize,
  dropout: usize,
  longest: usize,
  tokens: usize,
  scratch: usize,
  scratchStep: usize,
  begin: usize,
  end: usize,
): void {
  for (let pair = begin; pair < end; pair++) {
    const sequence = firstSequence + pair / heads;
    const head = pair % heads;
    const start = load<u32>(offsets + (sequence << 2));
    const length = load<u32>(offsets + (sequence << 2) + 4) - start;
    if (length == 0) continue;
    const column = (head * size) << 2;
    const panels = (length + PANEL - 1) / PANEL;
    const rowBytes = panels * PANEL_BYTES;
    const panelBytes = size * PANEL_BYTES;
    const columnPanels = (size + PANEL - 1) / PANEL;
    const keys = key + start * keyStride + column;

    const room = min(length, QUERIES);
    const zeros = scratch + pair * scratchStep;
    const edge = zeros + ZEROS_BYTES;
    const keysAcross = edge + length * PANEL_BYTES;
    const valuesAcross = keysAcross + panels * panelBytes;
    const keysDown = valuesAcross + panels * panelBytes;
    const blockDown = keysDown + columnPanels * length * PANEL_BYTES;
    const weights = blockDown + columnPanels * room * PANEL_BYTES;
    const scoreGradients = weights + room * rowBytes;
    const turned = scoreGradients + room * rowBytes;
    const turnedStride = (room << 2) + CACHE_LINE;

    memory.fill(zeros, 0, ZEROS_BYTES);
    packAcross(keys, keyStride, length, size, keysAcross);
    packAcross(value + start * valueStride + column, valueStride, length, size, valuesAcross);
    if (queryGradient) packPanels(keys, keyStride, length, size, keysDown, 0, blocksOf(length));

    for (let first: usize = 0; first < length; first += QUERIES) {
      const count = min(QUERIES, length - first);
      const token = start + first;
      const queries = query + token * queryStride + column;
      const outputGradients = outputGradient + token * outputGradientStride + column;
      multiplyInto(queries, queryStride, count, keysAcross, panelBytes, size, zeros, weights, rowBytes, PANEL_BYTES, edge, panels * PANEL, 0, 0, panels);
      multiplyInto(outputGradients, outputGradientStride, count, valuesAcross, panelBytes, size, zeros, scoreGradients, rowBytes, PANEL_BYTES, edge, panels * PANEL, 0, 0, panels);
      for (let row: usize = 0; row < count; row++) {
        const maskRow = maskPerToken ? token + row : sequence;
        differentiate(
          weights + row * rowBytes,
          scoreGradients + row * rowBytes,
          length,
          scale,
          mask ? mask + maskRow * maskStride : 0,
          headMask ? load<f32>(headMask + (head << 2)) : 1.0,
          dropout,
          (head * tokens + token + row) * longest,
        );
      }
      const blocks = blocksOf(count);
      if (queryGradient) {
        const to = queryGradient + token * queryGradientStride + column;
        multiplyInto(scoreGradients, rowBytes, count, keysDown, length * PANEL_BYTES, length, zeros, to, queryGradientStride, PANEL_BYTES, edge, size, 1, 0, columnPanels);
      }
      if (keyGradient) {
        const to = keyGradient + start * keyGradientStride + column;
        transposeRows(scoreGradients, rowBytes, count, length, turned, turnedStride, 0, blocks);
        packPanels(queries, queryStride, count, size, blockDown, 0, blocks);
        multiplyInto(turned, turnedStride, length, blockDown, count * PANEL_BYTES, count, zeros, to, keyGradientStride, PANEL_BYTES, edge, size, 1, 0, columnPanels);
      }
      if (valueGradient) {
        const to = valueGradient + start * valueGradientStride + column;
        transposeRows(weights, rowBytes, count, length, turned, turnedStride, 0, blocks);
        packPanels(outputGradients, outputGradientStride, count, size, blockDown, 0, blocks);
        multiplyInto(turned, turnedStride, length, blockDown, count * PANEL_BYTES, count, zeros, to, valueGradientStride, PANEL_BYTES, edge, size, 1, 0, columnPanels);
      }
    }
  }
}

/**
 * One query: `weights` holds its products with the keys and gets the values' weights, `scoreGradients` holds the products of the
 * output's gradient with the values and gets the gradient of the products with the keys.
 */
function differentiate(
  weights: usize,
  scoreGradients: usize,
  length: usize,
  scale: f32,
  mask: usize,
  factor: f32,
  dropout: usize,
  first: usize,
): void {
  const whole = (length & ~3) << 2;
  const bytes = length << 2;
  softmaxRow(weights, length, scale, mask, 1.0);
  let products = all(0.0);
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const dp = v128.and(f32x4.mul(v128.load(scoreGradients + at), keepScale(factor, dropout)), keepMask(dropout, first, at));
    v128.store(scoreGradients + at, dp);
    products = madd(v128.load(weights + at), dp, products);
  }
  for (; at < bytes; at += 4) {
    const dp = v128.and(f32x4.mul(v128.load32_zero(scoreGradients + at), keepScale(factor, dropout)), keepMask(dropout, first, at));
    v128.store32_lane(scoreGradients + at, dp, 0);
    products = madd(v128.load32_zero(weights + at), dp, products);
  }
  const mean = all(sum(products));
  for (at = 0; at < whole; at += 16) {
    const p = v128.load(weights + at);
    v128.store(scoreGradients + at, f32x4.mul(f32x4.mul(p, f32x4.sub(v128.load(scoreGradients + at), mean)), all(scale)));
    v128.store(weights + at, v128.and(f32x4.mul(p, keepScale(factor, dropout)), keepMask(dropout, first, at)));
  }
  for (; at < bytes; at += 4) {
    const p = v128.load32_zero(weights + at);
    const ds = f32x4.mul(f32x4.mul(p, f32x4.sub(v128.load32_zero(scoreGradients + at), mean)), all(scale));
    v128.store32_lane(scoreGradients + at, ds, 0);
    v128.store32_lane(weights + at, v128.and(f32x4.mul(p, keepScale(factor, dropout)), keepMask(dropout, first, at)), 0);
  }
}
