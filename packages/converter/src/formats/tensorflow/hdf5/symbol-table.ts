import type { Hdf5Blocks } from "./blocks.js";
import { type Cursor, textOf } from "./cursor.js";
import type { Link } from "./messages.js";

/** The links of a symbol-table group: names in a local heap, addresses in the leaves of a B-tree. */
export async function readSymbolTable(blocks: Hdf5Blocks, tree: number, heapAddress: number): Promise<Link[]> {
  const heap = await blocks.read(heapAddress, 8 + 2 * blocks.sizes.lengths + blocks.sizes.offsets, "a heap");
  heap.signature("HEAP");
  heap.take(4);
  const size = heap.length();
  heap.length();
  const names = await blocks.read(heap.address() ?? heap.fail("a heap has no data"), size, "a heap");
  const links: Link[] = [];
  const seen = new Set<number>();
  const pending = [{ address: tree, below: Number.POSITIVE_INFINITY }];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (seen.has(node.address)) heap.fail("a group's tree comes back to itself");
    seen.add(node.address);
    if (node.below === 0) {
      await readLeaf(blocks, node.address, names, links);
      continue;
    }
    const head = await blocks.read(node.address, 8 + 2 * blocks.sizes.offsets, "a tree");
    head.signature("TREE");
    if (head.u8() !== 0) head.fail("a group's tree is of another kind");
    const level = head.u8();
    const used = head.u16();
    if (level >= node.below) head.fail("a group's tree does not end");
    const body = await blocks.read(
      node.address + head.bytes.length,
      used * (blocks.sizes.lengths + blocks.sizes.offsets),
      "a tree",
    );
    const children = Array.from({ length: used }, () => {
      body.length();
      return body.address() ?? body.fail("a tree's child is nowhere");
    });
    // From the last one on, so that they are taken in their order.
    for (const address of children.reverse()) pending.push({ address, below: level });
  }
  return links;
}

async function readLeaf(blocks: Hdf5Blocks, address: number, names: Cursor, links: Link[]): Promise<void> {
  const head = await blocks.read(address, 8, "a group's node");
  head.signature("SNOD");
  head.u16();
  const count = head.u16();
  const body = await blocks.read(address + 8, count * (2 * blocks.sizes.offsets + 24), "a group's node");
  for (let i = 0; i < count; i++) {
    const offset = body.uint(blocks.sizes.offsets);
    const target = body.address();
    const isSoft = body.u32() === 2;
    body.take(20);
    if (isSoft || target === undefined) continue;
    if (offset >= names.bytes.length) body.fail("a name is outside its heap");
    const length = names.bytes.indexOf(0, offset) - offset;
    if (length < 0) body.fail("a name does not end within its heap");
    // Names may lie within one another, each the end of the one before.
    blocks.spend(length, "a group's names");
    links.push({ name: textOf(names.bytes.subarray(offset, offset + length)), address: target });
  }
}
