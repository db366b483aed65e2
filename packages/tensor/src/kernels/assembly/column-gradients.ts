import { PANEL, PANEL_BYTES, SUM_COLUMNS } from "../constants";
import { all } from "./vector";

// Kernels of training that go down all rows, in units of SUM_COLUMNS columns; strides are in bytes.

/** Rows that are summed before their sum joins the others', which keeps long sums exact. */
const ROWS: usize = 64;

/** Units `begin` to `end` of 32 columns: `gradient[c] += Σ_r input[r, c]`. */
export function sumRows(
  input: usize,
  inputStride: usize,
  rows: usize,
  columns: usize,
  gradient: usize,
  begin: usize,
  end: usize,
): void {
  const first = (begin * SUM_COLUMNS) << 2;
  const last = min(end * SUM_COLUMNS, columns) << 2;
  let at = first;
  for (; at + 64 <= last; at += 64) {
    let t0 = all(0.0);
    let t1 = all(0.0);
    let t2 = all(0.0);
    let t3 = all(0.0);
    for (let block: usize = 0; block < rows; block += ROWS) {
      const until = min(block + ROWS, rows);
      let s0 = all(0.0);
      let s1 = all(0.0);
      let s2 = all(0.0);
      let s3 = all(0.0);
      let x = input + block * inputStride + at;
      for (let row = block; row < until; row++) {
        s0 = f32x4.add(s0, v128.load(x));
        s1 = f32x4.add(s1, v128.load(x, 16));
        s2 = f32x4.add(s2, v128.load(x, 32));
        s3 = f32x4.add(s3, v128.load(x, 48));
        x += inputStride;
      }
      t0 = f32x4.add(t0, s0);
      t1 = f32x4.add(t1, s1);
      t2 = f32x4.add(t2, s2);
      t3 = f32x4.add(t3, s3);
    }
    const to = gradient + at;
    v128.store(to, f32x4.add(v128.load(to), t0));
    v128.store(to, f32x4.add(v128.load(to, 16), t1), 16);
    v128.store(to, f32x4.add(v128.load(to, 32), t2), 32);
    v128.store(to, f32x4.add(v128.load(to, 48), t3), 48);
  }
  for (; at < last; at += 4) {
    let total: f32 = 0;
    for (let block: usize = 0; block < rows; block += ROWS) {
      const until = min(block + ROWS, rows);
      let partial: f32 = 0;
      for (let row = block; row < until; row++) partial += load<f32>(input + row * inputStride + at);
      total += partial;
    }
    store<f32>(gradient + at, load<f32>(gradient + at) + total);
  }
}

/** Units `begin` to `end` of 32 columns: `gradient[indices[i]] += outputGradient[i]` for all rows, in order. */
export function scatterRows(
  outputGradient: usize,
  outputGradientStride: usize,
  rows: usize,
  columns: usize,
  indices: usize,
  skip: i32,
  gradient: usize,
  gradientStride: usize,
  begin: usize,
  end: usize,
): void {
  const first = (begin * SUM_COLUMNS) << 2;
  const last = min(end * SUM_COLUMNS, columns) << 2;
  const whole = first + ((last - first) & ~15);
  for (let row: usize = 0; row < rows; row++) {
    const index = load<i32>(indices + (row << 2));
    if (index == skip) continue;
    const dy = outputGradient + row * outputGradientStride;
    const to = gradient + <usize>index * gradientStride;
    let at = first;
    for (; at < whole; at += 16) v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(dy + at)));
    for (; at < last; at += 4) store<f32>(to + at, load<f32>(to + at) + load<f32>(dy + at));
  }
}

/** The same into panels `[panel][column][8]`, `columns` of them in all. */
export function scatterPackedRows(
  outputGradient: usize,
  outputGradientStride: usize,
  rows: usize,
  columns: usize,
  indices: usize,
  skip: i32,
  gradient: usize,
  begin: usize,
  end: usize,
): void {
  const first = begin * SUM_COLUMNS;
  const last = min(end * SUM_COLUMNS, columns);
  for (let row: usize = 0; row < rows; row++) {
    const index = load<i32>(indices + (row << 2));
    if (index == skip) continue;
    const dy = outputGradient + row * outputGradientStride;
    const lane = <usize>index & (PANEL - 1);
    const to = gradient + (((<usize>index - lane) * columns) << 2) + (lane << 2);
    for (let column = first; column < last; column++) {
      const at = to + column * PANEL_BYTES;
      store<f32>(at, load<f32>(at) + load<f32>(dy + (column << 2)));
    }
  }
}
