import { PANEL } from "../constants.ts";
import type { FunctionBuilder, Local } from "./builder.ts";
import type { ModuleBuilder } from "./module.ts";
import { pointers, tileKinds, tileName } from "./product.ts";

/**
 * What multiplies: `relaxed_dot` over groups of four bytes; relaxed dot products of pairs of bytes, summed in 16 bits, for
 * activations of 7 bits; `dot_i16x8_s` over pairs of 16-bit integers.
 */
export type Int8Dot = "groups" | "pairs" | "shorts";

/** How tiles of int8 products are laid out. */
export interface Int8Layout {
  /** Rows of the tallest tile; shorter ones are made down to 1. */
  readonly rows: number;
  readonly dot: Int8Dot;
  /** Whether there are tiles of two panels: engines that gain have relaxed SIMD. */
  readonly wide: boolean;
}

const VECTORS = PANEL / 4;

/**
 * Adds `int8Tile1` ... `int8TileN` (N = `layout.rows`): each computes a column of `tiles` tiles, one below the other, of
 * M rows and 8 columns, `c = (start + a · b) * weightScale * rowScale + bias`, sums in 32-bit integers:
 *
 * `int8TileM(a, aStride, b, groups, start, weightScales, rowScales, bias, c, cStride, tiles, ahead, aheadStep)`
 * - `a`: M · tiles rows of quantised activations, `aStride` bytes apart, `groups` groups of 4 bytes each;
 * - `b`: a panel `[groups][8][4]` of bytes (`shorts`: `[groups][8][2]`; `pairs`: an even number of groups, behind them a
 *   byte for every two: not 0 where sums of both could exceed 16 bits);
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
  for (const { panels, prefix } of tileKinds(layout.wide)) {
    for (let rows = 1; rows <= layout.rows; rows++) {
      module.function(tileName(prefix, "int8Tile", rows), (code) => tile(code, rows, panels, layout.dot));
    }
  }
}

/** What the steps along the inner dimension work on; addresses move with them. */
interface Steps {
  /** Where each row of the activations, and each panel, is. */
  readonly a: readonly Local<"i32">[];
  readonly b: readonly Local<"i32">[];
  /** A row's sums, for each row. */
  readonly sums: readonly (readonly Local<"v128">[])[];
  readonly groups: Local<"i32">;
  readonly counter: Local<"i32">;
  readonly ahead: Local<"i32">;
  readonly aheadStep: Local<"i32">;
}

