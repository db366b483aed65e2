import type { RandomAccessFile } from "@convbert/files";
import { WeightsError } from "../errors.js";
import { readRange } from "../source.js";
import { BYTES, FIXED32, FIXED64, ProtoReader, VARINT, type WireType } from "./reader.js";

/** A field of a message that lies in a file, and where its value is. */
export interface FileField {
  readonly field: number;
  readonly wire: WireType;
  /** Position in the file of the value: of the bytes themselves, after their length. */
  readonly offset: number;
  /** Bytes that the value takes. */
  readonly length: number;
}

/** A tag and a length, or a varint: ten bytes each at most. */
const LONGEST_HEAD = 20;
/** Read at once, so that small fields one after the other need few reads. */
const WINDOW_BYTES = 16 * 1024;

/**
 * Goes over a message in a file without reading the values of its fields, so that gigabytes of tensors stay where they
 * are. What is small is read by {@link ProtoFile.read}.
 */
export class ProtoFile {
  readonly file: RandomAccessFile;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;

  constructor(file: RandomAccessFile) {
    this.file = file;
  }

  /**
   * The fields of the message in a part of the file, by default all of it.
   * @throws WeightsError "format" for a field that ends beyond the message.
   */
  async *fields(
    part: Pick<FileField, "offset" | "length"> = { offset: 0, length: this.file.size },
  ): AsyncGenerator<FileField> {
    const end = part.offset + part.length;
    let at = part.offset;
    while (at < end) {
      const head = await this.#head(at, Math.min(LONGEST_HEAD, end - at));
      const reader = new ProtoReader(head, this.file.name);
      reader.next();
      const { field, wire } = reader;
      let offset = at + reader.at;
      let length = { [VARINT]: 0, [FIXED64]: 8, [BYTES]: 0, [FIXED32]: 4 }[wire];
      if (wire === BYTES) {
        length = reader.lengthAhead();
        offset = at + reader.at;
      } else if (wire === VARINT) {
        reader.bigint();
        length = at + reader.at - offset;
      }
      if (length > end - offset) {
        const message = `damaged protocol buffer: field ${field} at byte ${at} needs ${length} bytes, and ${end - offset} are left`;
        throw new WeightsError("format", message, { file: this.file.name });
      }
      yield { field, wire, offset, length };
      at = offset + length;
    }
  }

  /** The bytes of a field's value. The caller has looked at their length. */
  read({ offset, length }: Pick<FileField, "offset" | "length">): Promise<Uint8Array> {
    return readRange(this.file, offset, length);
  }

  /** The message that a field's value is. */
  async message(field: FileField): Promise<ProtoReader> {
    if (field.wire !== BYTES) {
      throw new WeightsError("format", `damaged protocol buffer: field ${field.field} is no message`, {
        file: this.file.name,
      });
    }
    return new ProtoReader(await this.read(field), this.file.name);
  }

  async #head(at: number, length: number): Promise<Uint8Array> {
    const isInside = at >= this.#windowAt && at + length <= this.#windowAt + this.#window.length;
    if (!isInside) {
      this.#window = await readRange(this.file, at, Math.min(WINDOW_BYTES, this.file.size - at));
      this.#windowAt = at;
    }
    return this.#window.subarray(at - this.#windowAt, at - this.#windowAt + length);
  }
}
