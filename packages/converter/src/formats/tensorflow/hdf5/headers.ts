import type { Hdf5Blocks } from "./blocks.js";
import type { Cursor } from "./cursor.js";
import { lookup3 } from "./lookup3.js";
import { MESSAGES } from "./messages.js";

/** A message of an object's header: one of the things that are said of the object. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly body: Cursor;
}

/** All messages of the object at an address, whatever the version of its header. */
export async function readHeader(blocks: Hdf5Blocks, address: number): Promise<Message[]> {
  const start = await blocks.begin(address, 16);
  const isNew = String.fromCharCode(...start.bytes.subarray(0, 4)) === "OHDR";
  return isNew ? await newMessages(blocks, address) : await oldMessages(blocks, address, start);
}

/** Header version 1, and the blocks that continue it. */
async function oldMessages(blocks: Hdf5Blocks, address: number, start: Cursor): Promise<Message[]> {
  if (start.u8() !== 1) start.fail(`there is no object at ${address}`);
  start.u8();
  start.u16();
  start.u32();
  const parts = [{ at: address + 16, length: start.u32() }];
  const seen = new Set<number>();
  const messages: Message[] = [];
  for (let block = parts.shift(); block !== undefined; block = parts.shift()) {
    if (seen.has(block.at)) start.fail("a header continues itself");
    seen.add(block.at);
    const cursor = await blocks.read(block.at, block.length, "a header");
    while (cursor.left >= 8) {
      blocks.countMessage(cursor);
      const [type, size, flags] = [cursor.u16(), cursor.u16(), cursor.u8()];
      cursor.take(3);
      const body = cursor.part(size);
      if (type === MESSAGES.continuation) {
        parts.push({ at: body.address() ?? body.fail("a header continues nowhere"), length: body.length() });
      } else messages.push({ type, flags, body });
    }
  }
  return messages;
}

/** Header version 2: checksummed blocks. */
async function newMessages(blocks: Hdf5Blocks, address: number): Promise<Message[]> {
  const start = await blocks.begin(address, 64);
  start.signature("OHDR");
  if (start.u8() !== 2) start.refuse("an object header of an unknown version");
  const flags = start.u8();
  if (flags & 32) start.take(16);
  if (flags & 16) start.take(4);
  const length = start.uint(2 ** (flags & 3));
  const parts = [{ at: address, head: start.at, length: start.at + length + 4 }];
  const seen = new Set<number>();
  const messages: Message[] = [];
  for (let block = parts.shift(); block !== undefined; block = parts.shift()) {
    if (seen.has(block.at)) start.fail("a header continues itself");
    seen.add(block.at);
    const whole = await blocks.read(block.at, block.length, "a header");
    if (block.length < block.head + 4) start.fail("a header ends too early");
    const sum = lookup3(whole.bytes.subarray(0, block.length - 4));
    if (block.head === 4) whole.signature("OCHK");
    else whole.take(block.head);
    const cursor = whole.part(block.length - 4 - block.head);
    if (whole.u32() !== sum) whole.fail("the checksum of a header is wrong");
    const head = flags & 4 ? 6 : 4;
    while (cursor.left >= head) {
      blocks.countMessage(cursor);
      const [type, size, messageFlags] = [cursor.u8(), cursor.u16(), cursor.u8()];
      if (flags & 4) cursor.u16();
      const body = cursor.part(size);
      if (type === MESSAGES.continuation) {
        const at = body.address() ?? body.fail("a header continues nowhere");
        parts.push({ at, head: 4, length: body.length() });
      } else messages.push({ type, flags: messageFlags, body });
    }
  }
  return messages;
}
