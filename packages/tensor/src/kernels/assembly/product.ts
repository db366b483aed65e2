import { PANEL, PANEL_BYTES, TILE } from "../constants";
import { activate } from "./activations";
import { copyRows } from "./rows";

// Matrix products of input rows with panels of packed weights. The tiles come from the emitter's module
// (src/kernels/emitter); calls of them are short, so that engines can replace slow code by fast code while a product runs.

/** Panels whose results get their activation while they are in cache; a power of two. */
const EPILOGUE: usize = 8;

let wide: bool = false;

/** Whether tiles take two panels at a time, which pays where the engine makes 256-bit instructions of neighbouring ones. */
export function useWideTiles(on: i32): void {
  wide = on != 0;
}

/** Whether a panel and the next one, both whole and below `end`, make a wide tile; engines that would gain have relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function isPair(panel: usize, end: usize, columns: usize): bool {
  return ASC_FEATURE_RELAXED_SIMD && wide && panel + 1 < end && (panel + 2) * PANEL <= columns;
}

// @ts-ignore: decorator
@external("tiles", "tile1")
declare function tile1(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "tile2")
declare function tile2(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "tile3")
declare function tile3(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "tile4")
declare function tile4(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "tile5")
declare function tile5(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "tile6")
declare function tile6(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void;

export function tiles(h: usize, a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize): void {
  if (h == 6) tile6(a, as, b, n, s, c, cs, t, acc, p, ps);
  else if (h == 5) tile5(a, as, b, n, s, c, cs, t, acc, p, ps);
  else if (h == 4) tile4(a, as, b, n, s, c, cs, t, acc, p, ps);
  else if (h == 3) tile3(a, as, b, n, s, c, cs, t, acc, p, ps);
  else if (h == 2) tile2(a, as, b, n, s, c, cs, t, acc, p, ps);
  else tile1(a, as, b, n, s, c, cs, t, acc, p, ps);
}

// @ts-ignore: decorator
@external("tiles", "wideTile1")
declare function wideTile1(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideTile2")
declare function wideTile2(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideTile3")
declare function wideTile3(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideTile4")
declare function wideTile4(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideTile5")
declare function wideTile5(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideTile6")
declare function wideTile6(a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void;

export function wideTiles(h: usize, a: usize, as: usize, b: usize, n: usize, s: usize, c: usize, cs: usize, t: usize, acc: usize, p: usize, ps: usize, bs: usize, cn: usize): void {
  if (h == 6) wideTile6(a, as, b, n, s, c, cs, t, acc, p, ps, bs, cn);
  else if (h == 5) wideTile5(a, as, b, n, s, c, cs, t, acc, p, ps, bs, cn);
  else if (h == 4) wideTile4(a, as, b, n, s, c, cs, t, acc, p, ps, bs, cn);
  else if (h == 3) wideTile3(a, as, b, n, s, c, cs, t, acc, p, ps, bs, cn);
  else if (h == 2) wideTile2(a, as, b, n, s, c, cs, t, acc, p, ps, bs, cn);
  else wideTile1(a, as, b, n, s, c, cs, t, acc, p, ps, bs, cn);
}

/**
 * Panels `begin` to `end` against `rows` rows: steps `step` to `step + length` of the inner dimension `depth`. The first
 * steps start from the bias (or from zeros where it is 0), later ones add to the output; after the last ones come the
 * activation (or NO_ACTIVATION) and, for an incomplete last panel, the copy out of `edge`.
 */
