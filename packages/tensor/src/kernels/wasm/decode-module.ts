/** The name of the memory's import and its kind, as the binary format has them; the flags follow. */
const MEMORY_IMPORT = [6, ...new TextEncoder().encode("memory"), 2];
const SHARED_WITH_MAXIMUM = 3;

/** A custom section without a name or contents: engines keep compiled code by the bytes it was compiled from. */
const EMPTY_SECTION = "\x00\x01\x00";

/** The bytes of a module; only a flag of the memory's import says whether it is shared. */
export function decodeModule(base64: string, sharedMemory = false, isFresh = false): Uint8Array<ArrayBuffer> {
  const text = atob(base64) + (isFresh ? EMPTY_SECTION : "");
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    bytes[i] = text.charCodeAt(i);
  }
  if (sharedMemory) {
    const at = bytes.findIndex((_, start) => MEMORY_IMPORT.every((byte, index) => bytes[start + index] === byte));
    bytes[at + MEMORY_IMPORT.length] = SHARED_WITH_MAXIMUM;
  }
  return bytes;
}
