import type { Hdf5Blocks } from "./blocks.js";

/** A global heap collection: the values of variable length. */
export async function readGlobalHeap(blocks: Hdf5Blocks, address: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const head = await blocks.read(address, 8 + blocks.sizes.lengths, "a heap");
  head.signature("GCOL");
  head.take(4);
  const size = head.length();
  const body = await blocks.read(address, size, "a heap");
  body.take(head.bytes.length);
  const objects = new Map<number, Uint8Array>();
  while (body.left >= 8 + blocks.sizes.lengths) {
    const index = body.u16();
    // The free space at the end.
    if (index === 0) break;
    body.take(6);
    objects.set(index, body.take(body.length()));
    body.align();
  }
  return objects;
}
