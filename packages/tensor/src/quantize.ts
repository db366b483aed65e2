/** Largest magnitude of quantised weights: symmetric, so that -128 is not used. */
export const INT8_LIMIT = 127;

/**
 * One row of weights to int8, `q = round(w / scale)` with `scale = max|w| / 127`; returns the scale. A row of zeros has
 * the scale 0. NaN and infinities make the scale, and so every product with the row, NaN or infinite.
 */
export function quantizeRow(
  values: Float32Array,
  start: number,
  size: number,
  store: (index: number, q: number) => void,
): number {
  let largest = 0;
  for (let i = start; i < start + size; i++) {
    const magnitude = Math.abs(values[i]!);
    // Not "greater": a NaN must get through.
    if (!(magnitude <= largest)) {
      largest = magnitude;
    }
  }
  const scale = Math.fround(largest / INT8_LIMIT);
  const factor = scale > 0 && Number.isFinite(scale) ? 1 / scale : 0;
  for (let i = 0; i < size; i++) {
    store(i, Math.max(-INT8_LIMIT, Math.min(INT8_LIMIT, Math.round(values[start + i]! * factor))));
  }
  return scale;
}
