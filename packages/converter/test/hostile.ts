import { WeightsError, type WeightsReader, type WeightsSource } from "@convbert/converter";
import { FilesError } from "@convbert/files";
import { seeded } from "../../../tooling/config/seeded.ts";

/*
 * Damaged and hostile files, the same ones in every run. Whatever happens to a file, a reader gives values or one
 * WeightsError: it does not crash, does not hang, and does not allocate more than the file could hold.
 */

export const CASES = 10_000;
export type Random = (below: number) => number;

/** Numbers that lengths lie with. */
export const LIES = [0, 1, 2, 7, 8, 127, 128, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
export const LONG_LIES = [2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Damages a file in one to four places. */
export function mutate(original: Uint8Array, random: Random, focus = original.length): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let turn = random(2) === 0 ? 1 : 2 + random(3); turn > 0 && bytes.length > 0; turn--) {
    const at = random(random(2) === 0 ? Math.min(focus, bytes.length) : bytes.length);
    const view = new DataView(bytes.buffer);
    switch (random(8)) {
      case 0:
        bytes = bytes.slice(0, at);
        break;
      case 1:
        bytes[at]! ^= 1 << random(8);
        break;
      case 2:
        bytes[at] = random(256);
        break;
      case 3:
        if (at + 4 <= bytes.length) view.setUint32(at, LIES[random(LIES.length)]!, true);
        break;
      case 4:
        if (at + 8 <= bytes.length) view.setBigUint64(at, LONG_LIES[random(LONG_LIES.length)]!, true);
        break;
      case 5: {
        // One part over another.
        const from = random(bytes.length);
        bytes.copyWithin(at, from, from + random(64));
        break;
      }
      case 6:
        bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(16))]));
        break;
      default: {
        const from = random(bytes.length);
        const part = bytes.subarray(from, from + random(32));
        bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]));
      }
    }
  }
  return bytes;
}

/** Opens a damaged file and reads all of it; gives what happened. */
export async function exercise(
  bytes: Uint8Array,
  open: (source: WeightsSource) => Promise<WeightsReader>,
  inMemory: boolean,
): Promise<"read" | "refused"> {
  const limit = bytes.length;
  const source = {
    name: "fuzzed",
    size: limit,
    async read(offset: number, target: Uint8Array) {
      // The reader allocated this much before it read.
      if (target.length > limit || offset < 0 || offset + target.length > limit) {
        throw new Error(`asked for ${target.length} bytes at ${offset} of ${limit}`);
      }
      target.set(bytes.subarray(offset, offset + target.length));
    },
    async close() {},
  };
  try {
    const reader = await open(inMemory ? bytes : source);
    for (const { name, byteLength, dtype } of reader.tensors.values()) {
      // A deflated entry may hold more than the file has bytes, by at most deflate's best ratio.
      if (byteLength > 1100 * limit) throw new Error(`${name} claims ${byteLength} bytes of a file of ${limit}`);
      const values = await reader.read(name);
      if (dtype === "C64") continue;
      let streamed = 0;
      await reader.stream(name, (_, chunk) => {
        streamed += chunk.length;
      });
      if (streamed !== values.length) throw new Error(`${name}: ${streamed} streamed, ${values.length} read`);
    }
    return "read";
  } catch (error) {
    // A file that is named and not there is the folder's error.
    if (error instanceof WeightsError || error instanceof FilesError) return "refused";
    throw error;
  }
}

export async function run(
  make: (random: Random, turn: number) => Uint8Array,
  open: (source: WeightsSource) => Promise<WeightsReader>,
  count: number,
) {
  const outcomes = { read: 0, refused: 0 };
  for (let turn = 0; turn < count; turn++) {
    const random = seeded(turn + 1);
    const bytes = make(random, turn);
    try {
      outcomes[await exercise(bytes, open, turn % 2 === 0)]++;
    } catch (cause) {
      throw new Error(`case ${turn} broke the reader: ${(cause as Error).message}`, { cause });
    }
  }
  return outcomes;
}
