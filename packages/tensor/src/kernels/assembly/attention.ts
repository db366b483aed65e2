import { LAYOUT_ROWS, PANEL, PANEL_BYTES, QUERIES, ZEROS_BYTES } from "../constants";
import { dropRow } from "./dropout";
import { multiplyInto, packPanels, transpose4 } from "./product-gradients";
import { exponentials, largestOf, scaleBy } from "./rows";

/**
 * Scaled dot-product attention for pairs of a sequence and a head, `begin` to `end` of them counted from sequence
 * `firstSequence` on. Keys are laid out once as panels, then a block of queries at a time: scores by the product's tiles,
 * softmax, the weighted values by the tiles again.
 *
 * `offsets`: first tokens of the sequences and the end, int32. `mask` has one row a token where `maskPerToken`, else one
 * a sequence. `mask`, `headMask`, `probabilities` and `dropout` (the address of its four words) 0 mean none. `longest`
 * and `tokens` number dropout's elements. `scratch` holds `scratchStep` bytes a pair, see `attentionScratch` in
 * src/kernels/wasm/attention.ts. Strides are in bytes.
 */
export function attention(
  query: usize,
  queryStride: usize,
  key: usize,
  keyStride: usize,
  value: usize,
  valueStride: usize,
  offsets: usize,
  firstSequence: usize,
  heads: usize,
  size: usize,
  scale: f32,
  mask: usize,
  maskStride: usize,
  maskPerToken: i32,
  headMask: usize,
  probabilities: usize,
  probabilitiesStride: usize,
  output: usize,
  outputStride: usize,
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
    const columnPanels = (size + PANEL - 1) / PANEL;
    const factor: f32 = headMask ? load<f32>(headMask + (head << 2)) : 1.0;

    const room = min(length, QUERIES);
    const zeros = scratch + pair * scratchStep;
    const edge = zeros + ZEROS_BYTES;
    const keys = edge + room * PANEL_BYTES;
    const values = keys + panels * size * PANEL_BYTES;
    const scores = values + columnPanels * length * PANEL_BYTES;

    memory.fill(zeros, 0, ZEROS_BYTES);
    packAcross(key + start * keyStride + column, keyStride, length, size, keys);
    packPanels(value + start * valueStride + column, valueStride, length, size, values, 0, blocksOf(length));

    for (let first: usize = 0; first < length; first += QUERIES) {
      const count = min(QUERIES, length - first);
      const token = start + first;
      const from = query + token * queryStride + column;
      const to = output + token * outputStride + column;
      multiplyInto(from, queryStride, count, keys, size * PANEL_BYTES, size, zeros, scores, rowBytes, PANEL_BYTES, edge, panels * PANEL, 0, 0, panels);
      for (let row: usize = 0; row < count; row++) {
        const maskRow = maskPerToken ? token + row : sequence;
        const at = scores + row * rowBytes;
        softmaxRow(at, length, scale, mask ? mask + maskRow * maskStride : 0, factor);
        if (dropout) dropRow(at, length, dropout, (head * tokens + token + row) * longest);
        if (probabilities) {
          const line = (sequence * heads + head) * length + first + row;
          memory.copy(probabilities + line * probabilitiesStride, at, length << 2);
        }
      }
      multiplyInto(scores, rowBytes, count, values, length * PANEL_BYTES, length, zeros, to, outputStride, PANEL_BYTES, edge, size, 0, 0, columnPanels);
    }
  }
}

/** Scores of one query times `scale`, plus the mask's row (0: none), to probabilities times `factor`. */
export function softmaxRow(scores: usize, length: usize, scale: f32, mask: usize, factor: f32): void {
  scaleBy(scores, length, scale);
  if (mask) addRow(scores, mask, length);
  const total = exponentials(scores, scores, length, largestOf(scores, length));
  scaleBy(scores, length, factor / total);
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

/** Units of the layout kernels for `rows` rows. */
// @ts-ignore: decorator
@inline
export function blocksOf(rows: usize): usize {
  return (rows + LAYOUT_ROWS - 1) / LAYOUT_ROWS;
}

/** Rows `[rows, size]` to panels `[size][8]` of eight rows each; missing rows become zeros. */
export function packAcross(input: usize, stride: usize, rows: usize, size: usize, packed: usize): void {
  const whole = size & ~3;
  for (let row: usize = 0; row < rows; row += PANEL) {
    const to = packed + row * (size << 2);
    const count = min(PANEL, rows - row);
    if (count < PANEL) memory.fill(to, 0, size * PANEL_BYTES);
    const from = input + row * stride;
    let lane: usize = 0;
    for (; lane + 4 <= count; lane += 4) {
      for (let column: usize = 0; column < whole; column += 4) {
        transpose4(from + lane * stride + (column << 2), stride, to + column * PANEL_BYTES + (lane << 2), PANEL_BYTES);
      }
    }
    for (let other: usize = 0; other < count; other++) {
      for (let column = other < lane ? whole : 0; column < size; column++) {
        store<f32>(to + column * PANEL_BYTES + (other << 2), load<f32>(from + other * stride + (column << 2)));
      }
    }
  }
}
