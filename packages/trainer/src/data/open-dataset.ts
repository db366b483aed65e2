import { checkIndex, type IndexedDataset, memoryDataset } from "./dataset.js";
import { textDecoder, withLines } from "./encoding.js";
import { DataError } from "./error.js";
import { type DataFormat, parseRecord, type ReadExamplesOptions, type RecordReader, readExamples } from "./format.js";
import { decodeAt, readLines } from "./lines.js";
import { type ByteSource, type DataSource, openSource } from "./source.js";

export interface OpenDatasetOptions extends ReadExamplesOptions {
  /**
   * "memory" keeps the examples; "file" keeps the offset of each in the file, 20 bytes, and reads it when it is wanted.
   * Default "memory". "file" is for formats of records (not SQuAD or XML documents) and sources that can be read anywhere
   * (paths, Blobs, bytes, not web addresses).
   */
  readonly keep?: "memory" | "file";
  /** Called now and then with the number of examples found so far. */
  readonly onProgress?: (examples: number) => void;
}

/** Examples between two reports. */
const REPORT = 4096;

/**
 * Reads or indexes a source once, so that its examples can be had in any order. Every example is read and checked, also
 * with "file". Throws DataError with file and line; an empty source gives a data set of length 0.
 */
export async function openDataset<T extends object>(
  source: DataSource,
  format: DataFormat<T>,
  options: OpenDatasetOptions = {},
): Promise<IndexedDataset<T>> {
  if (options.keep === "file") return indexFile(source, format, options);
  const examples: T[] = [];
  for await (const example of readExamples(source, format, options)) {
    examples.push(example);
    if (examples.length % REPORT === 0) options.onProgress?.(examples.length);
  }
  options.onProgress?.(examples.length);
  return memoryDataset(examples);
}

async function indexFile<T extends object>(
  source: DataSource,
  format: DataFormat<T>,
  { signal, onProgress }: OpenDatasetOptions,
): Promise<IndexedDataset<T>> {
  const opened = await openSource(source);
  try {
    const { bytes, encoding } = withLines(opened, format.kind === "records" ? format.encoding : "utf-8");
    if (format.kind !== "records" || bytes.read === undefined) {
      const isText = opened.read !== undefined && format.kind === "records";
      const what = isText ? "UTF-16 text" : format.kind === "records" ? "an address" : "a JSON or XML document";
      throw new DataError("unreadable", `${what} cannot be read at any place; keep its examples in memory`, {
        file: bytes.name,
      });
    }
    const reader = format.open(bytes.name);
    const records = new RecordIndex();
    for await (const record of reader.group(readLines(bytes, encoding, signal))) {
      parseRecord(reader, record, bytes.name);
      records.add(record.offset, record.end - record.offset, record.line);
      if (records.length % REPORT === 0) onProgress?.(records.length);
    }
    onProgress?.(records.length);
    return fileDataset(bytes, bytes.read, reader, records, encoding);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function fileDataset<T extends object>(
  bytes: ByteSource,
  read: NonNullable<ByteSource["read"]>,
  reader: RecordReader<T>,
  records: RecordIndex,
  encoding: Parameters<typeof textDecoder>[0],
): IndexedDataset<T> {
  const decode = textDecoder(encoding);
  const { length } = records;
  const get = async (index: number): Promise<T> => {
    checkIndex(index, length);
    const offset = records.offset(index);
    const size = records.size(index);
    const line = records.line(index);
    const slice = await read(offset, size);
    const where = { file: bytes.name, line, encoding };
    if (slice.length !== size) throw new DataError("changed", "the file is shorter than when it was indexed", where);
    const text = decodeAt(decode, slice, where);
    const record = { text: withoutBreaks(text), line, offset, end: offset + size };
    return parseRecord(reader, record, bytes.name);
  };
  return {
    length,
    get,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < length; i++) yield await get(i);
    },
    close: () => bytes.close(),
  };
}

/** A record's text as `readLines` gives it: line breaks are "\n", the last one is left out, and so is a byte order mark. */
function withoutBreaks(text: string): string {
  return text
    .replace(/^\uFEFF/, "")
    .replace(/\r?\n$/, "")
    .replaceAll("\r\n", "\n");
}

/** Growing columns of numbers: objects would take ten times the memory. */
class RecordIndex {
  length = 0;
  #offsets = new Float64Array(1024);
  #sizes = new Uint32Array(1024);
  #lines = new Float64Array(1024);

  add(offset: number, size: number, line: number): void {
    if (this.length === this.#sizes.length) this.#grow();
    this.#offsets[this.length] = offset;
    this.#sizes[this.length] = size;
    this.#lines[this.length] = line;
    this.length++;
  }

  offset(index: number): number {
    return this.#offsets[index]!;
  }

  size(index: number): number {
    return this.#sizes[index]!;
  }

  line(index: number): number {
    return this.#lines[index]!;
  }

  #grow(): void {
    const larger = <A extends Float64Array | Uint32Array>(values: A): A => {
      const grown = new (values.constructor as new (length: number) => A)(values.length * 2);
      grown.set(values);
      return grown;
    };
    this.#offsets = larger(this.#offsets);
    this.#sizes = larger(this.#sizes);
    this.#lines = larger(this.#lines);
  }
}
