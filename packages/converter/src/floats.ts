/*
 * Floats that are narrower than 32 bits: widening by table or shift, narrowing to the nearest value with ties to even,
 * and out-of-range values as PyTorch's casts give them.
 */

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

let halfTable: Float32Array | undefined;

/** All 65,536 float16 values (IEEE 754 binary16) as float32. */
function halfValues(): Float32Array {
  if (halfTable) return halfTable;
  const bits = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) bits[half] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent !== 0) bits[half] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else {
      scratchFloat[0] = fraction * 2 ** -24;
      bits[half] = sign | scratchBits[0]!;
    }
  }
  halfTable = new Float32Array(bits.buffer);
  return halfTable;
}

/** Widens float16 to float32, exactly. */
export function widenHalf(source: Uint16Array, target: Float32Array): void {
  const table = new Uint32Array(halfValues().buffer);
  // Copied as bits: a float32 assignment may quiet a signalling NaN.
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i]!]!;
}

/** Widens bfloat16 (the upper half of a float32) to float32, exactly. */
export function widenBrain(source: Uint16Array, target: Float32Array): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
}

/** Rounds to float16; past the largest value it gives infinity. */
export function narrowToHalf(source: Float32Array | Float64Array, target: Uint16Array): void {
  for (let i = 0; i < source.length; i++) {
    scratchFloat[0] = source[i]!;
    const bits = scratchBits[0]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) target[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) target[i] = sign | 0x7c00;
    else if (magnitude < 0x38800000) {
      // Below the smallest normal float16: count steps of 2^-24, and let the float32 addition round them to even.
      scratchBits[0] = magnitude;
      scratchFloat[0] = scratchFloat[0]! + 0.5;
      target[i] = sign | (scratchBits[0]! - 0x3f000000);
    } else {
      const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
      target[i] = sign | (rounded >>> 13);
    }
  }
}

/** Rounds to bfloat16. */
export function narrowToBrain(source: Float32Array | Float64Array, target: Uint16Array): void {
  for (let i = 0; i < source.length; i++) {
    scratchFloat[0] = source[i]!;
    const bits = scratchBits[0]!;
    if ((bits & 0x7fffffff) > 0x7f800000) target[i] = 0x7fc0;
    else target[i] = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
}

/** A float of at most 8 bits: how its code words map to values. */
export interface SmallFloat {
  readonly bits: 4 | 6 | 8;
  /** The value of every code word. */
  readonly values: Float32Array;
  /** The code word of the nearest value. */
  encode(value: number): number;
}

interface SmallFloatLayout {
  readonly bits: 4 | 6 | 8;
  readonly fraction: number;
  readonly bias: number;
  /** "ieee": infinities and NaNs at the top; "finite": one NaN each sign at the top; "fnuz": one NaN where -0 would be; "none": neither. */
  readonly special: "ieee" | "finite" | "fnuz" | "none";
}

/** OCP 8-bit and microscaling formats (arXiv:2209.05433, arXiv:2310.10537) and the FNUZ variants (arXiv:2206.02915). */
const LAYOUTS = {
  F8_E5M2: { bits: 8, fraction: 2, bias: 15, special: "ieee" },
  F8_E4M3: { bits: 8, fraction: 3, bias: 7, special: "finite" },
  F8_E4M3FNUZ: { bits: 8, fraction: 3, bias: 8, special: "fnuz" },
  F8_E5M2FNUZ: { bits: 8, fraction: 2, bias: 16, special: "fnuz" },
  F6_E2M3: { bits: 6, fraction: 3, bias: 1, special: "none" },
  F6_E3M2: { bits: 6, fraction: 2, bias: 3, special: "none" },
  F4: { bits: 4, fraction: 1, bias: 1, special: "none" },
} as const satisfies Record<string, SmallFloatLayout>;

export type SmallFloatName = keyof typeof LAYOUTS | "F8_E8M0";

const made = new Map<SmallFloatName, SmallFloat>();

export function smallFloat(name: SmallFloatName): SmallFloat {
  let found = made.get(name);
  if (!found) {
    found = name === "F8_E8M0" ? exponentOnly() : withLayout(LAYOUTS[name]);
    made.set(name, found);
  }
  return found;
}

function withLayout(layout: SmallFloatLayout): SmallFloat {
  const { bits, fraction, bias, special } = layout;
  const signBit = 1 << (bits - 1);
  const steps = 1 << fraction;
  const values = new Float32Array(1 << bits);
  for (let code = 0; code < signBit; code++) {
    const exponent = code >> fraction;
    const rest = code & (steps - 1);
    const value =
      exponent === 0 ? rest * 2 ** (1 - bias - fraction) : (steps + rest) * 2 ** (exponent - bias - fraction);
    values[code] = value;
    values[code | signBit] = -value;
  }
  let largest = signBit - 1;
  let overflow = largest;
  let notANumber = 0;
  if (special === "ieee") {
    overflow = (signBit - 1) & ~(steps - 1);
    largest = overflow - 1;
    notANumber = signBit - 1;
    for (let code = overflow; code < signBit; code++) {
      values[code] = code === overflow ? Infinity : NaN;
      values[code | signBit] = code === overflow ? -Infinity : NaN;
    }
  } else if (special === "finite") {
    notANumber = signBit - 1;
    largest = notANumber - 1;
    // PyTorch saturates here, infinities included.
    overflow = largest;
    values[notANumber] = NaN;
    values[notANumber | signBit] = NaN;
  } else if (special === "fnuz") {
    notANumber = signBit;
    overflow = signBit;
    values[signBit] = NaN;
  }
  const top = values[largest]!;
  // Where rounding would reach the next step above the largest value; a tie goes to whichever of the two is even.
  const limit = top + (top - values[largest - 1]!) / 2;
  const encode = (value: number): number => {
    const sign = value < 0 || Object.is(value, -0) ? signBit : 0;
    if (Number.isNaN(value)) return notANumber;
    const magnitude = Math.abs(value);
    if (magnitude > limit || (magnitude === limit && (largest & 1) === 1)) {
      return special === "fnuz" ? overflow : overflow | sign;
    }
    let low = 0;
    let high = largest;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (values[middle]! <= magnitude) low = middle;
      else high = middle - 1;
    }
    if (low < largest) {
      const below = magnitude - values[low]!;
      const above = values[low + 1]! - magnitude;
      if (above < below || (above === below && (low & 1) === 1)) low++;
    }
    return low === 0 && special === "fnuz" ? 0 : low | sign;
  };
  return { bits, values, encode };
}

/** F8_E8M0: a bare power of two, 2^(code - 127), 255 is NaN. It has neither sign nor zero. */
function exponentOnly(): SmallFloat {
  const values = new Float32Array(256);
  for (let code = 0; code < 255; code++) values[code] = 2 ** (code - 127);
  values[255] = NaN;
  const encode = (value: number): number => {
    scratchFloat[0] = value;
    const bits = scratchBits[0]!;
    const exponent = (bits >>> 23) & 255;
    if (exponent === 255) return 255;
    const fraction = bits & 0x7fffff;
    // Half of a step rounds up where the exponent is odd in value, as PyTorch's cast does.
    const up = exponent === 0 ? fraction > 0x400000 : fraction > 0x400000 || (fraction === 0x400000 && exponent > 0);
    return Math.min(exponent + (up ? 1 : 0), 255);
  };
  return { bits: 8, values, encode };
}
