import { readSafetensors, WeightsError, writeSafetensors } from "@convbert/converter";
import { byteLengthOf, safetensorsSize, WIRE_DTYPES } from "@convbert/converter/internal";
import { describe, expect, test } from "vitest";
import { collect, fixture, fixtureJson, numbers, type Recorded, streamed, tensor } from "./support.js";

/** A file with the given header, written by hand. */
function file(header: unknown, dataLength: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (dtype: string, shape: unknown, start: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

describe("reading", () => {
  test("gives every value of every type that PyTorch writes", async () => {
    const expected = fixtureJson<Recorded>("kinds.json");
    const reader = await readSafetensors(fixture("kinds.safetensors"));
    expect(reader.format).toBe("safetensors");
    expect({ ...reader.metadata }).toEqual({ format: "pt" });
    expect([...reader.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, info] of reader.tensors) {
      expect([name, info.shape]).toEqual([name, expected[name]!.shape]);
      expect([name, numbers(await reader.read(name))]).toEqual([name, expected[name]!.values]);
      if (info.dtype !== "C64") expect([name, await streamed(reader, name)]).toEqual([name, expected[name]!.values]);
    }
    await expect(streamed(reader, "C64")).rejects.toMatchObject({ code: "unsupported", tensor: "C64" });
  });

  test("gives any part of a tensor, of every type of whole bytes", async () => {
    const expected = fixtureJson<Recorded>("kinds.json");
    const reader = await readSafetensors(fixture("kinds.safetensors"));
    let parts = 0;
    for (const [name, { dtype }] of reader.tensors) {
      const values = expected[name]!.values;
      if (dtype === "C64" || /^F[46](?:_|$)/.test(dtype)) {
        await expect(reader.slice(name, 0, 1)).rejects.toMatchObject({ code: "unsupported" });
        continue;
      }
      for (const [first, count] of [
        [0, values.length],
        [1, values.length - 1],
        [values.length, 0],
        [0, 1],
      ] as const) {
        if (count < 0 || first + count > values.length) continue;
        const part = [...(await reader.slice(name, first, count))];
        const whole = (await streamed(reader, name)) as number[];
        expect([name, first, part.map(String)]).toEqual([name, first, whole.slice(first, first + count).map(String)]);
        parts++;
      }
      for (const [first, count] of [
        [0, values.length + 1],
        [-1, 1],
        [0.5, 1],
        [values.length, 1],
        [0, Number.NaN],
      ] as const) {
        await expect(reader.slice(name, first, count)).rejects.toBeInstanceOf(RangeError);
      }
    }
    expect(parts).toBeGreaterThan(20);
    await expect(reader.slice("nothing", 0, 1)).rejects.toMatchObject({ code: "missing" });
    await expect(reader.slice("F32", 0, 1, { signal: AbortSignal.abort() })).rejects.toThrow("abort");
  });

  test("gives arrays of the type's own kind", async () => {
    const reader = await readSafetensors(fixture("kinds.safetensors"));
    const kinds: Record<string, unknown> = {};
    for (const name of reader.tensors.keys()) kinds[name] = (await reader.read(name)).constructor.name;
    expect(kinds).toMatchObject({
      F64: "Float64Array",
      F32: "Float32Array",
      F16: "Float32Array",
      BF16: "Float32Array",
    });
    expect(kinds).toMatchObject({ I64: "BigInt64Array", U64: "BigUint64Array", BOOL: "Uint8Array", I8: "Int8Array" });
    expect(kinds).toMatchObject({
      U16: "Uint16Array",
      F8_E4M3: "Float32Array",
      C64: "Float32Array",
      scalar: "Float32Array",
    });
  });

  test("gives views of memory where the values are aligned, and copies where they are not", async () => {
    const bytes = fixture("kinds.safetensors");
    expect((await (await readSafetensors(bytes)).read("F32")).buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    const reader = await readSafetensors(shifted);
    const values = await reader.read("F32");
    expect(values.buffer).not.toBe(shifted.buffer);
    expect(numbers(values)).toEqual(await streamed(reader, "F32"));
  });

  test("streams large tensors in pieces, from a file through one buffer", async () => {
    const count = 1_000_003;
    const values = Float32Array.from({ length: count }, (_, i) => i);
    const bytes = await collect(writeSafetensors([tensor("large", "F32", [count], values)]));
    const reads: number[] = [];
    const buffers = new Set<ArrayBufferLike>();
    const source = {
      name: "large.safetensors",
      size: bytes.length,
      async read(offset: number, target: Uint8Array) {
        reads.push(target.length);
        buffers.add(target.buffer);
        target.set(bytes.subarray(offset, offset + target.length));
      },
      async close() {},
    };
    const reader = await readSafetensors(source);
    reads.length = 0;
    buffers.clear();
    let seen = 0;
    let wrong = 0;
    await reader.stream("large", (offset, chunk) => {
      for (let i = 0; i < chunk.length; i++) if (chunk[i] !== offset + i) wrong++;
      seen += chunk.length;
    });
    expect([seen, wrong]).toEqual([count, 0]);
    expect(Math.max(...reads)).toBe(1 << 20);
    expect(buffers.size).toBe(1);
  });

  test("widens one tensor after the other in the same buffer, and two at a time in two", async () => {
    const half = (name: string) => tensor(name, "F16", [4], Float32Array.of(1, 2, 3, 4));
    const reader = await readSafetensors(await collect(writeSafetensors([half("a"), half("b"), half("c")])));
    const buffers: ArrayBufferLike[] = [];
    const stream = (name: string) =>
      reader.stream(name, (_, values) => {
        expect([...values]).toEqual([1, 2, 3, 4]);
        buffers.push(values.buffer);
      });
    await stream("a");
    await stream("b");
    expect(buffers[1]).toBe(buffers[0]);
    await Promise.all([stream("a"), stream("c")]);
    expect(buffers[3]).not.toBe(buffers[2]);
  });

  test("stops when the signal aborts", async () => {
    const reader = await readSafetensors(fixture("kinds.safetensors"));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(reader.read("F32", { signal })).rejects.toThrow("enough");
    await expect(reader.stream("F32", () => {}, { signal })).rejects.toThrow("enough");
  });

  test("names what is missing", async () => {
    const reader = await readSafetensors(fixture("model/model.safetensors"));
    const error = await reader.read("embeddings.word_embeddings.weight").catch((caught) => caught);
    expect(error).toBeInstanceOf(WeightsError);
    expect(error).toMatchObject({ code: "missing", tensor: "embeddings.word_embeddings.weight" });
    expect(error.message).toMatch(/it has convbert\.embeddings\.word_embeddings\.weight/);
    await expect(reader.stream("nothing", () => {})).rejects.toMatchObject({ code: "missing" });
  });
});

describe("a damaged or hostile header", () => {
  const good = entry("F32", [2], 0, 8);
  test.each<[string, unknown, number]>([
    ["no JSON", "not json", 0],
    ["an array", "[]", 0],
    ["white space in front", ' {"a":1}', 0],
    ["a byte order mark", "\ufeff{}", 0],
    ["null for a tensor", { a: null }, 0],
    ["an unknown type", { a: entry("F33", [2], 0, 8) }, 8],
    ["a type of Object.prototype", { a: entry("constructor", [2], 0, 8) }, 8],
    ["no shape", { a: { dtype: "F32", data_offsets: [0, 8] } }, 8],
    ["a negative axis", { a: entry("F32", [-2], 0, 8) }, 8],
    ["a fractional axis", { a: entry("F32", [0.5], 0, 2) }, 2],
    ["an overflowing shape", { a: entry("F32", [2 ** 40, 2 ** 40], 0, 8) }, 8],
    ["a shape larger than its bytes", { a: entry("F32", [3], 0, 8) }, 8],
    ["a shape smaller than its bytes", { a: entry("F32", [1], 0, 8) }, 8],
    ["values that fill no whole byte", { a: entry("F4", [3], 0, 2) }, 2],
    ["offsets in reverse", { a: entry("F32", [2], 8, 0) }, 8],
    ["negative offsets", { a: entry("F32", [2], -8, 0) }, 8],
    ["offsets that are no numbers", { a: entry("F32", [2], "0", "8") }, 8],
    ["three offsets", { a: { dtype: "F32", shape: [2], data_offsets: [0, 4, 8] } }, 8],
    ["offsets past the end", { a: entry("F32", [2], 8, 16) }, 8],
    ["a gap in front", { a: entry("F32", [2], 4, 12) }, 12],
    ["a gap between", { a: good, b: entry("F32", [1], 12, 16) }, 16],
    ["an overlap", { a: good, b: entry("F32", [2], 4, 12) }, 12],
    ["the same place twice", { a: good, b: good }, 8],
    ["bytes left over", { a: good }, 9],
    ["bytes missing", { a: good }, 7],
    ["data without tensors", {}, 1],
    ["metadata that is no object", { __metadata__: "x" }, 0],
    ["metadata that is no text", { __metadata__: { a: 1 } }, 0],
  ])("with %s is refused", async (_, header, dataLength) => {
    await expect(readSafetensors(file(header, dataLength))).rejects.toMatchObject({
      name: "WeightsError",
      code: "format",
    });
  });

  test("with a lying length is refused before anything is allocated", async () => {
    for (const length of [1n, 2n ** 20n, 99_999_999n, 100_000_001n, 2n ** 53n, 2n ** 64n - 1n]) {
      const bytes = file("{}", 0);
      new DataView(bytes.buffer).setBigUint64(0, length, true);
      await expect(readSafetensors(bytes)).rejects.toMatchObject({ code: "format" });
    }
    for (let length = 0; length < 10; length++) {
      await expect(readSafetensors(new Uint8Array(length))).rejects.toMatchObject({ code: "format" });
    }
    const bad = file("{xxxx}", 0);
    bad[9] = 0xff;
    await expect(readSafetensors(bad)).rejects.toMatchObject({ code: "format" });
  });

  test("that the file ends in is called cut off", async () => {
    const bytes = fixture("kinds.safetensors");
    for (const length of [9, 20, 200]) {
      await expect(readSafetensors(bytes.slice(0, length))).rejects.toThrow(
        new RegExp(`ends after ${length} bytes, within its header of \\d+: it was cut off; download or copy it again`),
      );
    }
  });

  test("that only looks strange is read", async () => {
    expect((await readSafetensors(file("{}   ", 0))).tensors.size).toBe(0);
    const odd = file(
      '{"__proto__":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"":{"dtype":"F32","shape":[0],"data_offsets":[1,1]}}',
      1,
    );
    const reader = await readSafetensors(odd);
    expect([...reader.tensors.keys()].sort()).toEqual(["", "__proto__"]);
    expect(numbers(await reader.read("__proto__"))).toEqual([0]);
    expect(await streamed(reader, "")).toEqual([]);
  });
});

describe("writing", () => {
  test("gives the very bytes that the reference library writes", async () => {
    for (const name of ["kinds.safetensors", "model/model.safetensors"]) {
      const bytes = fixture(name);
      const reader = await readSafetensors(bytes);
      const copies = [...reader.tensors.values()].map(({ name: key, dtype, shape }) => ({
        name: key,
        dtype,
        shape,
        data: () => reader.bytes(key),
      }));
      // In any order of the tensors.
      expect(await collect(writeSafetensors(copies.reverse()))).toEqual(bytes);
      expect(safetensorsSize(copies)).toBe(bytes.length);
    }
  });

  test("and reading give every type back", async () => {
    const sized = WIRE_DTYPES.map((dtype) => {
      const length = byteLengthOf(dtype, [2, 8])!;
      return tensor(
        dtype,
        dtype,
        [2, 8],
        Uint8Array.from({ length }, (_, i) => i),
      );
    });
    const reader = await readSafetensors(await collect(writeSafetensors(sized)));
    for (const { name, data } of sized) {
      expect([name, await collect(reader.bytes(name))]).toEqual([name, data()]);
      expect((await reader.read(name)).length).toBe(name === "C64" ? 32 : 16);
    }
  });

  test("takes values in pieces, asks for each tensor once, in the order of the file", async () => {
    const asked: string[] = [];
    const pieces = (name: string, values: number[]) => ({
      name,
      dtype: "F16" as const,
      shape: [values.length],
      data: async () => {
        asked.push(name);
        return (async function* () {
          for (const value of values) yield Float32Array.of(value);
        })();
      },
    });
    const written = await collect(
      writeSafetensors([pieces("b", [1, 2]), pieces("a", [3, 4, 5])], { metadata: { made: "ü" } }),
    );
    const reader = await readSafetensors(written);
    expect(asked).toEqual(["a", "b"]);
    expect(await streamed(reader, "a")).toEqual([3, 4, 5]);
    expect({ ...reader.metadata }).toEqual({ made: "ü" });
  });

  test("leaves tied tensors out", async () => {
    const values = Float32Array.of(1, 2);
    const tensors = [tensor("a", "F32", [2], values), tensor("b", "F32", [2], values, "a")];
    expect([...(await readSafetensors(await collect(writeSafetensors(tensors)))).tensors.keys()]).toEqual(["a"]);
  });

  test("refuses what does not fit", async () => {
    const write = (...tensors: ReturnType<typeof tensor>[]) => collect(writeSafetensors(tensors));
    const mismatch = { name: "WeightsError", code: "mismatch" };
    const two = Float32Array.of(1, 2);
    await expect(write(tensor("a", "F32", [3], two))).rejects.toMatchObject({ ...mismatch, tensor: "a" });
    await expect(write(tensor("a", "F32", [1], two))).rejects.toMatchObject(mismatch);
    await expect(write(tensor("a", "F32", [-1], two))).rejects.toMatchObject(mismatch);
    await expect(write(tensor("a", "I32", [2], two))).rejects.toMatchObject(mismatch);
    await expect(write(tensor("a", "F32", [2], two), tensor("a", "F32", [2], two))).rejects.toMatchObject(mismatch);
    await expect(write(tensor("__metadata__", "F32", [2], two))).rejects.toMatchObject(mismatch);
    await expect(write(tensor("b", "F32", [2], two, "a"))).rejects.toMatchObject(mismatch);
  });
});
