import { all, largest } from "./vector";

/**
 * Rows to 8-bit integers with a scale each: `q = round(x / scale) + offset`, `scale = max|x| / limit`. `groupBytes` is 4
 * in every layout: four bytes, or two 16-bit integers where `wide`; the last group is filled up with zeros. Strides are
 * in bytes, `begin` and `end` count rows.
 */
export function quantizeRows(
  input: usize,
  inputStride: usize,
  output: usize,
  outputStride: usize,
  scales: usize,
  columns: usize,
  limit: f32,
  offset: i32,
  wide: i32,
  begin: usize,
  end: usize,
): void {
  const whole = (columns & ~3) << 2;
  const bytes = columns << 2;
  const shift = i32x4.splat(offset);
  for (let row = begin; row < end; row++) {
    const from = input + row * inputStride;
    let to = output + row * outputStride;
    let top = all(0.0);
    let at: usize = 0;
    for (; at < whole; at += 16) top = f32x4.max(top, f32x4.abs(v128.load(from + at)));
    let most = largest(top);
    for (; at < bytes; at += 4) most = max(most, abs(load<f32>(from + at)));
    store<f32>(scales + (row << 2), most / limit);
    const factor = all(most == 0 ? <f32>0.0 : limit / most);
    for (at = 0; at < whole; at += 16) {
      const q = quantized(v128.load(from + at), factor, shift);
      const narrow = i16x8.narrow_i32x4_s(q, q);
      if (wide) {
        v128.store64_lane(to, narrow, 0);
        to += 8;
      } else {
        // Values above 127 are kept as bits, so the narrowing must be the unsigned one where there is an offset.
        const packed = offset ? i8x16.narrow_i16x8_u(narrow, narrow) : i8x16.narrow_i16x8_s(narrow, narrow);
        v128.store32_lane(to, packed, 0);
        to += 4;
      }
    }
    if (at < bytes) {
      if (wide) store<u64>(to, 0);
      else store<u32>(to, 0);
      for (; at < bytes; at += 4) {
        const q = i32x4.extract_lane(quantized(v128.load32_zero(from + at), factor, shift), 0);
        if (wide) {
          store<i16>(to, <i16>q);
          to += 2;
        } else {
          store<u8>(to, <u8>q);
          to += 1;
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function quantized(x: v128, factor: v128, shift: v128): v128 {
  return i32x4.add(i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, factor))), shift);
}
