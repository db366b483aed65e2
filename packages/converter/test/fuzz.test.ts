import { openWeights, readPyTorch, readSafetensors, WeightsError, type WeightsSource } from "@convbert/converter";
import { FilesError, openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { hostileJson } from "../../../tooling/config/hostile-json.ts";
import { seeded } from "../../../tooling/config/seeded.ts";
import { readOnnx } from "../src/formats/onnx/read.js";
import { CASES, mutate, type Random, run } from "./hostile.js";
import { floats, graph } from "./onnx-build.js";
import { fixture } from "./support.js";
import { buildZip, pickle, torchZip } from "./zip-build.js";

/** Replaces numbers in a header's text, and swaps words of it. */
function mutateHeader(original: Uint8Array, random: Random): Uint8Array {
  const length = Number(new DataView(original.buffer).getBigUint64(0, true));
  let text = new TextDecoder().decode(original.subarray(8, 8 + length));
  for (let turn = 1 + random(3); turn > 0; turn--) {
    const values = [...text.matchAll(/\d+|"[A-Z][A-Z0-9_]+"/g)];
    if (values.length === 0) break;
    const hit = values[random(values.length)]!;
    const pool = hit[0].startsWith('"')
      ? ['"F64"', '"F4"', '"BOOL"', '"F99"', '"F6_E2M3"', "null"]
      : numbersFor(Number(hit[0]));
    text = text.slice(0, hit.index) + pool[random(pool.length)] + text.slice(hit.index + hit[0].length);
  }
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + original.length - 8 - length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length + (random(10) === 0 ? random(20) - 10 : 0)), true);
  bytes.set(json, 8);
  bytes.set(original.subarray(8 + length), 8 + json.length);
  return bytes;
}

function numbersFor(value: number): string[] {
  return [value + 1, value - 1, value * 2, 0, -1, 2 ** 31, 2 ** 53, 1e300, 0.5].map(String).concat("null", '"1"', "[]");
}

describe("ten thousand damaged files", () => {
  test("of safetensors are read or refused", async () => {
    const bases = [fixture("kinds.safetensors"), fixture("model/model.safetensors").slice(0)];
    const outcomes = await run(
      (random) => {
        const base = bases[random(20) === 0 ? 1 : 0]!;
        return random(2) === 0 ? mutateHeader(base, random) : mutate(base, random, 1500);
      },
      readSafetensors,
      CASES,
    );
    expect(outcomes.read + outcomes.refused).toBe(CASES);
    // The damage is neither always fatal nor always harmless: the readers' whole length is exercised.
    expect(outcomes.refused).toBeGreaterThan(CASES / 2);
    expect(outcomes.read).toBeGreaterThan(CASES / 100);
  });

  test("of torch.save are read or refused", async () => {
    const names = [
      "kinds.bin",
      "views.bin",
      "views-legacy.bin",
      "layer-nested-legacy.bin",
      "layer.bin",
      "views-big-endian.bin",
    ];
    const bases = names.map(fixture);
    const deflated = fixture("views-deflated.bin");
    const pickles = archives(["kinds.bin", "views.bin", "layer-nested.bin"]);
    const outcomes = await run(
      (random) => {
        const kind = random(20);
        if (kind === 0) return mutate(deflated, random);
        if (kind < 10) return mutate(bases[random(bases.length)]!, random);
        // A sound archive around a damaged pickle: past the checks of the zip layer.
        const { data, storages } = pickles[random(pickles.length)]!;
        return torchZip(mutate(data, random), storages);
      },
      readPyTorch,
      CASES,
    );
    expect(outcomes.read + outcomes.refused).toBe(CASES);
    expect(outcomes.refused).toBeGreaterThan(CASES / 4);
    expect(outcomes.read).toBeGreaterThan(CASES / 100);
  });
});

describe("ten thousand indices of shards", () => {
  test("are opened or refused, and lead to no file outside the folder", async () => {
    const text = JSON.stringify({
      metadata: { total_size: 100, note: "x" },
      weight_map: { F32: "kinds.safetensors", F16: "kinds.safetensors", other: "other.safetensors" },
    });
    const shards = {
      "kinds.safetensors": fixture("kinds.safetensors"),
      "other.safetensors": fixture("kinds.safetensors"),
    };
    const names = ["../kinds.safetensors", "/etc/passwd", "kinds.safetensors/..", "config.json", "C:/x", "a\\u0000b"];
    let opened = 0;
    for (let turn = 0; turn < CASES; turn++) {
      const random = seeded(turn + 1);
      const map = text.replace(/[a-z]+\.safetensors/g, (name) =>
        random(8) === 0 ? names[random(names.length)]! : name,
      );
      const files = await openFiles({ ...shards, "model.safetensors.index.json": hostileJson(map, random) });
      try {
        await (await openWeights(files)).close();
        opened++;
      } catch (error) {
        const known = error instanceof WeightsError || error instanceof FilesError;
        if (!known) throw new Error(`case ${turn}`, { cause: error });
        expect((error as Error).message.length).toBeLessThan(2000);
      }
    }
    expect(opened).toBeGreaterThan(CASES / 20);
    expect(opened).toBeLessThan(CASES * 0.9);
  });
});

