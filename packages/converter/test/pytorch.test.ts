import { readPyTorch, tensorsOf, writePyTorch } from "@convbert/converter";
import { describe, expect, test } from "vitest";
import { collect, fixture, fixtureJson, numbers, type Recorded, streamed, tensor } from "./support.js";
import { buildZip, pickle, torchZip } from "./zip-build.js";

async function expectValues(file: Uint8Array, expected: Recorded): Promise<void> {
  const reader = await readPyTorch(file);
  expect([...reader.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [name, info] of reader.tensors) {
    expect([name, info.shape]).toEqual([name, expected[name]!.shape]);
    expect([name, numbers(await reader.read(name))]).toEqual([name, expected[name]!.values]);
    if (info.dtype !== "C64") expect([name, await streamed(reader, name)]).toEqual([name, expected[name]!.values]);
  }
}

describe("reading", () => {
  test("gives every value of every type", async () => {
    await expectValues(fixture("kinds.bin"), fixtureJson("kinds.json"));
  });

  test.each(["views.bin", "views-legacy.bin", "views-deflated.bin", "views-big-endian.bin"])(
    "gives views, transposed, strided, repeated and tied tensors of %s",
    async (name) => {
      await expectValues(fixture(name), fixtureJson("views.json"));
      const reader = await readPyTorch(fixture(name));
      expect(reader.tensors.get("tied")!.tiedTo).toBe("window");
      expect([...reader.tensors.values()].filter(({ tiedTo }) => tiedTo !== undefined).length).toBe(1);
    },
  );

  test.each(["layer.bin", "layer-nested.bin", "layer-nested-legacy.bin"])(
    "finds the state dict of %s",
    async (name) => {
      await expectValues(fixture(name), fixtureJson("layer.json"));
    },
  );

  test("reads large storages in pieces from a file", async () => {
    const count = 700_001;
    const values = Float32Array.from({ length: count }, (_, i) => i);
    const bytes = await collect(writePyTorch([tensor("large", "F32", [count], values)]));
    let largest = 0;
    const reader = await readPyTorch({
      name: "pytorch_model.bin",
      size: bytes.length,
      async read(offset, target) {
        largest = Math.max(largest, target.length);
        target.set(bytes.subarray(offset, offset + target.length));
      },
      async close() {},
    });
    let wrong = 0;
    await reader.stream("large", (offset, chunk) => {
      for (let i = 0; i < chunk.length; i++) if (chunk[i] !== offset + i) wrong++;
    });
    expect([wrong, largest]).toEqual([0, 1 << 20]);
  });
});

const storage = (key: string, count: number, type = "FloatStorage") =>
  `(X\x07\x00\x00\x00storagectorch\n${type}\nX\x01\x00\x00\x00${key}X\x03\x00\x00\x00cpuK${String.fromCharCode(count)}tQ`;
const rebuild = (inner: string, offset: string, shape: string, stride: string) =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${inner}${offset}(${shape}t(${stride}t\x89ccollections\nOrderedDict\n)RtR`;
const named = (value: string) => `}X\x01\x00\x00\x00a${value}s.`;
const four = { "0": new Uint8Array(16) };

describe("a pickle", () => {
  test("made by hand is read", async () => {
    const bytes = torchZip(pickle(0x80, 2, named(rebuild(storage("0", 4), "K\0", "K\x02K\x02", "K\x02K\x01"))), four);
    expect((await readPyTorch(bytes)).tensors.get("a")).toMatchObject({ dtype: "F32", shape: [2, 2], byteLength: 16 });
  });

  test.each([
    ["os.system", "cos\nsystem\n(X\x02\x00\x00\x00lstR."],
    ["posix.system by name", "\x8c\x05posix\x8c\x06system\x93."],
    ["builtins.eval", "c__builtin__\neval\n(X\x01\x00\x00\x001tR."],
    ["builtins.getattr", "cbuiltins\ngetattr\n(ctorch\nfloat32\nX\x01\x00\x00\x00xtR."],
    ["an instance by INST", "(X\x02\x00\x00\x00lsios\nsystem\n."],
    ["a runtime loader", "ctorch.storage\n_load_from_bytes\n(C\x01xtR."],
    ["a name of Object.prototype", "ctorch\nconstructor\n."],
    ["an extension code", "\x82\x01."],
  ])("that asks for %s is refused", async (_, code) => {
    await expect(readPyTorch(torchZip(pickle(0x80, 2, code)))).rejects.toMatchObject({
      name: "WeightsError",
      code: "format",
    });
    const legacy = fixture("views-legacy.bin");
    const head = Buffer.from(legacy).indexOf("}q", 60);
    const spliced = Buffer.concat([legacy.subarray(0, head), pickle(code)]);
    await expect(readPyTorch(new Uint8Array(spliced))).rejects.toMatchObject({ name: "WeightsError" });
  });

  test("of a whole module is refused by name, with what to do", async () => {
    const error = await readPyTorch(fixture("layer-whole.bin")).catch((caught) => caught);
    expect(error.message).toMatch(/torch\.nn\.modules\.container\.Sequential.*Nothing of it was run.*state_dict\(\)/s);
  });

  test("that refers to itself does no harm", async () => {
    // d = {"a": tensor, "me": d}; l = [l]
    const cyclic = `}q\x00X\x02\x00\x00\x00meh\x00sX\x04\x00\x00\x00list]q\x01h\x01asX\x01\x00\x00\x00a${rebuild(storage("0", 4), "K\0", "K\x04", "K\x01")}s.`;
    const reader = await readPyTorch(torchZip(pickle(0x80, 2, cyclic), four));
    expect([...reader.tensors.keys()]).toEqual(["a"]);
    const nest = "}q\x00X\x05\x00\x00\x00modelh\x00s.";
    await expect(readPyTorch(torchZip(pickle(0x80, 2, nest)))).rejects.toMatchObject({ code: "unsupported" });
    const deep = `${"(".repeat(5000)}N${"t".repeat(5000)}.`;
    await expect(readPyTorch(torchZip(pickle(0x80, 2, deep)))).rejects.toMatchObject({ code: "unsupported" });
  });

  test.each([
    ["nothing", ""],
    ["no end", "}"],
    ["an empty stack", "."],
    ["a mark and no more", "(."],
    ["a tuple without a mark", "Nt."],
    ["a call of a number", "K\x01)R."],
    ["a call without a tuple", "ccollections\nOrderedDict\n]R."],
    ["items for a list", "]NNs."],
    ["an odd number of items", "}(Nu."],
    ["an append to a number", "K\x01Na."],
    ["a memo that was never made", "h\x07."],
    ["text past the end", "X\xff\xff\xff\x7fabc."],
    ["bytes past the end", "\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc."],
    ["text that is not UTF-8", "X\x01\x00\x00\x00\xff."],
    ["an integer of many digits", `I${"9".repeat(400)}\n.`],
    ["an integer of many bytes", "\x8b\xff\xff\xff\x7f."],
    ["a string without quotes", "Sabc\n."],
    ["an unknown opcode", "\xff."],
    ["protocol 9", "\x80\x09N."],
    ["another reference", "X\x03\x00\x00\x00abcQ."],
    ["more objects than a checkpoint needs", "N".repeat(1_100_000)],
  ])("with %s is refused", async (_, code) => {
    await expect(readPyTorch(torchZip(pickle(code)))).rejects.toMatchObject({ name: "WeightsError", code: "format" });
  });

  test.each([
    ["a shape larger than its storage", "K\0", "K\x05", "K\x01", 4],
    ["an offset past its storage", "K\x03", "K\x02", "K\x01", 4],
    ["strides past its storage", "K\0", "K\x02K\x02", "K\x03K\x01", 4],
    ["a repeated value beyond the file", "K\0", "J\xff\xff\xff\x7f", "K\0", 4],
    ["a product past every number", "K\0", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f", "K\0K\0K\0", 4],
    ["a negative stride", "K\x03", "K\x02", "J\xff\xff\xff\xff", 4],
    ["a negative offset", "J\xff\xff\xff\xff", "K\x02", "K\x01", 4],
    ["fewer strides than axes", "K\0", "K\x02K\x02", "K\x01", 4],
    ["a storage longer than its record", "K\0", "K\x08", "K\x01", 8],
    ["text for a shape", "K\0", "X\x01\x00\x00\x002", "K\x01", 4],
  ])("with %s is refused", async (_, offset, shape, stride, count) => {
    const bytes = torchZip(pickle(0x80, 2, named(rebuild(storage("0", count), offset, shape, stride))), four);
    await expect(readPyTorch(bytes)).rejects.toMatchObject({ name: "WeightsError", code: "format", tensor: "a" });
  });

  test("with tensors that have no plain values is refused, and says which", async () => {
    const sparse = pickle(0x80, 2, named("ctorch._utils\n_rebuild_sparse_tensor\n)R"));
    await expect(readPyTorch(torchZip(sparse))).rejects.toMatchObject({ code: "unsupported", tensor: "a" });
    const wide = pickle(0x80, 2, named(rebuild(storage("0", 1, "ComplexDoubleStorage"), "K\0", "K\x01", "K\x01")));
    await expect(readPyTorch(torchZip(wide, four))).rejects.toMatchObject({ code: "unsupported", tensor: "a" });
    const absent = pickle(0x80, 2, named(rebuild(storage("7", 4), "K\0", "K\x01", "K\x01")));
    await expect(readPyTorch(torchZip(absent, four))).rejects.toMatchObject({ code: "format", tensor: "a" });
  });
});

describe("a file that is something else", () => {
  const text = (value: string) => new TextEncoder().encode(value.padEnd(600));
  const tar = new Uint8Array(1024);
  tar.set(new TextEncoder().encode("ustar"), 257);
  test.each<[string, Uint8Array, RegExp]>([
    ["a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\noid sha256:"), /git lfs pull/],
    ["an error page", text("<!DOCTYPE html><html>"), /web page/],
    ["an HDF5 file", Uint8Array.from([0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10]), /HDF5/],
    ["safetensors", fixture("kinds.safetensors"), /safetensors/],
    ["a tar archive", tar, /before 0\.1\.10/],
    ["empty", new Uint8Array(0), /not a file of torch\.save/],
    ["another zip archive", buildZip([{ name: "word/document.xml", data: text("x") }]), /word\/document\.xml/],
    [
      "a TorchScript program",
      buildZip(["m/data.pkl", "m/constants.pkl"].map((name) => ({ name, data: text("x") }))),
      /TorchScript/,
    ],
    ["a list of tensors", torchZip(pickle("].")), /no state dict.*a list/],
    ["an optimizer's state", torchZip(pickle("}X\x05\x00\x00\x00state}s.")), /keys state/],
  ])("as %s is refused and named", async (_, bytes, message) => {
    await expect(readPyTorch(bytes)).rejects.toThrow(message);
  });
});

describe("writing", () => {
  test("and reading give every type back, ties included", async () => {
    for (const name of ["kinds.bin", "views.bin", "model/pytorch_model.bin"]) {
      const original = await readPyTorch(fixture(name));
      const written = await collect(writePyTorch(tensorsOf(original)));
      const copy = await readPyTorch(written);
      expect([...copy.tensors.keys()]).toEqual([...original.tensors.keys()]);
      for (const [key, { dtype, shape, tiedTo }] of original.tensors) {
        expect(copy.tensors.get(key)).toMatchObject({ dtype, shape, ...(tiedTo && { tiedTo }) });
        expect(await collect(copy.bytes(key))).toEqual(await collect(original.bytes(key)));
      }
    }
  });

  test("lays a file out as torch.save does", async () => {
    const written = await collect(writePyTorch([tensor("a", "F32", [2], Float32Array.of(1, 2))]));
    const names = [
      ...Buffer.from(written)
        .toString("latin1")
        .matchAll(/PK\x01\x02.{42}(pytorch_model\/[\w./]+?)(?=PK)/gs),
    ];
    expect(names.map((match) => match[1])).toEqual([
      "pytorch_model/data.pkl",
      "pytorch_model/byteorder",
      "pytorch_model/data/0",
      "pytorch_model/version",
    ]);
    expect(await collect(writePyTorch([tensor("a", "F32", [2], Float32Array.of(1, 2))]))).toEqual(written);
  });

  test("refuses types that PyTorch has not", async () => {
    const write = collect(writePyTorch([tensor("a", "F4", [2], Uint8Array.of(1))]));
    await expect(write).rejects.toMatchObject({ name: "WeightsError", code: "unsupported", tensor: "a" });
  });
});