export function multiplyPanels(
  input: usize,
  inputStride: usize,
  rows: usize,
  packed: usize,
  depth: usize,
  step: usize,
  length: usize,
  bias: usize,
  zeros: usize,
  edgeBias: usize,
  output: usize,
  outputStride: usize,
  edge: usize,
  columns: usize,
  activation: i32,
  begin: usize,
  end: usize,
): void {
  const count = (rows + TILE - 1) / TILE;
  const height = rows / count;
  const taller = rows % count;
  const done = taller * (height + 1);
  const last = step + length == depth;
  const panels = (columns + PANEL - 1) / PANEL;
  const spread = PANEL_BYTES / count;
  const panelBytes = depth * PANEL_BYTES;
  for (let panel = begin; panel < end; panel++) {
    const pair = isPair(panel, end, columns);
    const incomplete = (panel + 1) * PANEL > columns;
    const b = packed + (panel * depth + step) * PANEL_BYTES;
    const start = step > 0 || bias == 0 ? zeros : incomplete ? edgeBias : bias + panel * PANEL_BYTES;
    const c = incomplete ? edge : output + panel * PANEL_BYTES;
    const cStride = incomplete ? PANEL_BYTES : outputStride;
    // Weights stream from memory: while this panel is at work the next one comes to the cache, spread over all tiles.
    const width: usize = pair ? 2 : 1;
    const more = min(width, panels - panel - width);
    const ahead = more ? b + width * panelBytes : b;
    const aheadStep = more * spread;
    const lowAhead = ahead + taller * length * aheadStep;
    const low = input + done * inputStride;
    const lowC = c + done * cStride;
    if (pair) {
      if (taller) wideTiles(height + 1, input, inputStride, b, length, start, c, cStride, taller, step, ahead, aheadStep, panelBytes, PANEL_BYTES);
      wideTiles(height, low, inputStride, b, length, start, lowC, cStride, count - taller, step, lowAhead, aheadStep, panelBytes, PANEL_BYTES);
      if (last) finish(panel, begin, end, rows, columns, false, edge, output, outputStride, activation);
      panel++;
    } else {
      if (taller) tiles(height + 1, input, inputStride, b, length, start, c, cStride, taller, step, ahead, aheadStep);
      tiles(height, low, inputStride, b, length, start, lowC, cStride, count - taller, step, lowAhead, aheadStep);
    }
    if (last) finish(panel, begin, end, rows, columns, incomplete, edge, output, outputStride, activation);
  }
}

