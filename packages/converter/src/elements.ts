import { bitsOf, type WireDType } from "./dtypes.js";
import { WeightsError } from "./errors.js";
import { narrowToBrain, narrowToHalf, type SmallFloatName, smallFloat, widenBrain, widenHalf } from "./floats.js";
import { roomFor } from "./room.js";
import type { TypedArray } from "./types.js";

/*
 * Bytes on the wire <-> typed arrays. The wire is little-endian, and so is every platform with WebAssembly, so arrays
 * are views wherever the bytes are aligned.
 */

/** Elements that make about 1 MB of float32; a multiple of 8, so that sub-byte types end at a byte. */
export const CHUNK_ELEMENTS = 1 << 18;

const NATIVE = {
  BOOL: Uint8Array,
  U8: Uint8Array,
  I8: Int8Array,
  I16: Int16Array,
  U16: Uint16Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I32: Int32Array,
  U32: Uint32Array,
  F32: Float32Array,
  C64: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
} as const;

type NativeDType = keyof typeof NATIVE;

function isNative(dtype: WireDType): dtype is NativeDType {
  return Object.hasOwn(NATIVE, dtype);
}

/** A view of `bytes` as the array type that holds `dtype`; a copy only where they are not aligned. */
function view<D extends NativeDType>(bytes: Uint8Array, dtype: D): InstanceType<(typeof NATIVE)[D]> {
  const Kind = NATIVE[dtype];
  const aligned = bytes.byteOffset % Kind.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  const length = aligned.byteLength / Kind.BYTES_PER_ELEMENT;
  return new Kind(aligned.buffer as ArrayBuffer, aligned.byteOffset, length) as InstanceType<(typeof NATIVE)[D]>;
}

/** The values as a typed array of their own kind; see `WeightsReader.read`. */
export function toTypedArray(bytes: Uint8Array, dtype: WireDType): TypedArray {
  if (isNative(dtype) && dtype !== "F16" && dtype !== "BF16") return view(bytes, dtype);
  const values = roomFor((bytes.length * 8) / bitsOf(dtype), (length) => new Float32Array(length));
  toFloat32(bytes, dtype, values);
  return values;
}

/**
 * Converts to float32 into `target`, which has room for each element.
 * @returns `target`, or a view of `bytes` where they are float32 and aligned already.
 */
export function toFloat32(bytes: Uint8Array, dtype: WireDType, target: Float32Array): Float32Array {
  switch (dtype) {
    case "F32":
      return view(bytes, dtype);
    case "F16":
      widenHalf(view(bytes, dtype), target);
      return target;
    case "BF16":
      widenBrain(view(bytes, dtype), target);
      return target;
    case "I64":
    case "U64": {
      const values = view(bytes, dtype);
      for (let i = 0; i < values.length; i++) target[i] = Number(values[i]);
      return target;
    }
    case "C64":
      throw new WeightsError("unsupported", "complex values cannot be read as float32; use read()");
    case "BOOL":
    case "U8":
    case "I8":
    case "I16":
    case "U16":
    case "I32":
    case "U32":
    case "F64":
      target.set(view(bytes, dtype) as Exclude<TypedArray, BigInt64Array | BigUint64Array>);
      return target;
    default:
      unpackSmall(bytes, dtype, target);
      return target;
  }
}

/** Codes narrower than a byte are packed from the low bits up, as PyTorch's float4_e2m1fn_x2 has them. */
function unpackSmall(bytes: Uint8Array, dtype: SmallFloatName, target: Float32Array): void {
  const { bits, values } = smallFloat(dtype);
  if (bits === 8) {
    for (let i = 0; i < bytes.length; i++) target[i] = values[bytes[i]!]!;
    return;
  }
  const mask = (1 << bits) - 1;
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    held |= bytes[i]! << heldBits;
    heldBits += 8;
    while (heldBits >= bits) {
      target[at++] = values[held & mask]!;
      held >>= bits;
      heldBits -= bits;
    }
  }
}

function packSmall(source: Float32Array | Float64Array, dtype: SmallFloatName, tensor: string): Uint8Array {
  const { bits, encode } = smallFloat(dtype);
  if ((source.length * bits) % 8 !== 0) {
    throw new WeightsError("mismatch", `${tensor}: pieces of ${dtype} values must fill whole bytes`, { tensor });
  }
  const bytes = new Uint8Array((source.length * bits) / 8);
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (let i = 0; i < source.length; i++) {
    held |= encode(source[i]!) << heldBits;
    heldBits += bits;
    while (heldBits >= 8) {
      bytes[at++] = held & 255;
      held >>= 8;
      heldBits -= 8;
    }
  }
  return bytes;
}

/**
 * The bytes on the wire of one piece of a tensor; see `NamedTensor.data` for which arrays go with which type.
 * @throws WeightsError "mismatch" for an array of another kind.
 */
export function toWire(values: TypedArray, dtype: WireDType, tensor: string): Uint8Array {
  const raw = () => new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
  if (values instanceof Uint8Array) return values;
  if (isNative(dtype) && dtype !== "F16" && dtype !== "BF16" && values instanceof NATIVE[dtype]) return raw();
  if (values instanceof Float32Array || values instanceof Float64Array) {
    switch (dtype) {
      case "F32":
        return toWire(Float32Array.from(values), dtype, tensor);
      case "F64":
        return toWire(Float64Array.from(values), dtype, tensor);
      case "F16":
      case "BF16": {
        const narrowed = new Uint16Array(values.length);
        (dtype === "F16" ? narrowToHalf : narrowToBrain)(values, narrowed);
        return new Uint8Array(narrowed.buffer);
      }
      case "F4":
      case "F6_E2M3":
      case "F6_E3M2":
      case "F8_E5M2":
      case "F8_E4M3":
      case "F8_E8M0":
      case "F8_E4M3FNUZ":
      case "F8_E5M2FNUZ":
        return packSmall(values, dtype, tensor);
    }
  }
  const kind = values.constructor.name;
  throw new WeightsError("mismatch", `${tensor}: a ${kind} cannot be written as ${dtype}`, { tensor });
}
