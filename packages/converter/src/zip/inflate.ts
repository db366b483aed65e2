import { WeightsError } from "../errors.js";
import { crc32 } from "./crc32.js";

/** Deflate never shrinks by more than this factor (RFC 1951: 258 bytes for 2 bits); a larger claim is a lie. */
const MAX_RATIO = 1032;

/** Whether so many bytes can come out of so few. */
export function canInflate(compressedSize: number, size: number): boolean {
  return size <= compressedSize * MAX_RATIO + 64;
}

/**
 * Unpacks a raw deflate stream (RFC 1951) with the platform's own decoder, and stops as soon as it gives more than
 * was declared, so that a small file cannot fill the memory.
 */
export async function inflate(
  compressed: Uint8Array,
  declared: { readonly name: string; readonly size: number; readonly crc32: number },
  file: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const fail = (message: string, cause?: unknown): WeightsError =>
    new WeightsError("format", `damaged zip archive: ${declared.name} ${message}`, { file, cause });
  if (!canInflate(compressed.length, declared.size)) throw fail(`cannot unpack to ${declared.size} bytes`);

  const target = new Uint8Array(declared.size);
  let filled = 0;
  const stream = new Blob([compressed as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > target.length) throw fail(`unpacks to more than the ${declared.size} bytes declared`);
      target.set(value, filled);
      filled += value.length;
    }
  } catch (cause) {
    await reader.cancel().catch(() => undefined);
    if (cause instanceof WeightsError || signal?.aborted) throw cause;
    throw fail("is not a valid deflate stream", cause);
  }
  if (filled !== target.length) throw fail(`unpacks to ${filled} bytes instead of ${declared.size}`);
  if (crc32(target) !== declared.crc32) throw fail("does not match its checksum");
  return target;
}
