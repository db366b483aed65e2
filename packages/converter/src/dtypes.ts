/** Element types under their names in safetensors files; every type of safetensors 0.8. */
export type WireDType =
  | "BOOL"
  | "F4"
  | "F6_E2M3"
  | "F6_E3M2"
  | "U8"
  | "I8"
  | "F8_E5M2"
  | "F8_E4M3"
  | "F8_E8M0"
  | "F8_E4M3FNUZ"
  | "F8_E5M2FNUZ"
  | "I16"
  | "U16"
  | "F16"
  | "BF16"
  | "I32"
  | "U32"
  | "F32"
  | "C64"
  | "F64"
  | "I64"
  | "U64";

/** Bits an element, in the order in which the reference sorts tensors (ascending alignment). */
const BITS: Readonly<Record<WireDType, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

export const WIRE_DTYPES = Object.keys(BITS) as readonly WireDType[];

export function isWireDType(value: unknown): value is WireDType {
  return typeof value === "string" && Object.hasOwn(BITS, value);
}

/** Bits that one element takes on the wire. */
export function bitsOf(dtype: WireDType): number {
  return BITS[dtype];
}

/** Position in the reference's sorting order. */
export function dtypeRank(dtype: WireDType): number {
  return WIRE_DTYPES.indexOf(dtype);
}

/**
 * The product of a shape.
 * @returns undefined when an axis is not a non-negative integer or the product is not exact.
 */
export function elementCount(shape: readonly unknown[]): number | undefined {
  let count = 1;
  let empty = false;
  for (const axis of shape) {
    if (typeof axis !== "number" || !Number.isSafeInteger(axis) || axis < 0) return undefined;
    if (axis === 0) empty = true;
    else count *= axis;
    if (!empty && !Number.isSafeInteger(count)) return undefined;
  }
  return empty ? 0 : count;
}

/**
 * Bytes that the values of a tensor take on the wire.
 * @returns undefined when the shape is impossible or the values of a sub-byte type do not fill whole bytes.
 */
export function byteLengthOf(dtype: WireDType, shape: readonly unknown[]): number | undefined {
  const count = elementCount(shape);
  if (count === undefined) return undefined;
  const bytes = (count * BITS[dtype]) / 8;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
