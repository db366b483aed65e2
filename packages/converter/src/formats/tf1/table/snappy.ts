/** Most that Snappy makes of its input: a copy of 64 bytes takes three. */
const BEST_RATIO = 64 / 3;

/**
 * Unpacks a block of Snappy's raw format; null for damaged input. Nothing is made that is larger than the input can
 * hold, and all of it is written once.
 * Source: https://github.com/google/snappy/blob/main/format_description.txt
 */
export function unsnap(input: Uint8Array): Uint8Array | null {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = input[at++];
    if (byte === undefined || shift > 28) return null;
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  if (length > input.length * BEST_RATIO + 64) return null;
  const output = new Uint8Array(length);
  let filled = 0;
  const number = (bytes: number): number => {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += (input[at + i] ?? Number.NaN) * 256 ** i;
    at += bytes;
    return value;
  };
  while (at < input.length) {
    const tag = input[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      const size = (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59)) + 1;
      // Not a number where the size itself was cut off.
      if (!(size <= input.length - at) || size > length - filled) return null;
      output.set(input.subarray(at, at + size), filled);
      at += size;
      filled += size;
      continue;
    }
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const back = kind === 1 ? (tag >> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4);
    if (!(back >= 1 && back <= filled) || size > length - filled) return null;
    // A copy may overlap what it makes.
    for (let i = 0; i < size; i++, filled++) output[filled] = output[filled - back]!;
  }
  return filled === length ? output : null;
}
