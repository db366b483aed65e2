import { WeightsError } from "@convbert/converter";
import { describe, expect, test } from "vitest";
import { MAX_NESTING, ProtoReader } from "../src/protobuf/reader.js";
import { ProtoFile } from "../src/protobuf/scan.js";
import { ProtoWriter, varintLength } from "../src/protobuf/writer.js";
import { asFile } from "../src/source.js";
import { fromHex } from "./support.js";

const open = (hex: string) => new ProtoReader(fromHex(hex.replaceAll(" ", "")), "x.bin");

describe("a message", () => {
  test("is read as the specification's examples are", () => {
    const number = open("08 96 01");
    expect([number.next(), number.field, number.integer(), number.next()]).toEqual([true, 1, 150, false]);
    const text = open("12 07 74 65 73 74 69 6e 67");
    expect([text.next(), text.field, text.text()]).toEqual([true, 2, "testing"]);
    const nested = open("1a 03 08 96 01");
    nested.next();
    const inner = nested.message();
    expect([nested.field, inner.next(), inner.integer()]).toEqual([3, true, 150]);
    const packed = open("32 06 03 8e 02 9e a7 05 30 01");
    const values: number[] = [];
    while (packed.next()) packed.integers(values);
    expect(values).toEqual([3, 270, 86942, 1]);
    const negative = open("08 fe ff ff ff ff ff ff ff ff 01");
    expect([negative.next(), negative.integer()]).toEqual([true, -2]);
  });

  test("comes back from the writer, and what is not taken is skipped", () => {
    const bytes = new ProtoWriter()
      .integer(1, -5)
      .integer(2, 2n ** 63n - 1n)
      .text(3, "tür")
      .bytes(4, Uint8Array.of(0, 255))
      .float(5, 1.5)
      .double(6, -2.25)
      .fixed32(7, 0xdeadbeef)
      .boolean(8, true)
      .integers(9, [0, 127, 128, -1])
      .floats(10, [0.5, -1])
      .message(2000, new ProtoWriter().text(1, "inner"))
      .finish();
    const read = (wanted: (field: number) => boolean) => {
      const reader = new ProtoReader(bytes, "x");
      const found: unknown[] = [];
      while (reader.next()) {
        if (!wanted(reader.field)) continue;
        const numbers: number[] = [];
        const takers: Record<number, () => unknown> = {
          1: () => reader.integer(),
          2: () => reader.bigint(),
          3: () => reader.text(),
          4: () => [...reader.bytes()],
          5: () => reader.float(),
          6: () => reader.double(),
          7: () => reader.fixed32(),
          8: () => reader.boolean(),
          9: () => {
            reader.integers(numbers);
            return numbers;
          },
          10: () => {
            reader.floats(numbers);
            return numbers;
          },
          2000: () => {
            const message = reader.message();
            message.next();
            return message.text();
          },
        };
        found.push(takers[reader.field]!());
      }
      return found;
    };
    const all = [
      -5,
      2n ** 63n - 1n,
      "tür",
      [0, 255],
      1.5,
      -2.25,
      0xdeadbeef,
      true,
      [0, 127, 128, -1],
      [0.5, -1],
      "inner",
    ];
    expect(read(() => true)).toEqual(all);
    expect(read((field) => field === 2000)).toEqual(["inner"]);
    expect(read(() => false)).toEqual([]);
  });

  test("counts what a varint takes", () => {
    expect([0, 127, 128, 16383, 16384, 2 ** 32, -1, 2n ** 63n].map(varintLength)).toEqual([1, 1, 2, 2, 3, 5, 10, 10]);
  });

  const take = (reader: ProtoReader) => {
    while (reader.next()) {
      if (reader.field === 1) reader.integer();
      if (reader.field === 3) reader.text();
      if (reader.field === 4) reader.integers([]);
    }
  };
  test.each([
    ["a varint of eleven bytes", "08 ff ff ff ff ff ff ff ff ff ff 01", /more than 64 bits/],
    ["a varint of 65 bits", "08 ff ff ff ff ff ff ff ff ff 02", /more than 64 bits/],
    ["a skipped varint of 65 bits", "50 ff ff ff ff ff ff ff ff ff 02", /more than 64 bits/],
    ["an integer that no number holds", "08 ff ff ff ff ff ff ff ff 7f", /impossible value 9223372036854775807/],
    ["a varint without an end", "08 ff", /ends too early/],
    ["a length beyond the message", "12 05 61", /needs 5 bytes, and 1 are left/],
    ["a length beyond everything", "12 ff ff ff ff ff ff ff ff ff 01 61", /impossible value/],
    ["a fixed number that is cut", "11 00", /needs 8 bytes/],
    ["a packed number that is cut", "22 02 01 ff 08 01", /ends too early/],
    ["a group", "0b 0c", /wire type 3/],
    ["field 0", "00 01", /no field 0/],
    ["a field past 29 bits", "80 80 80 80 10 01", /no field 536870912/],
    ["another kind of value", "0d 00 00 00 00", /field 1 is no integer/],
    ["text that is not UTF-8", "1a 01 ff", /no UTF-8/],
  ])("with %s is refused", (_, hex, message) => {
    expect(() => take(open(hex))).toThrow(WeightsError);
    expect(() => take(open(hex))).toThrow(message);
  });

  test("nested deeper than a limit is refused", () => {
    let message = new ProtoWriter().integer(1, 1);
    for (let level = 0; level <= MAX_NESTING; level++) message = new ProtoWriter().message(2, message);
    const descend = (reader: ProtoReader): void => {
      while (reader.next()) if (reader.field === 2) descend(reader.message());
    };
    expect(() => descend(new ProtoReader(message.finish(), "x"))).toThrow(/nested deeper than 100/);
  });
});