// @ts-ignore: decorator
@external("tiles", "int8Tile1")
declare function int8Tile1(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "int8Tile2")
declare function int8Tile2(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "int8Tile3")
declare function int8Tile3(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "int8Tile4")
declare function int8Tile4(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "int8Tile5")
declare function int8Tile5(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void;
// @ts-ignore: decorator
@external("tiles", "int8Tile6")
declare function int8Tile6(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void;

function int8Tiles(h: usize, a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize): void {
  if (h == 6) int8Tile6(a, as, b, n, s, w, r, bias, c, cs, t, p, ps);
  else if (h == 5) int8Tile5(a, as, b, n, s, w, r, bias, c, cs, t, p, ps);
  else if (h == 4) int8Tile4(a, as, b, n, s, w, r, bias, c, cs, t, p, ps);
  else if (h == 3) int8Tile3(a, as, b, n, s, w, r, bias, c, cs, t, p, ps);
  else if (h == 2) int8Tile2(a, as, b, n, s, w, r, bias, c, cs, t, p, ps);
  else int8Tile1(a, as, b, n, s, w, r, bias, c, cs, t, p, ps);
}

// @ts-ignore: decorator
@external("tiles", "wideInt8Tile1")
declare function wideInt8Tile1(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideInt8Tile2")
declare function wideInt8Tile2(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideInt8Tile3")
declare function wideInt8Tile3(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideInt8Tile4")
declare function wideInt8Tile4(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideInt8Tile5")
declare function wideInt8Tile5(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void;
// @ts-ignore: decorator
@external("tiles", "wideInt8Tile6")
declare function wideInt8Tile6(a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void;

function wideInt8Tiles(h: usize, a: usize, as: usize, b: usize, n: usize, s: usize, w: usize, r: usize, bias: usize, c: usize, cs: usize, t: usize, p: usize, ps: usize, bs: usize): void {
  if (h == 6) wideInt8Tile6(a, as, b, n, s, w, r, bias, c, cs, t, p, ps, bs);
  else if (h == 5) wideInt8Tile5(a, as, b, n, s, w, r, bias, c, cs, t, p, ps, bs);
  else if (h == 4) wideInt8Tile4(a, as, b, n, s, w, r, bias, c, cs, t, p, ps, bs);
  else if (h == 3) wideInt8Tile3(a, as, b, n, s, w, r, bias, c, cs, t, p, ps, bs);
  else if (h == 2) wideInt8Tile2(a, as, b, n, s, w, r, bias, c, cs, t, p, ps, bs);
  else wideInt8Tile1(a, as, b, n, s, w, r, bias, c, cs, t, p, ps, bs);
}

/** As {@link multiplyPanels} for quantised rows of `groups` groups and int8 panels of `panelBytes`. */
export function multiplyInt8Panels(
  input: usize,
  inputStride: usize,
  rows: usize,
  rowScales: usize,
  packed: usize,
  panelBytes: usize,
  groups: usize,
  starts: usize,
  scales: usize,
  bias: usize,
  zeros: usize,
  edgeBias: usize,
  output: usize,
  outputStride: usize,
  edge: usize,
  columns: usize,
  activation: i32,
  begin: usize,
  end: usize,
): void {
  const count = (rows + TILE - 1) / TILE;
  const height = rows / count;
  const taller = rows % count;
  const done = taller * (height + 1);
  const panels = (columns + PANEL - 1) / PANEL;
  const spread = panelBytes / (groups * count);
  for (let panel = begin; panel < end; panel++) {
    const pair = isPair(panel, end, columns);
    const incomplete = (panel + 1) * PANEL > columns;
    const lanes = panel * PANEL_BYTES;
    const b = packed + panel * panelBytes;
    const w = scales + lanes;
    const s = starts + lanes;
    const shift = bias == 0 ? zeros : incomplete ? edgeBias : bias + lanes;
    const c = incomplete ? edge : output + lanes;
    const cStride = incomplete ? PANEL_BYTES : outputStride;
    const width: usize = pair ? 2 : 1;
    const more = min(width, panels - panel - width);
    const ahead = more ? b + width * panelBytes : b;
    const aheadStep = more * spread;
    const lowAhead = ahead + taller * groups * aheadStep;
    const low = input + done * inputStride;
    const lowScales = rowScales + (done << 2);
    const lowC = c + done * cStride;
    if (pair) {
      if (taller) wideInt8Tiles(height + 1, input, inputStride, b, groups, s, w, rowScales, shift, c, cStride, taller, ahead, aheadStep, panelBytes);
      wideInt8Tiles(height, low, inputStride, b, groups, s, w, lowScales, shift, lowC, cStride, count - taller, lowAhead, aheadStep, panelBytes);
      finish(panel, begin, end, rows, columns, false, edge, output, outputStride, activation);
      panel++;
    } else {
      if (taller) int8Tiles(height + 1, input, inputStride, b, groups, s, w, rowScales, shift, c, cStride, taller, ahead, aheadStep);
      int8Tiles(height, low, inputStride, b, groups, s, w, lowScales, shift, lowC, cStride, count - taller, lowAhead, aheadStep);
    }
    finish(panel, begin, end, rows, columns, incomplete, edge, output, outputStride, activation);
  }
}

/** The incomplete panel's copy, and the activation of a block of finished panels. */
function finish(
  panel: usize,
  begin: usize,
  end: usize,
  rows: usize,
  columns: usize,
  incomplete: bool,
  edge: usize,
  output: usize,
  outputStride: usize,
  activation: i32,
): void {
  if (incomplete) {
    copyRows(edge, PANEL_BYTES, output + panel * PANEL_BYTES, outputStride, columns % PANEL, 0, rows);
  }
  if (activation >= 0 && ((panel & (EPILOGUE - 1)) == EPILOGUE - 1 || panel == end - 1)) {
    const first = max(begin, panel & ~(EPILOGUE - 1));
    const at = output + first * PANEL_BYTES;
    const width = min((panel + 1) * PANEL, columns) - first * PANEL;
    activate(activation, at, outputStride, at, outputStride, width, 0, rows);
  }
}
