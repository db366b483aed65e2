import { byteLengthOf } from "./dtypes.js";
import { toWire } from "./elements.js";
import { WeightsError } from "./errors.js";
import type { NamedTensor, TypedArray } from "./types.js";

/** A tensor to be written, checked, with its length. */
export interface SizedTensor extends NamedTensor {
  readonly byteLength: number;
}

/**
 * Checks names and shapes before anything is written.
 * @throws WeightsError "mismatch" for a repeated or empty name, an impossible shape, or a tie to nothing.
 */
export function checkTensors(tensors: Iterable<NamedTensor>): SizedTensor[] {
  const checked: SizedTensor[] = [];
  const names = new Map<string, SizedTensor>();
  for (const tensor of tensors) {
    const { name, dtype, shape, tiedTo } = tensor;
    const fail = (message: string): never => {
      throw new WeightsError("mismatch", `${name || "a tensor"} ${message}`, { tensor: name });
    };
    if (name === "" || name === "__metadata__") fail("cannot have that name");
    if (names.has(name)) fail("is given twice");
    const byteLength = byteLengthOf(dtype, shape) ?? fail(`has the impossible ${dtype} shape [${shape}]`);
    const sized: SizedTensor = {
      name,
      dtype,
      shape,
      byteLength,
      data: () => tensor.data(),
      ...(tiedTo === undefined ? {} : { tiedTo }),
    };
    names.set(name, sized);
    checked.push(sized);
  }
  for (const { name, tiedTo, dtype, byteLength } of checked) {
    if (tiedTo === undefined) continue;
    const other = names.get(tiedTo);
    if (!other || other.tiedTo !== undefined || other.dtype !== dtype || other.byteLength !== byteLength) {
      throw new WeightsError("mismatch", `${name} is tied to ${tiedTo}, which is not a like tensor of the same list`, {
        tensor: name,
      });
    }
  }
  return checked;
}

/** The bytes of one tensor on the wire, piece by piece; exactly as many as its shape says. */
export async function* wireBytes(tensor: SizedTensor, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const data = await tensor.data();
  const pieces = ArrayBuffer.isView(data) ? [data as TypedArray] : data;
  let written = 0;
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    const bytes = toWire(piece, tensor.dtype, tensor.name);
    written += bytes.length;
    if (written > tensor.byteLength) break;
    yield bytes;
  }
  if (written !== tensor.byteLength) {
    const { name, dtype, shape, byteLength } = tensor;
    const message = `${name} gave ${written} bytes, but ${dtype} [${shape}] needs ${byteLength}`;
    throw new WeightsError("mismatch", message, { tensor: name });
  }
}
