import { byteLengthOf, isWireDType, WIRE_DTYPES } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { TensorInfo } from "../../types.js";

/** The reference's limit for the JSON header. */
export const MAX_HEADER_BYTES = 100_000_000;

export interface SafetensorsEntry extends TensorInfo {
  /** Where the values start, counted from the end of the header. */
  readonly offset: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

/**
 * Parses and validates the JSON header of a safetensors file as its reference implementation does: known element
 * types, sizes that follow from shapes, and values that cover the data exactly, without gaps or overlaps.
 * @param dataLength bytes after the header.
 */
export function parseHeader(json: Uint8Array, dataLength: number, file: string): SafetensorsHeader {
  const fail = (message: string, tensor?: string, cause?: unknown): never => {
    throw new WeightsError("format", `damaged safetensors header: ${message}`, {
      file,
      ...(tensor === undefined ? {} : { tensor }),
      ...(cause === undefined ? {} : { cause }),
    });
  };

  if (json[0] !== 0x7b) fail("it does not begin with {");
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json));
  } catch (cause) {
    fail("it is not valid JSON in UTF-8", undefined, cause);
  }
  if (!isRecord(root)) return fail("it is not an object");

  const metadata: Record<string, string> = Object.create(null);
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(root)) {
    if (name === "__metadata__") {
      if (!isRecord(value)) return fail("__metadata__ is not an object");
      for (const [key, text] of Object.entries(value)) {
        if (typeof text !== "string") return fail(`__metadata__.${key} is not a string`);
        metadata[key] = text;
      }
      continue;
    }
    if (!isRecord(value)) return fail(`${name} is not an object`, name);
    const { dtype, shape, data_offsets: offsets } = value;
    if (!isWireDType(dtype)) {
      return fail(`${name} has the unknown dtype ${JSON.stringify(dtype)} (known: ${WIRE_DTYPES.join(", ")})`, name);
    }
    if (!Array.isArray(shape)) return fail(`${name} has no shape`, name);
    const byteLength = byteLengthOf(dtype, shape);
    if (byteLength === undefined) return fail(`${name} has the impossible ${dtype} shape [${shape}]`, name);
    if (
      !Array.isArray(offsets) ||
      offsets.length !== 2 ||
      !offsets.every((at) => Number.isSafeInteger(at) && at >= 0)
    ) {
      return fail(`${name} has no valid data_offsets`, name);
    }
    const [start, end] = offsets as [number, number];
    if (end - start !== byteLength) {
      return fail(`${name} takes bytes ${start} to ${end}, but ${dtype} [${shape}] needs ${byteLength}`, name);
    }
    entries.push({ name, dtype, shape: shape as number[], byteLength, offset: start });
  }

  entries.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  let covered = 0;
  for (const entry of entries) {
    if (entry.offset !== covered) {
      fail(`${entry.name} starts at ${entry.offset}, but the tensor before it ends at ${covered}`, entry.name);
    }
    covered += entry.byteLength;
  }
  if (covered !== dataLength) {
    const what = covered > dataLength ? "the file is cut short" : "bytes are left over";
    fail(`the tensors take ${covered} bytes and ${dataLength} follow the header: ${what}`);
  }
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