describe("damaged ONNX graphs", () => {
  const constants = [
    { name: "onnx::MatMul_1", shape: [2, 3], bytes: floats(1, 2, 3, 4, 5, 6) },
    { name: "a.bias", shape: [3], bytes: floats(0, 0, 0) },
    { name: "half.weight", type: 10, shape: [2], bytes: new Uint8Array(4) },
    { name: "beside.weight", shape: [1], entries: { location: "model.onnx_data", offset: "0", length: "4" } },
  ];
  const nodes: [string, string[], string[]][] = [
    ["Identity", ["a.bias"], ["b.bias"]],
    ["MatMul", ["x", "onnx::MatMul_1"], ["y"]],
    ["Add", ["y", "b.bias"], ["z"]],
  ];

  test("are read or refused", async () => {
    const whole = graph(constants.slice(0, 3), nodes);
    const { read, refused } = await run((random) => mutate(whole, random), readOnnx, CASES);
    expect(Math.min(read, refused)).toBeGreaterThan(CASES / 20);
  });

  test("with a table of their weights are read or refused", async () => {
    const table = {
      "a.weight": { shape: [2, 2], of: ["onnx::MatMul_1"], columns: [0, 2], transposed: true },
      "a.bias": { shape: [3], of: ["a.bias"] },
    };
    const whole = graph(constants.slice(0, 3), nodes, [["convbert.weights", JSON.stringify(table)]]);
    const { read, refused } = await run((random) => mutate(whole, random), readOnnx, CASES);
    expect(Math.min(read, refused)).toBeGreaterThan(CASES / 20);
  });

  test("with values beside them are read or refused", async () => {
    const whole = graph(constants, nodes);
    const files = await openFiles({ "model.onnx_data": floats(1, 2, 3) });
    const open = async (source: WeightsSource) => {
      try {
        return await readOnnx(source, (name) => files.open(name));
      } catch (error) {
        // Another name than that of the only file that there is.
        throw error instanceof FilesError ? new WeightsError("missing", error.message) : error;
      }
    };
    const { read, refused } = await run((random) => mutate(whole, random), open, CASES / 2);
    expect(Math.min(read, refused)).toBeGreaterThan(CASES / 40);
  });
});

/** Pickle and storages of archives, taken apart by the central directory. */
function archives(names: readonly string[]) {
  return names.map((name) => {
    const bytes = Buffer.from(fixture(name));
    const storages: Record<string, Uint8Array> = {};
    let data: Uint8Array = new Uint8Array(0);
    for (
      let at = bytes.indexOf("PK\x01\x02", 0, "latin1");
      at >= 0;
      at = bytes.indexOf("PK\x01\x02", at + 4, "latin1")
    ) {
      const entry = bytes.toString("latin1", at + 46, at + 46 + bytes.readUInt16LE(at + 28));
      const local = bytes.readUInt32LE(at + 42);
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const contents = new Uint8Array(bytes.subarray(start, start + bytes.readUInt32LE(at + 24)));
      if (entry.endsWith("/data.pkl")) data = contents;
      const key = /\/data\/(\d+)$/.exec(entry)?.[1];
      if (key !== undefined) storages[key] = contents;
    }
    return { data, storages };
  });
}

