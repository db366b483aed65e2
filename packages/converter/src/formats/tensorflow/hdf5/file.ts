import type { RandomAccessFile } from "@convbert/files";
import { describeContents } from "../../../contents.js";
import { byteLengthOf, type WireDType } from "../../../dtypes.js";
import { WeightsError } from "../../../errors.js";
import { readRange } from "../../../source.js";
import { Hdf5Blocks } from "./blocks.js";
import { Cursor, textOf } from "./cursor.js";
import { readGlobalHeap } from "./global-heap.js";
import { type Message, readHeader } from "./headers.js";
import { lookup3 } from "./lookup3.js";
import {
  type Attribute,
  MESSAGES,
  readAttribute,
  readDataspace,
  readDatatype,
  readLayout,
  readLink,
} from "./messages.js";
import { readSymbolTable } from "./symbol-table.js";

const SIGNATURE = "\x89HDF\r\n\x1a\n";
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

/**
 * The part of HDF5 that Keras's weight files need, in any of its versions: superblocks 0 to 3, object headers 1 and 2,
 * groups as symbol tables or links in the header, contiguous and compact datasets, attributes of numbers and text.
 * Everything is read by address when it is asked for, checked against the file's size, and remembered.
 * Source: HDF5 File Format Specification, version 3.0.
 */
export class Hdf5File {
  readonly #blocks: Hdf5Blocks;
  readonly #objects = new Map<number, Promise<Hdf5Object>>();
  readonly #heaps = new Map<number, Promise<ReadonlyMap<number, Uint8Array>>>();
  readonly root: number;

  private constructor(blocks: Hdf5Blocks, root: number) {
    this.#blocks = blocks;
    this.root = root;
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
    return new Hdf5File(new Hdf5Blocks(file, sizes, base), root ?? cursor.fail("it has no root"));
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
        this.#blocks.spend(length, "a list of names");
        const bytes = length === 0 || heap === undefined ? new Uint8Array(0) : (await this.#heap(heap)).get(index);
        if (bytes === undefined || bytes.length < length) value.fail(`a text of the attribute ${name} is nowhere`);
        texts.push(textOf(bytes!.subarray(0, length)));
      }
    }
    value.at = 0;
    return texts;
  }

  async #readObject(address: number): Promise<Hdf5Object> {
    const messages = await readHeader(this.#blocks, address);
    const attributes = new Map<string, Attribute>();
    const links = new Map<string, number>();
    let isGroup = false;
    for (const { type, flags, body } of messages) {
      if (type === MESSAGES.symbolTable || type === MESSAGES.linkInfo || type === MESSAGES.link) isGroup = true;
      if (type === MESSAGES.symbolTable) {
        const tree = body.address() ?? body.fail("a group has no tree");
        const heap = body.address() ?? body.fail("a group has no heap");
        for (const link of await readSymbolTable(this.#blocks, tree, heap)) links.set(link.name, link.address);
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
        throw new WeightsError("format", `damaged HDF5 file: a dataset has no ${what}`, {
          file: this.#blocks.file.name,
        });
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
    const data = this.#blocks.base + (layout.address ?? space.fail("the values of a dataset were never written"));
    if (data + byteLength > this.#blocks.file.size)
      space.fail(`a dataset of ${byteLength} bytes goes beyond the file's end`);
    return { ...dataset, data };
  }

  #heap(address: number): Promise<ReadonlyMap<number, Uint8Array>> {
    let heap = this.#heaps.get(address);
    if (heap === undefined) {
      heap = readGlobalHeap(this.#blocks, address);
      this.#heaps.set(address, heap);
    }
    return heap;
  }
}
