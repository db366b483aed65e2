import type { FunctionBuilder, ModuleBuilder } from "./builder.ts";
import { PANEL, pointers, tileKinds, tileName } from "./product.ts";

/** How tiles of int8 products are laid out. */
export interface Int8Layout {
  /** Rows of the tallest tile; shorter ones are made down to 1. */
  readonly rows: number;
  /**
   * Relaxed: `relaxed_dot` over groups of four bytes. Otherwise `dot_i16x8_s` over pairs: weights are widened as they are
   * loaded, activations are stored with 16 bits.
   */
  readonly relaxed: boolean;
}

const VECTORS = PANEL / 4;

/**
 * Adds `int8Tile1` ... `int8TileN` (N = `layout.rows`): each computes a column of `tiles` tiles, one below the other, of
 * M rows and 8 columns, `c = (start + a · b) * weightScale * rowScale + bias`, sums in 32-bit integers:
 *
 * `int8TileM(a, aStride, b, groups, start, weightScales, rowScales, bias, c, cStride, tiles, ahead, aheadStep)`
 * - `a`: M · tiles rows of quantised activations, `aStride` bytes apart, `groups` groups of 4 bytes each;
 * - `b`: a panel `[groups][8][4]` of bytes (`[groups][8][2]` where not relaxed);
 * - `start`: 8 int32, what corrects an offset of the activations;
 * - `weightScales`, `bias`: 8 float32; `rowScales`: one float32 a row;
 * - `c`: float32 rows `cStride` bytes apart;
 * - `ahead`, `aheadStep`: as for `tileM`;
 *
 * and `wideInt8Tile1` ... `wideInt8TileN` of two panels, 16 columns side by side in `c`:
 *
 * `wideInt8TileM(..., aheadStep, bStep)`
 * - `bStep`: bytes from a panel to the next one; `start`, `weightScales` and `bias` have 16 elements.
 */
export function emitInt8Tiles(module: ModuleBuilder, layout: Int8Layout): void {
  for (const { panels, prefix } of tileKinds(layout.relaxed)) {
    for (let rows = 1; rows <= layout.rows; rows++) {
      module.function(tileName(prefix, "int8Tile", rows), (code) => tile(code, rows, panels, layout.relaxed));
    }
  }
}

function tile(code: FunctionBuilder, rows: number, panels: number, relaxed: boolean): void {
  const a = code.parameter();
  const aStride = code.parameter();
  const b = code.parameter();
  const groups = code.parameter();
  const start = code.parameter();
  const weightScales = code.parameter();
  const rowScales = code.parameter();
  const bias = code.parameter();
  const c = code.parameter();
  const cStride = code.parameter();
  const tiles = code.parameter();
  const ahead = code.parameter();
  const aheadStep = code.parameter();
  const bStep = panels > 1 ? code.parameter() : aheadStep;
  const aRows = code.locals("i32", rows);
  const bAt = code.locals("i32", panels);
  const counter = code.local("i32");
  const sums = Array.from({ length: rows }, () => code.locals("v128", panels * VECTORS));
  const weights = code.locals("v128", panels * VECTORS);
  const splat = code.local("v128");
  const vectorBytes = relaxed ? 16 : 8;

  code.repeat(tiles, () => {
    pointers(code, b, bStep, bAt);
    pointers(code, a, aStride, aRows);
    for (const [n, sum] of sums[0]!.entries()) {
      code.load({ address: start, offset: n * 16 }, sum);
      for (const row of sums.slice(1)) {
        code.copy(sum, row[n]!);
      }
    }
    code.copy(groups, counter);
    code.repeat(counter, () => {
      code.touch(ahead);
      code.add(ahead, aheadStep, ahead);
      for (const [n, weight] of weights.entries()) {
        const from = { address: bAt[Math.floor(n / VECTORS)]!, offset: (n % VECTORS) * vectorBytes };
        if (relaxed) {
          code.load(from, weight);
        } else {
          code.loadBytes(from, weight);
        }
      }
      for (const [m, row] of sums.entries()) {
        code.loadSplat({ address: aRows[m]! }, splat);
        for (const [n, sum] of row.entries()) {
          if (relaxed) {
            code.dotAdd8(weights[n]!, splat, sum);
          } else {
            code.dotAdd16(weights[n]!, splat, sum);
          }
        }
      }
      for (const address of aRows) {
        code.add(address, 4, address);
      }
      for (const address of bAt) {
        code.add(address, VECTORS * vectorBytes, address);
      }
    });
    for (const [m, row] of sums.entries()) {
      code.loadSplat({ address: rowScales, offset: m * 4 }, splat);
      for (const [n, sum] of row.entries()) {
        code.toFloat(sum, sum);
        code.load({ address: weightScales, offset: n * 16 }, weights[0]!);
        code.multiplyFloat(sum, weights[0]!, sum);
        code.multiplyFloat(sum, splat, sum);
        code.load({ address: bias, offset: n * 16 }, weights[1]!);
        code.addFloat(sum, weights[1]!, sum);
      }
      // With no load between the stores, V8's revectorizer makes 256-bit instructions of the whole tile.
      for (const [n, sum] of row.entries()) {
        code.store(sum, { address: c, offset: n * 16 });
      }
      code.add(c, cStride, c);
    }
    code.add(rowScales, rows * 4, rowScales);
    code.multiply(aStride, rows, counter);
    code.add(a, counter, a);
  });
}