describe("bombs", () => {
  const refused = { name: "WeightsError" };

  test("of deflate end where they pass what they declare", async () => {
    const zeros = new Uint8Array(64 << 20);
    const bomb = buildZip([{ name: "a/data.pkl", data: zeros, deflate: true, size: 1000, crc: 0 }]);
    expect(bomb.length).toBeLessThan(100_000);
    await expect(readPyTorch(bomb)).rejects.toMatchObject(refused);
    const liar = buildZip([{ name: "a/data.pkl", data: zeros.subarray(0, 1000), deflate: true, size: 2 ** 31 - 1 }]);
    await expect(readPyTorch(liar)).rejects.toMatchObject(refused);
    const honest = buildZip([{ name: "a/data.pkl", data: new Uint8Array(65 << 20), deflate: true }]);
    await expect(readPyTorch(honest)).rejects.toThrow(/too large/);
  });

  test("of entries that share their bytes are refused", async () => {
    const kernel = { name: "a/data/0", data: new Uint8Array(1000), deflate: true };
    const parts = [
      kernel,
      ...Array.from({ length: 100 }, (_, i) => ({ ...kernel, name: `a/data/${i + 1}`, offset: 0 })),
    ];
    await expect(readPyTorch(buildZip(parts))).rejects.toMatchObject(refused);
  });

  test.each([
    ["marks", "(".repeat(2_000_000)],
    ["dicts", "}".repeat(2_000_000)],
    ["copies", `N${"2".repeat(2_000_000)}`],
    ["calls that copy", `](${"NN\x86".repeat(5000)}eq\x00${"ccollections\nOrderedDict\nh\x00\x85R0".repeat(5000)}`],
  ])("of pickled %s end at a limit", async (_, code) => {
    await expect(readPyTorch(torchZip(pickle(code)))).rejects.toThrow(/more than \d+ objects|cut short/);
  });

  test("of laughs, lists of lists of the same list, take no more than they are", async () => {
    let code = "](NNNNNNNNNNeq\x00";
    for (let level = 1; level < 60; level++) {
      const previous = `h${String.fromCharCode(level - 1)}`;
      code += `](${previous.repeat(10)}eq${String.fromCharCode(level)}`;
    }
    await expect(readPyTorch(torchZip(pickle(code, ".")))).rejects.toMatchObject({ ...refused, code: "unsupported" });
  });

  test("of copied dictionaries take no more memory than their file", async () => {
    // 20 KB of keys, and calls that copy all of them: once 780 MB.
    const keys = Array.from({ length: 3000 }, (_, i) => `M${String.fromCharCode(i & 255, i >> 8)}N\x86`).join("");
    const code = `](${keys}eq\x00${"ccollections\nOrderedDict\nh\x00\x85R".repeat(200)}`;
    const bytes = torchZip(pickle(code));
    expect(bytes.length).toBeLessThan(25_000);
    const before = process.memoryUsage().heapUsed;
    await expect(readPyTorch(bytes)).rejects.toThrow(/more than \d+ objects/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40 << 20);
  });

  const tensorOf = (key: string, count: string, shape: string, strides: string, offset = "K\x00") => {
    const storage = `(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00${key}X\x03\x00\x00\x00cpu${count}tQ`;
    return `ctorch._utils\n_rebuild_tensor\n(${storage}${offset}(${shape}t(${strides}ttR`;
  };
  const int = (value: number) =>
    `J${String.fromCharCode(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255)}`;

  test("of a view that repeats one value as often as a packed neighbour is long are refused", async () => {
    const code = `}X\x01\x00\x00\x00a${tensorOf("0", "K\x01", int(200_000), "K\x00")}s.`;
    const bytes = buildZip([
      { name: "a/data.pkl", data: pickle(code) },
      { name: "a/data/0", data: new Uint8Array(4) },
      { name: "a/data/1", data: new Uint8Array(1 << 20), deflate: true },
    ]);
    expect(bytes.length).toBeLessThan(3000);
    await expect(readPyTorch(bytes)).rejects.toThrow(/claims values again that others have/);
  });

  test("of views that overlap are refused, where together they are more than the file", async () => {
    const count = 100_000;
    let code = "}";
    for (let i = 0; i < 100; i++) {
      code += `X\x02\x00\x00\x00${String(i).padStart(2, "0")}${tensorOf("0", int(count), int(count - i), "K\x01", `K${String.fromCharCode(i)}`)}s`;
    }
    const bytes = torchZip(pickle(`${code}.`), { "0": new Uint8Array(4 * count) });
    await expect(readPyTorch(bytes)).rejects.toThrow(/claims values again that others have/);
  });

  test("of packed entries that lie about their length are refused before anything is made", async () => {
    const liar = buildZip([
      { name: "a/data.pkl", data: pickle("}.") },
      { name: "a/data/0", data: new Uint8Array(1000), deflate: true, size: 2 ** 31 - 1 },
    ]);
    await expect(readPyTorch(liar)).rejects.toThrow(/cannot unpack to 2147483647 bytes/);
  });

  test("of repeated strides are refused", async () => {
    // A million by a million values, all of them the same one.
    const shape = "(J\x00\x00\x10\x00J\x00\x00\x10\x00t(K\x00K\x00t";
    const storage = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQ";
    const code = `}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor\n(${storage}K\x00${shape}tRs.`;
    await expect(readPyTorch(torchZip(pickle(code), { "0": new Uint8Array(4) }))).rejects.toThrow(/claims .* values/);
  });
});
