import { dtypeRank } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { NamedTensor, WriteOptions } from "../../types.js";
import { checkTensors, type SizedTensor, wireBytes } from "../../wire.js";
import { MAX_HEADER_BYTES } from "./header.js";

export interface WriteSafetensorsOptions extends WriteOptions {
  /** Text kept in the header; by default `{ format: "pt" }`, without which the reference does not load the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a safetensors file, piece by piece: byte for byte what the reference library writes for the same tensors
 * (sorted by descending element size, then name; data aligned to 8 bytes). Values are asked for one tensor at a time.
 * Tensors with `tiedTo` are left out.
 * @throws WeightsError "mismatch" when values do not fit their declared type and shape.
 */
export async function* writeSafetensors(
  tensors: Iterable<NamedTensor>,
  options: WriteSafetensorsOptions = {},
): AsyncGenerator<Uint8Array> {
  const ordered = fileOrder(checkTensors(tensors));
  yield header(ordered, options.metadata ?? { format: "pt" });
  for (const tensor of ordered) yield* wireBytes(tensor, options.signal);
}

/** The length of the file that {@link writeSafetensors} writes. */
export function safetensorsSize(tensors: Iterable<NamedTensor>, options: WriteSafetensorsOptions = {}): number {
  const ordered = fileOrder(checkTensors(tensors));
  const start = header(ordered, options.metadata ?? { format: "pt" }).length;
  return ordered.reduce((sum, tensor) => sum + tensor.byteLength, start);
}

function fileOrder(tensors: SizedTensor[]): SizedTensor[] {
  const encoder = new TextEncoder();
  const keyed = tensors
    .filter((tensor) => tensor.tiedTo === undefined)
    .map((tensor) => ({ tensor, rank: dtypeRank(tensor.dtype), key: encoder.encode(tensor.name) }));
  keyed.sort((a, b) => b.rank - a.rank || compareBytes(a.key, b.key));
  return keyed.map(({ tensor }) => tensor);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function header(ordered: readonly SizedTensor[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let offset = 0;
  for (const { name, dtype, shape, byteLength } of ordered) {
    const end = offset + byteLength;
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const json = new TextEncoder().encode(`{${parts.join(",")}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new WeightsError("mismatch", `the header takes ${padded} bytes, and safetensors allows ${MAX_HEADER_BYTES}`);
  }
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
