import { bitsOf, type WireDType } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { NamedTensor, WriteOptions } from "../../types.js";
import { checkTensors, type SizedTensor, wireBytes } from "../../wire.js";
import { writeZip, type ZipInput } from "../../zip/write.js";
import { PickleWriter } from "./pickle-write.js";

/** Types that have a storage class of their own. */
const STORAGES: Partial<Record<WireDType, string>> = {
  F64: "DoubleStorage",
  F32: "FloatStorage",
  F16: "HalfStorage",
  BF16: "BFloat16Storage",
  I64: "LongStorage",
  I32: "IntStorage",
  I16: "ShortStorage",
  I8: "CharStorage",
  U8: "ByteStorage",
  BOOL: "BoolStorage",
  C64: "ComplexFloatStorage",
};

/** Newer types, which PyTorch keeps in untyped storages. */
const NEWER: Partial<Record<WireDType, string>> = {
  U16: "uint16",
  U32: "uint32",
  U64: "uint64",
  F8_E4M3: "float8_e4m3fn",
  F8_E5M2: "float8_e5m2",
  F8_E4M3FNUZ: "float8_e4m3fnuz",
  F8_E5M2FNUZ: "float8_e5m2fnuz",
  F8_E8M0: "float8_e8m0fnu",
};

/**
 * Writes a state dict as `torch.save` does (the zip layout), piece by piece; `torch.load(weights_only=True)` reads it.
 * Tensors with `tiedTo` share the storage of the tensor that they are tied to.
 * @throws WeightsError "unsupported" for element types that PyTorch has not (F4, F6), "mismatch" as the other writers.
 */
export async function* writePyTorch(
  tensors: Iterable<NamedTensor>,
  options: WriteOptions = {},
): AsyncGenerator<Uint8Array> {
  const checked = checkTensors(tensors);
  const keys = new Map<string, string>();
  const stored: SizedTensor[] = [];
  for (const tensor of checked) {
    if (tensor.tiedTo !== undefined) continue;
    keys.set(tensor.name, String(stored.length));
    stored.push(tensor);
  }
  const small = (name: string, bytes: Uint8Array): ZipInput => ({ name, size: bytes.length, chunks: () => [bytes] });
  const encoder = new TextEncoder();
  const inputs: ZipInput[] = [
    small("pytorch_model/data.pkl", pickle(checked, keys)),
    small("pytorch_model/byteorder", encoder.encode("little")),
    ...stored.map((tensor) => ({
      name: `pytorch_model/data/${keys.get(tensor.name)}`,
      size: tensor.byteLength,
      chunks: () => wireBytes(tensor, options.signal),
    })),
    small("pytorch_model/version", encoder.encode("3\n")),
  ];
  yield* writeZip(inputs);
}

/** `{name: _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())}`. */
function pickle(tensors: readonly SizedTensor[], keys: ReadonlyMap<string, string>): Uint8Array {
  const out = new PickleWriter().proto(2).op("}");
  for (const { name, dtype, shape, byteLength, tiedTo } of tensors) {
    const storage = STORAGES[dtype];
    const newer = NEWER[dtype];
    if (!storage && !newer) {
      const message = `${name}: PyTorch has no storage for ${dtype}; write safetensors, or another type`;
      throw new WeightsError("unsupported", message, { tensor: name });
    }
    out.text(name);
    out.global("torch._utils", storage ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3").op("(");
    out.op("(").text("storage");
    if (storage) out.global("torch", storage);
    else out.global("torch.storage", "UntypedStorage");
    out.text(keys.get(tiedTo ?? name)!).text("cpu");
    out.integer(storage ? (byteLength * 8) / bitsOf(dtype) : byteLength).op("tQ");
    out.integer(0).integers(shape).integers(rowMajorStrides(shape)).boolean(false);
    out.global("collections", "OrderedDict").op(")R");
    if (newer) out.global("torch", newer);
    out.op("tRs");
  }
  return out.finish();
}

function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(shape[axis]!, 1);
  }
  return strides;
}
