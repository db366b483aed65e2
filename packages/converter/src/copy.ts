import { bitsOf, type WireDType } from "./dtypes.js";
import { toFloat32 } from "./elements.js";
import type { NamedTensor, TensorInfo, TypedArray, WeightsReader } from "./types.js";

export interface CopyOptions {
  /** Element type that floats of another width are converted to, as "F16"; integers and booleans stay what they are. */
  readonly floatDType?: "F64" | "F32" | "F16" | "BF16";
  /** New name of a tensor, or undefined to leave it out. */
  readonly rename?: (name: string) => string | undefined;
}

const FLOATS: readonly WireDType[] = ["F64", "F32", "F16", "BF16", "F8_E5M2", "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2FNUZ"];

/**
 * The tensors of an open checkpoint, to be written again: values pass through piece by piece, bytes unchanged unless
 * `floatDType` says otherwise, and ties are kept.
 */
export function tensorsOf(reader: WeightsReader, options: CopyOptions = {}): NamedTensor[] {
  const { floatDType, rename = (name: string) => name } = options;
  const copies: NamedTensor[] = [];
  for (const info of reader.tensors.values()) {
    const name = rename(info.name);
    if (name === undefined) continue;
    const dtype = floatDType && FLOATS.includes(info.dtype) ? floatDType : info.dtype;
    const tiedTo = info.tiedTo === undefined ? undefined : rename(info.tiedTo);
    const data = () => (dtype === info.dtype ? reader.bytes(info.name) : floatPieces(reader, info));
    copies.push({ name, dtype, shape: info.shape, data, ...(tiedTo === undefined ? {} : { tiedTo }) });
  }
  return copies;
}

/** Float64 keeps its precision until it is rounded once. */
async function* floatPieces(reader: WeightsReader, info: TensorInfo): AsyncGenerator<Float32Array | Float64Array> {
  for await (const piece of reader.bytes(info.name)) {
    if (info.dtype === "F64") {
      const aligned = piece.byteOffset % 8 === 0 ? piece : piece.slice();
      yield new Float64Array(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / 8);
    } else yield toFloat32(piece, info.dtype, new Float32Array((piece.length * 8) / bitsOf(info.dtype)));
  }
}

/** A tensor in memory, to be written. `dtype` is what its array holds unless given. */
export function namedTensor(
  name: string,
  values: TypedArray,
  shape: readonly number[],
  dtype?: WireDType,
): NamedTensor {
  return { name, shape, dtype: dtype ?? ownDType(values), data: () => values };
}

function ownDType(values: TypedArray): WireDType {
  switch (values.constructor) {
    case Float64Array:
      return "F64";
    case Int8Array:
      return "I8";
    case Uint8Array:
      return "U8";
    case Int16Array:
      return "I16";
    case Uint16Array:
      return "U16";
    case Int32Array:
      return "I32";
    case Uint32Array:
      return "U32";
    case BigInt64Array:
      return "I64";
    case BigUint64Array:
      return "U64";
    default:
      return "F32";
  }
}
