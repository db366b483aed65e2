import { PANEL } from "../constants.ts";
import type { FunctionBuilder, Local } from "./builder.ts";
import type { ModuleBuilder } from "./module.ts";

/** How tiles of float32 products are laid out. */
export interface ProductLayout {
  /** Rows of the tallest tile; shorter ones are made down to 1. */
  readonly rows: number;
  /** `relaxed_madd`, or a product and a sum. */
  readonly relaxed: boolean;
  /** Steps of the inner dimension in one turn of the loop. */
  readonly unroll: number;
}

/** Vectors of a panel's row. */
const VECTORS = PANEL / 4;

/**
 * Panels side by side in a tile, and what its functions are called. V8's revectorizer makes one 256-bit instruction of a
 * panel's two: only then do the registers hold a wide tile, whose twelve sums keep both multiply-add units busy. Engines
 * that have the revectorizer have relaxed SIMD as well.
 */
export function tileKinds(relaxed: boolean): readonly { readonly panels: number; readonly prefix: string }[] {
  const narrow = { panels: 1, prefix: "" };
  return relaxed ? [narrow, { panels: 2, prefix: "wide" }] : [narrow];
}

/** `tile3`, or `wideTile3`. */
export function tileName(prefix: string, name: string, rows: number): string {
  return `${prefix === "" ? name : prefix + name.charAt(0).toUpperCase() + name.slice(1)}${rows}`;
}

/**
 * Adds `tile1` ... `tileN` (N = `layout.rows`): each computes a column of `tiles` tiles, one below the other, of M rows
 * and 8 columns, `c = (accumulate ? c : 0) + start + a · b`:
 *
 * `tileM(a, aStride, b, depth, start, c, cStride, tiles, accumulate, ahead, aheadStep)`
 * - `a`: M · tiles rows of `depth` float32, `aStride` bytes apart, read in place;
 * - `b`: a panel `[depth][8]`;
 * - `start`: 8 float32, the same for all rows (a bias, or zeros);
 * - `c`: rows `cStride` bytes apart;
 * - `ahead`: what will be needed next; each step of each tile reads a byte there, `aheadStep` bytes after the last one.
 *
 * and `wideTile1` ... `wideTileN` of two panels, 16 columns:
 *
 * `wideTileM(..., aheadStep, bStep, cStep)`
 * - `bStep`, `cStep`: bytes from a panel, and from its columns of `c`, to the next one; `start` has 16 float32.
 *
 * Each element is one chain of sums in the order of the inner dimension, whatever the tile, so a result does not
 * depend on which rows or panels share a tile.
 */
export function emitTiles(module: ModuleBuilder, layout: ProductLayout): void {
  for (const { panels, prefix } of tileKinds(layout.relaxed)) {
    for (let rows = 1; rows <= layout.rows; rows++) {
      module.function(tileName(prefix, "tile", rows), (code) => tile(code, rows, panels, layout));
    }
  }
}

function tile(code: FunctionBuilder, rows: number, panels: number, { relaxed, unroll }: ProductLayout): void {
  const a = code.parameter();
  const aStride = code.parameter();
  const b = code.parameter();
  const depth = code.parameter();
  const start = code.parameter();
  const c = code.parameter();
  const cStride = code.parameter();
  const tiles = code.parameter();
  const accumulate = code.parameter();
  const ahead = code.parameter();
  const aheadStep = code.parameter();
  const bStep = panels > 1 ? code.parameter() : aheadStep;
  const cStep = panels > 1 ? code.parameter() : aheadStep;
  const aRows = code.locals("i32", rows);
  const at = code.locals("i32", panels);
  const counter = code.local("i32");
  const sums = Array.from({ length: rows }, () => code.locals("v128", panels * VECTORS));
  const weights = code.locals("v128", panels * VECTORS);
  const splat = code.local("v128");
  /** Where vector `n` of a row is, with the panels' addresses in `at`. */
  const vectorAt = (n: number, step = 0) => ({
    address: at[Math.floor(n / VECTORS)]!,
    offset: (step * VECTORS + (n % VECTORS)) * 16,
  });

  const steps = (count: number): void => {
    code.touch(ahead);
    code.add(ahead, aheadStep, ahead);
    for (let step = 0; step < count; step++) {
      for (const [n, weight] of weights.entries()) {
        code.load(vectorAt(n, step), weight);
      }
      for (const [m, row] of sums.entries()) {
        code.loadSplat({ address: aRows[m]!, offset: step * 4 }, splat);
        for (const [n, sum] of row.entries()) {
          code.multiplyAdd(splat, weights[n]!, sum, relaxed);
        }
      }
    }
    for (const address of aRows) {
      code.add(address, count * 4, address);
    }
    for (const address of at) {
      code.add(address, count * PANEL * 4, address);
    }
  };

  code.repeat(tiles, () => {
    pointers(code, b, bStep, at);
    pointers(code, a, aStride, aRows);
    for (const [n, sum] of sums[0]!.entries()) {
      code.load({ address: start, offset: n * 16 }, sum);
      for (const row of sums.slice(1)) {
        code.copy(sum, row[n]!);
      }
    }
    if (unroll === 1) {
      code.copy(depth, counter);
      code.repeat(counter, () => steps(1));
    } else {
      code.shiftRight(depth, Math.log2(unroll), counter);
      code.repeat(counter, () => steps(unroll));
      code.and(depth, unroll - 1, counter);
      code.repeat(counter, () => steps(1));
    }
    const store = (add: boolean): void => {
      pointers(code, c, cStep, at);
      for (const row of sums) {
        if (add) {
          for (const [n, sum] of row.entries()) {
            code.load(vectorAt(n), splat);
            code.addFloat(sum, splat, sum);
          }
        }
        // With no load between the stores, V8's revectorizer makes 256-bit instructions of the whole tile.
        for (const [n, sum] of row.entries()) {
          code.store(sum, vectorAt(n));
        }
        for (const address of at) {
          code.add(address, cStride, address);
        }
      }
    };
    code.ifNotZero(
      accumulate,
      () => store(true),
      () => store(false),
    );
    code.copy(at[0]!, c);
    code.multiply(aStride, rows, counter);
    code.add(a, counter, a);
  });
}

/** `rows[i] = base + i * stride` */
export function pointers(
  code: FunctionBuilder,
  base: Local<"i32">,
  stride: Local<"i32">,
  rows: readonly Local<"i32">[],
): void {
  let previous = base;
  for (const [index, row] of rows.entries()) {
    if (index === 0) {
      code.copy(base, row);
    } else {
      code.add(previous, stride, row);
    }
    previous = row;
  }
}
