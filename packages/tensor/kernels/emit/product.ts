import type { FunctionBuilder, Local, ModuleBuilder } from "./builder.ts";

/** How tiles of float32 products are laid out. */
export interface ProductLayout {
  /** Rows of the tallest tile; shorter ones are made down to 1. */
  readonly rows: number;
  /** `relaxed_madd`, or a product and a sum. */
  readonly relaxed: boolean;
  /** Steps of the inner dimension in one turn of the loop. */
  readonly unroll: number;
}

/** Columns of a tile and of a panel of packed weights. */
export const PANEL = 8;
const VECTORS = PANEL / 4;

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
 * Each element is one chain of sums in the order of the inner dimension, whatever the tile, so a result does not
 * depend on which rows share a tile.
 */
export function emitTiles(module: ModuleBuilder, layout: ProductLayout): void {
  for (let rows = 1; rows <= layout.rows; rows++) {
    module.function(`tile${rows}`, (code) => tile(code, rows, layout));
  }
}

function tile(code: FunctionBuilder, rows: number, { relaxed, unroll }: ProductLayout): void {
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
  const aRows = code.locals("i32", rows);
  const bAt = code.local("i32");
  const counter = code.local("i32");
  const sums = Array.from({ length: rows }, () => code.locals("v128", VECTORS));
  const weights = code.locals("v128", VECTORS);
  const splat = code.local("v128");

  const steps = (count: number): void => {
    code.touch(ahead);
    code.add(ahead, aheadStep, ahead);
    for (let step = 0; step < count; step++) {
      for (const [n, weight] of weights.entries()) {
        code.load({ address: bAt, offset: (step * VECTORS + n) * 16 }, weight);
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
    code.add(bAt, count * PANEL * 4, bAt);
  };

  code.repeat(tiles, () => {
    code.copy(b, bAt);
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
      code.copy(c, bAt);
      for (const row of sums) {
        if (add) {
          for (const [n, sum] of row.entries()) {
            code.load({ address: bAt, offset: n * 16 }, splat);
            code.addFloat(sum, splat, sum);
          }
        }
        // With no load between the stores, V8's revectorizer makes 256-bit instructions of the whole tile.
        for (const [n, sum] of row.entries()) {
          code.store(sum, { address: bAt, offset: n * 16 });
        }
        code.add(bAt, cStride, bAt);
      }
    };
    code.ifNotZero(
      accumulate,
      () => store(true),
      () => store(false),
    );
    code.copy(bAt, c);
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
