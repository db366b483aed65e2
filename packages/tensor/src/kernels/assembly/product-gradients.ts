import { LAYOUT_ROWS, PANEL, PANEL_BYTES, TILE } from "../constants";
import { isPair, tiles, wideTiles } from "./product";
import { copyRows } from "./rows";
import { all } from "./vector";

// The products of training run on the forward product's tiles; what differs is how their operands are laid out.

/** `[a b c d]` of four rows to four columns; the rows `step` bytes apart on both sides. */
// @ts-ignore: decorator
@inline
export function transpose4(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + fromStep);
  const r2 = v128.load(from + 2 * fromStep);
  const r3 = v128.load(from + 3 * fromStep);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + toStep, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * toStep, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * toStep, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}

/**
 * Panels `[columns][8]` of a matrix to panels of its transpose: target panel `begin`...`end` holds eight columns, for each
 * of the `count` source panels eight steps. A last panel's missing columns become zeros.
 */
export function transposePanels(
  packed: usize,
  columns: usize,
  count: usize,
  target: usize,
  begin: usize,
  end: usize,
): void {
  for (let panel = begin; panel < end; panel++) {
    let to = target + panel * count * (PANEL * PANEL_BYTES);
    let from = packed + panel * PANEL * PANEL_BYTES;
    const width = min(PANEL, columns - panel * PANEL);
    for (let source: usize = 0; source < count; source++) {
      if (width == PANEL) {
        transpose4(from, PANEL_BYTES, to, PANEL_BYTES);
        transpose4(from + 16, PANEL_BYTES, to + 4 * PANEL_BYTES, PANEL_BYTES);
        transpose4(from + 4 * PANEL_BYTES, PANEL_BYTES, to + 16, PANEL_BYTES);
        transpose4(from + 4 * PANEL_BYTES + 16, PANEL_BYTES, to + 4 * PANEL_BYTES + 16, PANEL_BYTES);
      } else {
        memory.fill(to, 0, PANEL * PANEL_BYTES);
        for (let column: usize = 0; column < width; column++) {
          for (let lane: usize = 0; lane < PANEL; lane++) {
            store<f32>(to + lane * PANEL_BYTES + (column << 2), load<f32>(from + column * PANEL_BYTES + (lane << 2)));
          }
        }
      }
      from += columns * PANEL_BYTES;
      to += PANEL * PANEL_BYTES;
    }
  }
}

/** `[rows, columns]` to `[columns, rows]`, in blocks `begin` to `end` of 16 rows. */
export function transposeRows(
  input: usize,
  inputStride: usize,
  rows: usize,
  columns: usize,
  output: usize,
  outputStride: usize,
  begin: usize,
  end: usize,
): void {
  const whole = columns & ~3;
  for (let block = begin; block < end; block++) {
    const first = block * LAYOUT_ROWS;
    const last = min(first + LAYOUT_ROWS, rows);
    const fours = first + ((last - first) & ~3);
    for (let column: usize = 0; column < whole; column += 4) {
      const to = output + column * outputStride;
      for (let row = first; row < fours; row += 4) {
        transpose4(input + row * inputStride + (column << 2), inputStride, to + (row << 2), outputStride);
      }
    }
    for (let row = first; row < last; row++) {
      const from = input + row * inputStride;
      for (let column = row < fours ? whole : 0; column < columns; column++) {
        store<f32>(output + column * outputStride + (row << 2), load<f32>(from + (column << 2)));
      }
    }
  }
}

/** `[rows, columns]` to panels `[rows][8]`, in blocks `begin` to `end` of 16 rows; missing columns become zeros. */
export function packPanels(
  input: usize,
  inputStride: usize,
  rows: usize,
  columns: usize,
  packed: usize,
  begin: usize,
  end: usize,
): void {
  const panels = columns / PANEL;
  const left = (columns % PANEL) << 2;
  for (let block = begin; block < end; block++) {
    const first = block * LAYOUT_ROWS;
    const last = min(first + LAYOUT_ROWS, rows);
    for (let panel: usize = 0; panel < panels; panel++) {
      let from = input + first * inputStride + panel * PANEL_BYTES;
      let to = packed + (panel * rows + first) * PANEL_BYTES;
      for (let row = first; row < last; row++) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        from += inputStride;
        to += PANEL_BYTES;
      }
    }
    if (left) {
      let from = input + first * inputStride + panels * PANEL_BYTES;
      let to = packed + (panels * rows + first) * PANEL_BYTES;
      for (let row = first; row < last; row++) {
        v128.store(to, all(0.0));
        v128.store(to, all(0.0), 16);
        memory.copy(to, from, left);
        from += inputStride;
        to += PANEL_BYTES;
      }
    }
  }
}

/**
 * `output[:, 8 p ... 8 p + 8] += input · panel p` for panels `begin` to `end`: `panelStride` bytes lie between panels of
 * `length` steps, `outputStep` from a panel's columns of the output to the next one's. An incomplete last panel goes through `edge`.
 */
export function accumulatePanels(
  input: usize,
  inputStride: usize,
  rows: usize,
  packed: usize,
  panelStride: usize,
  length: usize,
  zeros: usize,
  output: usize,
  outputStride: usize,
  outputStep: usize,
  edge: usize,
  columns: usize,
  accumulate: usize,
  begin: usize,
  end: usize,
): void {
  multiplyInto(input, inputStride, rows, packed, panelStride, length, zeros, output, outputStride, outputStep, edge, columns, accumulate, begin, end);
}

/** The same; without `accumulate` the output's old numbers do not count. */
export function multiplyInto(
  input: usize,
  inputStride: usize,
  rows: usize,
  packed: usize,
  panelStride: usize,
  length: usize,
  zeros: usize,
  output: usize,
  outputStride: usize,
  outputStep: usize,
  edge: usize,
  columns: usize,
  accumulate: usize,
  begin: usize,
  end: usize,
): void {
  const count = (rows + TILE - 1) / TILE;
  const height = rows / count;
  const taller = rows % count;
  const done = taller * (height + 1);
  const low = input + done * inputStride;
  const left = count - taller;
  for (let panel = begin; panel < end; panel++) {
    const incomplete = (panel + 1) * PANEL > columns;
    const b = packed + panel * panelStride;
    const panelOutput = output + panel * outputStep;
    if (isPair(panel, end, columns)) {
      if (taller) wideTiles(height + 1, input, inputStride, b, length, zeros, panelOutput, outputStride, taller, accumulate, b, 0, panelStride, outputStep);
      wideTiles(height, low, inputStride, b, length, zeros, panelOutput + done * outputStride, outputStride, left, accumulate, b, 0, panelStride, outputStep);
      panel++;
      continue;
    }
    const c = incomplete ? edge : panelOutput;
    const cStride = incomplete ? PANEL_BYTES : outputStride;
    if (incomplete) copyRows(panelOutput, outputStride, edge, PANEL_BYTES, columns % PANEL, 0, rows);
    if (taller) tiles(height + 1, input, inputStride, b, length, zeros, c, cStride, taller, accumulate, b, 0);
    tiles(height, low, inputStride, b, length, zeros, c + done * cStride, cStride, left, accumulate, b, 0);
    if (incomplete) copyRows(edge, PANEL_BYTES, panelOutput, outputStride, columns % PANEL, 0, rows);
  }
}
