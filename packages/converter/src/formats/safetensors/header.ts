import { printable } from "@convbert/files/internal";
import { byteLengthOf } from "../../dtypes.js";
import { WeightsError } from "../../errors.js";
import type { TensorInfo } from "../../types.js";
import { parseHeaderJson, type RawHeader } from "./header-json.js";

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
 * Parses and validates the JSON header of a safetensors file as its reference implementation (0.8) does: known element
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

  let raw: RawHeader;
  try {
    raw = parseHeaderJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json));
  } catch (cause) {
    return fail(cause instanceof SyntaxError ? cause.message : "it is not UTF-8", undefined, cause);
  }
  const entries: SafetensorsEntry[] = [];
  for (const { name, dtype, shape, offsets } of raw.entries.values()) {
    const byteLength = byteLengthOf(dtype, shape);
    const shown = `${dtype} [${printable(shape.slice(0, 50).join(", "))}]`;
    if (byteLength === undefined) return fail(`${name} has the impossible shape ${shown}`, name);
    const [start, end] = offsets;
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end))) {
      return fail(`${name} has no valid data_offsets`, name);
    }
    if (end - start !== byteLength) {
      return fail(`${name} takes bytes ${start} to ${end}, but ${shown} needs ${byteLength}`, name);
    }
    entries.push({ name, dtype, shape, byteLength, offset: start });
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
  const metadata: Record<string, string> = Object.create(null);
  for (const [key, text] of raw.metadata ?? []) metadata[key] = text;
  return { metadata, tensors: new Map(entries.map((entry) => [entry.name, entry])) };
}