describe("a message in a file", () => {
  const large = new Uint8Array(100_000).fill(7);
  const bytes = new ProtoWriter()
    .integer(1, 300)
    .message(2, new ProtoWriter().text(1, "a").bytes(9, large))
    .fixed32(3, 5)
    .double(4, 1)
    .finish();
  /** A file that counts what is read of it. */
  const counted = (contents: Uint8Array) => {
    const { bytes: _, ...file } = asFile(contents, "x.onnx");
    let total = 0;
    const read = (offset: number, target: Uint8Array) => {
      total += target.length;
      return file.read(offset, target);
    };
    return { file: { ...file, read }, total: () => total };
  };

  test("gives the places of its fields and reads little of it", async () => {
    const { file, total } = counted(bytes);
    const message = new ProtoFile(file);
    const found = [];
    for await (const { field, length } of message.fields()) found.push([field, length]);
    expect(found).toEqual([
      [1, 2],
      [2, large.length + 7],
      [3, 4],
      [4, 8],
    ]);
    expect(total()).toBeLessThan(40_000);
  });

  test("is entered without being read", async () => {
    const message = new ProtoFile(counted(bytes).file);
    for await (const outer of message.fields()) {
      if (outer.field !== 2) continue;
      for await (const inner of message.fields(outer)) {
        const value = await message.read(inner);
        expect(inner.field === 1 ? new TextDecoder().decode(value) : value).toEqual(inner.field === 1 ? "a" : large);
      }
    }
  });

  test("that ends within a field is refused", async () => {
    const walk = async (contents: Uint8Array) => {
      for await (const _ of new ProtoFile(counted(contents).file).fields());
    };
    await expect(walk(bytes.subarray(0, 5000))).rejects.toThrow(/field 2 at byte 3 needs 100007 bytes/);
    await expect(walk(fromHex("08ff"))).rejects.toThrow(/ends too early/);
    await expect(walk(fromHex("0b"))).rejects.toThrow(/wire type 3/);
  });
});
