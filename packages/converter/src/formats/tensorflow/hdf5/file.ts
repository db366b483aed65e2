import type { RandomAccessFile } from "@convbert/files";
import { describeContents } from "../../../contents.js";
import { byteLengthOf, type WireDType } from "../../../dtypes.js";
import { WeightsError } from "../../../errors.js";
import { readRange } from "../../../source.js";
import { Cursor, type Sizes, textOf } from "./cursor.js";
import { lookup3 } from "./lookup3.js";
import {
  type Attribute,
  type Link,
  MESSAGES,
  readAttribute,
  readDataspace,
  readDatatype,
  readLayout,
  readLink,
} from "./messages.js";

const SIGNATURE = "\x89HDF\r\n\x1a\n";
/** What one header, heap or node may take; Keras's largest, the names of a layer's weights, are below 64 KB each. */
const LARGEST_STRUCTURE = 1 << 24;
/** Messages of all headers together; a model of 100 layers has 50,000. Each takes far more memory than a file has to give for it. */
const MOST_MESSAGES = 250_000;

/** A dataset whose values can be read. */
export interface Hdf5Dataset {
  readonly dtype: WireDType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Where the values begin in the file, or the values themselves. */
  readonly data: number | Uint8Array;
}

/** One object of the file. */
export interface Hdf5Object {
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Names of a group and the addresses behind them; undefined for a dataset. */
  readonly links: ReadonlyMap<string, number> | undefined;
  /** @throws WeightsError for what is no dataset, or one of a kind that is not read. */
  dataset(): Hdf5Dataset;
}

/** Where the file proper begins: at 0, or behind something else at 512, 1024, 2048 and so on. */
async function findSuperblock(file: RandomAccessFile): Promise<number> {
  const signature = async (at: number) => String.fromCharCode(...(await readRange(file, at, 8)));
  for (let at = 0; at + 8 <= file.size; at = at === 0 ? 512 : at * 2) {
    if ((await signature(at)) === SIGNATURE) return at;
  }
  const what = describeContents(await readRange(file, 0, Math.min(file.size, 16)));
  throw new WeightsError("format", `not an HDF5 file${what ? `: it is ${what}` : ""}`, { file: file.name });
}

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly body: Cursor;
}

/**
 * The part of HDF5 that Keras's weight files need, in any of its versions: superblocks 0 to 3, object headers 1 and 2,
 * groups as symbol tables or links in the header, contiguous and compact datasets, attributes of numbers and text.
 * Everything is read by address when it is asked for, checked against the file's size, and remembered.
 * Source: HDF5 File Format Specification, version 3.0.
 */
export class Hdf5File {
  readonly #file: RandomAccessFile;
  readonly #sizes: Sizes;
  readonly #base: number;
  readonly #objects = new Map<number, Promise<Hdf5Object>>();
  readonly #heaps = new Map<number, Promise<ReadonlyMap<number, Uint8Array>>>();
  /** Bytes of structures that may still be read: each is read once, so that more than the file has are overlaps. */
  #budget: number;
  #messages = 0;
  readonly root: number;

  private constructor(file: RandomAccessFile, sizes: Sizes, base: number, root: number) {
    this.#file = file;
    this.#sizes = sizes;
    this.#base = base;
    this.root = root;
    this.#budget = 4 * file.size + 65_536;
  }

  /** @throws WeightsError "format" when it is no HDF5 file, or cut off. */
  static async open(file: RandomAccessFile): Promise<Hdf5File> {
    const base = await findSuperblock(file);
    const start = await readRange(file, base, Math.min(file.size - base, 128));
    const version = start[8]!;
    const sizes =
      version < 2 ? { offsets: start[13]!, lengths: start[14]! } : { offsets: start[9]!, lengths: start[10]! };
    const cursor = new Cursor(start, sizes, file.name);
    if (version > 3) cursor.refuse(`a superblock of version ${version}`);
    if (![sizes.offsets, sizes.lengths].every((size) => [2, 4, 8].includes(size)))
      cursor.fail("addresses of odd sizes");
    cursor.take(version < 2 ? (version === 0 ? 24 : 28) : 12);
    // Where the block itself says that it is; where it was found counts, as for HDF5's own library.
    cursor.address();
    cursor.address();
    const end = cursor.address();
    if (end === undefined || end > file.size) {
      cursor.fail(`it says that it has ${end} bytes, but there are ${file.size}: it was cut off; copy it again`);
    }
    let root: number | undefined;
    if (version < 2) {
      cursor.address();
      cursor.uint(sizes.offsets);
      root = cursor.address();
    } else {
      root = cursor.address();
      const sum = lookup3(start.subarray(0, cursor.at));
      if (cursor.u32() !== sum) cursor.fail("the checksum of its superblock is wrong");
    }
    return new Hdf5File(file, sizes, base, root ?? cursor.fail("it has no root"));
  }

