import type { RandomAccessFile } from "@convbert/files";
import { WeightsError } from "../../../errors.js";
import { readRange } from "../../../source.js";
import { Cursor, type Sizes } from "./cursor.js";

/** What one header, heap or node may take; Keras's largest, the names of a layer's weights, are below 64 KB each. */
const LARGEST_STRUCTURE = 1 << 24;
/** Messages of all headers together; a model of 100 layers has 50,000. Each takes far more memory than a file has to give for it. */
const MOST_MESSAGES = 250_000;

/** A file's structures by address. What is read is counted: a damaged file may not ask for more than it has. */
export class Hdf5Blocks {
  readonly file: RandomAccessFile;
  readonly sizes: Sizes;
  /** Where address 0 is in the file. */
  readonly base: number;
  /** Bytes of structures that may still be read: each is read once, so that more than the file has are overlaps. */
  #budget: number;
  #messages = 0;

  constructor(file: RandomAccessFile, sizes: Sizes, base: number) {
    this.file = file;
    this.sizes = sizes;
    this.base = base;
    this.#budget = 4 * file.size + 65_536;
  }

  /** Counts bytes that are read, or made into text. */
  spend(length: number, what: string): void {
    this.#budget -= length;
    if (length > LARGEST_STRUCTURE || this.#budget < 0) {
      throw new WeightsError("format", `damaged HDF5 file: ${what} claims ${length} bytes`, { file: this.file.name });
    }
  }

  /** Counts a message of a header. */
  countMessage(cursor: Cursor): void {
    if (++this.#messages > MOST_MESSAGES) cursor.fail(`its headers have more than ${MOST_MESSAGES} messages`);
  }

  /** Some bytes at an address. `what` they are is for messages. */
  async read(address: number, length: number, what: string): Promise<Cursor> {
    this.spend(length, what);
    return new Cursor(await readRange(this.file, this.base + address, length), this.sizes, this.file.name);
  }

  /** As many bytes as there are, at most `length`. */
  async begin(address: number, length: number): Promise<Cursor> {
    const there = Math.max(0, Math.min(length, this.file.size - this.base - address));
    return await this.read(address, there, "a structure");
  }
}
