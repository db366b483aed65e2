/** Largest magnitude of quantised weights: symmetric, so that -128 is not used. */
export const INT8_LIMIT = 127;

/**
 * The scale of a row of weights, `max|w| / 127`: 0 for a row of zeros, NaN or infinite where a weight is, so that every
 * product with the row is too.
 */
export function rowScale(values: Float32Array, start: number, size: number): number {
  let largest = 0;
  for (let i = start; i < start + size; i++) {
    const magnitude = Math.abs(values[i]!);
    // Not "greater": a NaN must get through.
    if (!(magnitude <= largest)) {
      largest = magnitude;
    }
  }
  return Math.fround(largest / INT8_LIMIT);
}

/** What a weight is multiplied by before it is rounded. */
export function scaleFactor(scale: number): number {
  return scale > 0 && Number.isFinite(scale) ? 1 / scale : 0;
}

/** `round(w / scale)`, within the limits whatever rounding does to the largest weight. */
export function quantise(weight: number, factor: number): number {
  return Math.max(-INT8_LIMIT, Math.min(INT8_LIMIT, Math.round(weight * factor)));
}