  /** The object at an address. */
  object(address: number): Promise<Hdf5Object> {
    let object = this.#objects.get(address);
    if (object === undefined) {
      object = this.#readObject(address);
      this.#objects.set(address, object);
    }
    return object;
  }

  /** Follows a path of names through groups; undefined where it ends in nothing. */
  async find(from: number, path: string): Promise<number | undefined> {
    let address: number | undefined = from;
    for (const name of path.split("/").filter((part) => part !== "" && part !== ".")) {
      address = (await this.object(address)).links?.get(name);
      if (address === undefined) return undefined;
    }
    return address;
  }

  /** The texts of an attribute: fixed ones from the header, variable ones from the file's heaps. */
  async texts({ name, type, shape, value }: Attribute): Promise<string[]> {
    const count = shape === null ? 0 : shape.reduce((product, extent) => product * extent, 1);
    if (count === 0) return [];
    // A count of nothing would go on for ever.
    if (type.size === 0 || count * type.size > value.left) value.fail(`the attribute ${name} ends too early`);
    if (type.kind !== "text" && type.kind !== "variable text") return value.fail(`the attribute ${name} is no text`);
    const texts: string[] = [];
    for (let i = 0; i < count; i++) {
      const item = value.part(type.size);
      if (type.kind === "text") texts.push(textOf(item.bytes));
      else {
        const length = item.u32();
        const heap = item.address();
        const index = item.u32();
        this.#spend(length, "a list of names");
        const bytes = length === 0 || heap === undefined ? new Uint8Array(0) : (await this.#heap(heap)).get(index);
        if (bytes === undefined || bytes.length < length) value.fail(`a text of the attribute ${name} is nowhere`);
        texts.push(textOf(bytes!.subarray(0, length)));
      }
    }
    value.at = 0;
    return texts;
  }

  /** Counts bytes that are read, or made into text. */
  #spend(length: number, what: string): void {
    this.#budget -= length;
    if (length > LARGEST_STRUCTURE || this.#budget < 0) {
      throw new WeightsError("format", `damaged HDF5 file: ${what} claims ${length} bytes`, { file: this.#file.name });
    }
  }

  #countMessage(cursor: Cursor): void {
    if (++this.#messages > MOST_MESSAGES) cursor.fail(`its headers have more than ${MOST_MESSAGES} messages`);
  }

  async #cursor(address: number, length: number, what: string): Promise<Cursor> {
    this.#spend(length, what);
    return new Cursor(await readRange(this.#file, this.#base + address, length), this.#sizes, this.#file.name);
  }

  /** As many bytes as there are, at most `length`. */
  async #begin(address: number, length: number): Promise<Cursor> {
    const there = Math.max(0, Math.min(length, this.#file.size - this.#base - address));
    return await this.#cursor(address, there, "a structure");
  }

  async #readObject(address: number): Promise<Hdf5Object> {
    const start = await this.#begin(address, 16);
    const isNew = String.fromCharCode(...start.bytes.subarray(0, 4)) === "OHDR";
    const messages = isNew ? await this.#newMessages(address) : await this.#oldMessages(address, start);
    const attributes = new Map<string, Attribute>();
    const links = new Map<string, number>();
    let isGroup = false;
    for (const { type, flags, body } of messages) {
      if (type === MESSAGES.symbolTable || type === MESSAGES.linkInfo || type === MESSAGES.link) isGroup = true;
      if (type === MESSAGES.symbolTable) {
        const tree = body.address() ?? body.fail("a group has no tree");
        const heap = body.address() ?? body.fail("a group has no heap");
        for (const link of await this.#symbols(tree, heap)) links.set(link.name, link.address);
      } else if (type === MESSAGES.link) {
        const link = readLink(body);
        if (link !== undefined) links.set(link.name, link.address);
      } else if (type === MESSAGES.linkInfo) {
        body.u8();
        if (body.u8() & 1) body.take(8);
        if (body.address() !== undefined) body.refuse("a group whose links are in a heap");
      } else if (type === MESSAGES.attributeInfo) {
        body.u8();
        if (body.u8() & 1) body.take(2);
        if (body.address() !== undefined) body.refuse("an object whose attributes are in a heap");
      } else if (type === MESSAGES.attribute) {
        if (flags & 2) body.refuse("an attribute that objects share");
        const attribute = readAttribute(body);
        attributes.set(attribute.name, attribute);
      }
    }
    return { attributes, links: isGroup ? links : undefined, dataset: () => this.#dataset(messages) };
  }

  #dataset(messages: readonly Message[]): Hdf5Dataset {
    const body = (type: number, what: string): Cursor => {
      const message = messages.find((other) => other.type === type);
      if (message === undefined) {
        throw new WeightsError("format", `damaged HDF5 file: a dataset has no ${what}`, { file: this.#file.name });
      }
      if (message.flags & 2) message.body.refuse(`a shared ${what}`);
      message.body.at = 0;
      return message.body;
    };
    const space = body(MESSAGES.dataspace, "dataspace");
    const shape = readDataspace(space) ?? space.refuse("a dataset without a shape");
    const type = readDatatype(body(MESSAGES.datatype, "type"));
    if (type.kind !== "number") space.refuse(type.kind === "other" ? type.what : `a dataset of ${type.kind}`);
    for (const message of messages) {
      if (message.type === MESSAGES.externalFiles) space.refuse("data in other files");
      if (message.type === MESSAGES.filters) space.refuse("compressed or filtered data");
    }
    const layout = readLayout(body(MESSAGES.layout, "layout"));
    const { dtype } = type as { dtype: WireDType };
    const byteLength = byteLengthOf(dtype, shape) ?? space.fail(`the shape [${shape}] is impossible`);
    const dataset = { dtype, shape, byteLength };
    if (layout.kind === "compact") {
      if (layout.bytes.length < byteLength) space.fail("the values of a dataset end too early");
      return { ...dataset, data: layout.bytes.subarray(0, byteLength) };
    }
    if (byteLength === 0) return { ...dataset, data: new Uint8Array(0) };
    if (layout.size !== undefined && layout.size < byteLength) {
      space.fail(`a dataset of ${byteLength} bytes has room for ${layout.size}`);
    }
    const data = this.#base + (layout.address ?? space.fail("the values of a dataset were never written"));
    if (data + byteLength > this.#file.size) space.fail(`a dataset of ${byteLength} bytes goes beyond the file's end`);
    return { ...dataset, data };
  }

  /** Header version 1, and the blocks that continue it. */
  async #oldMessages(address: number, start: Cursor): Promise<Message[]> {
    if (start.u8() !== 1) start.fail(`there is no object at ${address}`);
    start.u8();
    start.u16();
    start.u32();
    const blocks = [{ at: address + 16, length: start.u32() }];
    const seen = new Set<number>();
    const messages: Message[] = [];
    for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
      if (seen.has(block.at)) start.fail("a header continues itself");
      seen.add(block.at);
      const cursor = await this.#cursor(block.at, block.length, "a header");
      while (cursor.left >= 8) {
        this.#countMessage(cursor);
        const [type, size, flags] = [cursor.u16(), cursor.u16(), cursor.u8()];
        cursor.take(3);
        const body = cursor.part(size);
        if (type === MESSAGES.continuation) {
          blocks.push({ at: body.address() ?? body.fail("a header continues nowhere"), length: body.length() });
        } else messages.push({ type, flags, body });
      }
    }
    return messages;
  }

  /** Header version 2: checksummed blocks. */
  async #newMessages(address: number): Promise<Message[]> {
    const start = await this.#begin(address, 64);
    start.signature("OHDR");
    if (start.u8() !== 2) start.refuse("an object header of an unknown version");
    const flags = start.u8();
    if (flags & 32) start.take(16);
    if (flags & 16) start.take(4);
    const length = start.uint(2 ** (flags & 3));
    const blocks = [{ at: address, head: start.at, length: start.at + length + 4 }];
    const seen = new Set<number>();
    const messages: Message[] = [];
    for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
      if (seen.has(block.at)) start.fail("a header continues itself");
      seen.add(block.at);
      const whole = await this.#cursor(block.at, block.length, "a header");
      if (block.length < block.head + 4) start.fail("a header ends too early");
      const sum = lookup3(whole.bytes.subarray(0, block.length - 4));
      if (block.head === 4) whole.signature("OCHK");
      else whole.take(block.head);
      const cursor = whole.part(block.length - 4 - block.head);
      if (whole.u32() !== sum) whole.fail("the checksum of a header is wrong");
      const head = flags & 4 ? 6 : 4;
      while (cursor.left >= head) {
        this.#countMessage(cursor);
        const [type, size, messageFlags] = [cursor.u8(), cursor.u16(), cursor.u8()];
        if (flags & 4) cursor.u16();
        const body = cursor.part(size);
        if (type === MESSAGES.continuation) {
          const at = body.address() ?? body.fail("a header continues nowhere");
          blocks.push({ at, head: 4, length: body.length() });
        } else messages.push({ type, flags: messageFlags, body });
      }
    }
    return messages;
  }

  /** The links of a symbol-table group: names in a local heap, addresses in the leaves of a B-tree. */
  async #symbols(tree: number, heapAddress: number): Promise<Link[]> {
    const heap = await this.#cursor(heapAddress, 8 + 2 * this.#sizes.lengths + this.#sizes.offsets, "a heap");
    heap.signature("HEAP");
    heap.take(4);
    const size = heap.length();
    heap.length();
    const names = await this.#cursor(heap.address() ?? heap.fail("a heap has no data"), size, "a heap");
    const links: Link[] = [];
    const seen = new Set<number>();
    const pending = [{ address: tree, below: Number.POSITIVE_INFINITY }];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (seen.has(node.address)) heap.fail("a group's tree comes back to itself");
      seen.add(node.address);
      if (node.below === 0) {
        await this.#leaf(node.address, names, links);
        continue;
      }
      const head = await this.#cursor(node.address, 8 + 2 * this.#sizes.offsets, "a tree");
      head.signature("TREE");
      if (head.u8() !== 0) head.fail("a group's tree is of another kind");
      const level = head.u8();
      const used = head.u16();
      if (level >= node.below) head.fail("a group's tree does not end");
      const body = await this.#cursor(
        node.address + head.bytes.length,
        used * (this.#sizes.lengths + this.#sizes.offsets),
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

  async #leaf(address: number, names: Cursor, links: Link[]): Promise<void> {
    const head = await this.#cursor(address, 8, "a group's node");
    head.signature("SNOD");
    head.u16();
    const count = head.u16();
    const body = await this.#cursor(address + 8, count * (2 * this.#sizes.offsets + 24), "a group's node");
    for (let i = 0; i < count; i++) {
      const offset = body.uint(this.#sizes.offsets);
      const target = body.address();
      const isSoft = body.u32() === 2;
      body.take(20);
      if (isSoft || target === undefined) continue;
      if (offset >= names.bytes.length) body.fail("a name is outside its heap");
      const length = names.bytes.indexOf(0, offset) - offset;
      if (length < 0) body.fail("a name does not end within its heap");
      // Names may lie within one another, each the end of the one before.
      this.#spend(length, "a group's names");
      links.push({ name: textOf(names.bytes.subarray(offset, offset + length)), address: target });
    }
  }

  #heap(address: number): Promise<ReadonlyMap<number, Uint8Array>> {
    let heap = this.#heaps.get(address);
    if (heap === undefined) {
      heap = this.#readHeap(address);
      this.#heaps.set(address, heap);
    }
    return heap;
  }

  /** A global heap collection: the values of variable length. */
  async #readHeap(address: number): Promise<ReadonlyMap<number, Uint8Array>> {
    const head = await this.#cursor(address, 8 + this.#sizes.lengths, "a heap");
    head.signature("GCOL");
    head.take(4);
    const size = head.length();
    const body = await this.#cursor(address, size, "a heap");
    body.take(head.bytes.length);
    const objects = new Map<number, Uint8Array>();
    while (body.left >= 8 + this.#sizes.lengths) {
      const index = body.u16();
      // The free space at the end.
      if (index === 0) break;
      body.take(6);
      objects.set(index, body.take(body.length()));
      body.align();
    }
    return objects;
  }
}