function tile(code: FunctionBuilder, rows: number, panels: number, dot: Int8Dot): void {
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
  const [scale, splat] = [code.local("v128"), code.local("v128")];
  const steps = { a: aRows, b: bAt, sums, groups, counter, ahead, aheadStep };
  const run = dot === "pairs" ? pairSteps(code, steps) : groupSteps(code, steps, dot);

  code.repeat(tiles, () => {
    pointers(code, b, bStep, bAt);
    pointers(code, a, aStride, aRows);
    for (const [n, sum] of sums[0]!.entries()) {
      code.load({ address: start, offset: n * 16 }, sum);
      for (const row of sums.slice(1)) {
        code.copy(sum, row[n]!);
      }
    }
    run();
    for (const [m, row] of sums.entries()) {
      code.loadSplat({ address: rowScales, offset: m * 4 }, splat);
      for (const [n, sum] of row.entries()) {
        code.toFloat(sum, sum);
        code.load({ address: weightScales, offset: n * 16 }, scale);
        code.multiplyFloat(sum, scale, sum);
        code.multiplyFloat(sum, splat, sum);
        code.load({ address: bias, offset: n * 16 }, scale);
        code.addFloat(sum, scale, sum);
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

/** A group at a time, sums in 32 bits. */
function groupSteps(code: FunctionBuilder, steps: Steps, dot: "groups" | "shorts"): () => void {
  const { a, b, sums, groups, counter, ahead, aheadStep } = steps;
  const weights = code.locals("v128", b.length * VECTORS);
  const splat = code.local("v128");
  const vectorBytes = dot === "groups" ? 16 : 8;
  return () => {
    code.copy(groups, counter);
    code.repeat(counter, () => {
      code.touch(ahead);
      code.add(ahead, aheadStep, ahead);
      for (const [n, weight] of weights.entries()) {
        const from = { address: b[Math.floor(n / VECTORS)]!, offset: (n % VECTORS) * vectorBytes };
        if (dot === "groups") {
          code.load(from, weight);
        } else {
          code.loadBytes(from, weight);
        }
      }
      for (const [m, row] of sums.entries()) {
        code.loadSplat({ address: a[m]! }, splat);
        for (const [n, sum] of row.entries()) {
          if (dot === "groups") {
            code.dotAdd8(weights[n]!, splat, sum);
          } else {
            code.dotAdd16(weights[n]!, splat, sum);
          }
        }
      }
      advance(code, a, 4);
      advance(code, b, VECTORS * vectorBytes);
    });
  };
}

/**
 * Two groups at a time. CPUs without a dot product of four bytes multiply in two steps, pairs of bytes to 16 bits and
 * pairs of those to 32: sums of two groups in 16 bits make three such multiplications of four.
 */
function pairSteps(code: FunctionBuilder, steps: Steps): () => void {
  const { a, b, sums, groups, counter, ahead, aheadStep } = steps;
  const first = code.locals("v128", b.length * VECTORS);
  const second = code.locals("v128", b.length * VECTORS);
  const [firstSplat, secondSplat] = [code.local("v128"), code.local("v128")];
  const firstDots = code.locals("v128", b.length * VECTORS);
  const secondDots = code.locals("v128", b.length * VECTORS);
  const ones = code.local("v128");
  const flagsAt = code.locals("i32", b.length);
  const flags = code.locals("i32", b.length);
  const groupBytes = VECTORS * 16;

  const multiply = (fits: boolean): void => {
    for (const [m, row] of sums.entries()) {
      code.loadSplat({ address: a[m]! }, firstSplat);
      code.loadSplat({ address: a[m]!, offset: 4 }, secondSplat);
      for (const [n, sum] of row.entries()) {
        const [one, other] = [firstDots[n]!, secondDots[n]!];
        code.dotPairs8(first[n]!, firstSplat, one);
        code.dotPairs8(second[n]!, secondSplat, other);
        if (fits) {
          code.addShorts(one, other, one);
        } else {
          code.dotAdd16(other, ones, sum);
        }
        code.dotAdd16(one, ones, sum);
      }
    }
  };
  return () => {
    code.shorts(1, ones);
    for (const [panel, at] of flagsAt.entries()) {
      code.multiply(groups, groupBytes, at);
      code.add(at, b[panel]!, at);
    }
    code.shiftRight(groups, 1, counter);
    code.repeat(counter, () => {
      code.touch(ahead);
      code.add(ahead, aheadStep, ahead);
      code.add(ahead, aheadStep, ahead);
      for (const [n, weight] of first.entries()) {
        const address = b[Math.floor(n / VECTORS)]!;
        code.load({ address, offset: (n % VECTORS) * 16 }, weight);
        code.load({ address, offset: groupBytes + (n % VECTORS) * 16 }, second[n]!);
      }
      for (const [panel, flag] of flags.entries()) {
        code.loadByte(flagsAt[panel]!, flag);
        if (panel > 0) {
          code.or(flags[0]!, flag, flags[0]!);
        }
      }
      code.ifNotZero(
        flags[0]!,
        () => multiply(false),
        () => multiply(true),
      );
      advance(code, a, 8);
      advance(code, b, 2 * groupBytes);
      advance(code, flagsAt, 1);
    });
  };
}

function advance(code: FunctionBuilder, addresses: readonly Local<"i32">[], bytes: number): void {
  for (const address of addresses) {
    code.add(address, bytes, address);
  }
}
