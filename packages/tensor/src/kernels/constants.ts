// Numbers that the kernels' definitions, their assembly, the emitter of tiles and the callers have to agree about. Both
// tsc and AssemblyScript read this file, so it holds nothing but numbers with AssemblyScript's types.
/// <reference path="./assemblyscript.d.ts" />

/** Columns of a panel of packed weights: two vectors of four. */
export const PANEL: usize = 8;
export const PANEL_BYTES: usize = PANEL << 2;
/** Zeros that sums start from: a wide tile has two panels. */
export const ZEROS_BYTES: usize = 2 * PANEL_BYTES;
/** Rows of the tallest tile. */
export const TILE: usize = 6;

/** Bytes of a line of the CPU's caches. */
export const CACHE_LINE: usize = 64;
/** Pages of 64 KiB of the largest memory, 4 GiB. */
export const MEMORY_PAGES: i32 = 65536;

/** Queries that attention works on together: their scores stay in the second-level cache. */
export const QUERIES: usize = 128;
/** Rows that are laid out at a time as panels, or transposed: a cache line of transposed elements. */
export const LAYOUT_ROWS: usize = 16;
/** Columns of a unit of the kernels that go down all rows: two cache lines. */
export const SUM_COLUMNS: usize = 32;
/** Columns of a unit of the depthwise kernel's gradient: a cache line. */
export const TAP_COLUMNS: usize = 16;

/** Words of a dropout in memory: the two of its seed, threshold, and scale (float32). */
export const DROPOUT_WORDS: usize = 4;
/** What multiplies in the mixing of dropout's bits ("lowbias32"). */
export const MIX_FIRST: i32 = 0x21f0aaad;
export const MIX_SECOND: i32 = 0x735a2d97;

/** Smaller means and variances of Adam become 0: a CPU is some 50 times slower with numbers below 1e-38. */
export const SMALLEST_MEAN: f32 = 1e-30;
export const SMALLEST_VARIANCE: f32 = 1e-36;

/** Element-wise operations of two operands. */
export const ADD: i32 = 0;
export const SUBTRACT: i32 = 1;
export const MULTIPLY: i32 = 2;

/** Activations. */
export const GELU: i32 = 0;
export const GELU_10: i32 = 1;
export const GELU_TANH: i32 = 2;
export const LAPLACE: i32 = 3;
export const MISH: i32 = 4;
export const QUICK_GELU: i32 = 5;
export const RELU: i32 = 6;
export const RELU2: i32 = 7;
export const RELU6: i32 = 8;
export const SIGMOID: i32 = 9;
export const SILU: i32 = 10;
export const TANH: i32 = 11;
/** Instead of an activation: none. */
export const NO_ACTIVATION: i32 = -1;
