import { openWeights, tensorsOf, type WeightsReader, type WeightsSource, weightFiles } from "@convbert/converter";
import { type FileSet, FilesError, openFiles, writeFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { seeded } from "../../../tooling/config/seeded.ts";
import { lookup3 } from "../src/formats/tensorflow/hdf5/lookup3.js";
import { readKerasWeights } from "../src/formats/tensorflow/read.js";
import { crc32c, masked } from "../src/formats/tf1/table/crc32c.js";
import { readTable } from "../src/formats/tf1/table/read.js";
import { unsnap } from "../src/formats/tf1/table/snappy.js";
import { writeTable } from "../src/formats/tf1/table/write.js";
import { asFile } from "../src/source.js";
import { CASES, LIES, LONG_LIES, mutate, type Random, run } from "./hostile.js";
import { fixture, fixtureJson } from "./support.js";

/** Places where four letters stand. */
function places(bytes: Uint8Array, letters: string): number[] {
  const found: number[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = buffer.indexOf(letters, 0, "latin1"); at >= 0; at = buffer.indexOf(letters, at + 1, "latin1"))
    found.push(at);
  return found;
}

const NODES = ["TREE", "SNOD", "HEAP", "GCOL", "OHDR", "OCHK"];

/** Lies in a structure: a count, a length, an address, one of another structure. */
function mutateHdf5(original: Uint8Array, random: Random): Uint8Array {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  const nodes = NODES.flatMap((letters) => places(bytes, letters));
  for (let turn = 1 + random(3); turn > 0; turn--) {
    const node = nodes[random(nodes.length)] ?? 0;
    const at = Math.min(
      (random(3) === 0 ? random(bytes.length) : node + 4 + random(60)) & ~random(8),
      bytes.length - 8,
    );
    switch (random(5)) {
      case 0:
        view.setUint8(at, random(256));
        break;
      case 1:
        view.setUint16(at, LIES[random(LIES.length)]! & 65535, true);
        break;
      case 2:
        view.setBigUint64(at, LONG_LIES[random(LONG_LIES.length)]!, true);
        break;
      case 3: {
        // An address becomes another one: of a node above, of itself, of a heap.
        const pointers = pointersOf(bytes, nodes);
        const from = pointers[random(pointers.length)] ?? at;
        view.setBigUint64(from, BigInt(nodes[random(nodes.length)] ?? 0), true);
        break;
      }
      default:
        bytes.copyWithin(at, node, node + 16);
    }
  }
  return random(4) === 0 ? bytes : sealed(bytes);
}

/** Places of addresses of structures. */
function pointersOf(bytes: Uint8Array, nodes: readonly number[]): number[] {
  const view = new DataView(bytes.buffer);
  const known = new Set(nodes);
  const found: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at++) {
    if (view.getUint32(at + 4, true) === 0 && known.has(view.getUint32(at, true))) found.push(at);
  }
  return found;
}

/** With checksums that are right, so that the lie behind them is met. */
function sealed(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  const seal = (from: number, to: number) => {
    if (to > from && to + 4 <= bytes.length) view.setUint32(to, lookup3(bytes.subarray(from, to)), true);
  };
  if (bytes[8]! >= 2) seal(0, 44);
  for (const at of places(bytes, "OHDR")) {
    const flags = bytes[at + 5]!;
    const size = 2 ** (flags & 3);
    const head = 6 + (flags & 32 ? 16 : 0) + (flags & 16 ? 4 : 0);
    let length = 0;
    for (let i = 0; i < Math.min(size, 4); i++) length += (bytes[at + head + i] ?? 0) * 256 ** i;
    seal(at, at + head + size + length);
  }
  return bytes;
}

describe("ten thousand damaged files", () => {
  test("of Keras are read or refused", async () => {
    const names = [
      "earliest",
      "latest",
      "variable-text",
      "chunked-names",
      "compact",
      "detours",
      "detours-latest",
      "tracked",
    ];
    const bases = names.map((name) => fixture(`hdf5/${name}.h5`));
    const place = new Map<string, Blob>();
    const encoder = await openWeights(
      await openFiles({ "model.safetensors": fixture("tf1/encoder/expected.safetensors") }),
    );
    await writeFiles(place, (await weightFiles(tensorsOf(encoder), { format: "tensorflow" })).files);
    bases.push(new Uint8Array(await place.get("tf_model.h5")!.arrayBuffer()));
    const outcomes = await run(
      (random) => {
        const base = bases[random(bases.length)]!;
        return random(4) === 0 ? mutate(base, random, 2000) : mutateHdf5(base, random);
      },
      readKerasWeights,
      CASES,
    );
    expect(outcomes.read + outcomes.refused).toBe(CASES);
    expect(outcomes.refused).toBeGreaterThan(CASES / 4);
    expect(outcomes.read).toBeGreaterThan(CASES / 20);
  });

  test("of TensorFlow 1 are read or refused", async () => {
    const folders = ["kinds", "generator"].map((name) => {
      const index = fixture(`tf1/${name}/model.ckpt.index`);
      return { index, entries: readTable(index, "x"), data: fixture(`tf1/${name}/model.ckpt.data-00000-of-00001`) };
    });
    let data = folders[0]!.data;
    const outcomes = await run(
      (random) => {
        // Mostly the small one: the large one has nothing that it has not.
        const { index, entries, ...folder } = folders[random(20) === 0 ? 1 : 0]!;
        data = folder.data;
        if (random(8) === 0) return mutate(index, random);
        if (random(2) === 0) return resealed(index, random);
        // Entries that are damaged, under checksums that are right.
        const changed = entries.map((entry) => ({ ...entry }));
        for (let turn = 1 + random(3); turn > 0; turn--) {
          const entry = changed[random(3) === 0 ? 0 : random(changed.length)]!;
          entry.value = mutateMessage(entry.value, random);
        }
        return writeTable(changed, 1 + random(40));
      },
      (source) => openIndex(source, data),
      CASES,
    );
    expect(outcomes.read + outcomes.refused).toBe(CASES);
    expect(outcomes.refused).toBeGreaterThan(CASES / 4);
    expect(outcomes.read).toBeGreaterThan(CASES / 20);
  });

  test("of Snappy are unpacked or refused", () => {
    const packed = fixtureJson<[string, string][]>("tf1/snappy.json").map(
      ([hex]) => new Uint8Array(Buffer.from(hex, "hex")),
    );
    let refused = 0;
    for (let turn = 0; turn < CASES; turn++) {
      const random = seeded(turn + 1);
      const bytes = mutate(packed[random(packed.length)]!, random);
      const text = unsnap(bytes);
      if (text === null) refused++;
      else expect(text.length).toBeLessThanOrEqual(bytes.length * 22 + 64);
    }
    expect(refused).toBeGreaterThan(CASES / 4);
    expect(refused).toBeLessThan(CASES);
  });
});

/** A folder with an index to be opened. */
async function openIndex(source: WeightsSource, data: Uint8Array): Promise<WeightsReader> {
  const index = asFile(source, "model.ckpt.index");
  const others: Record<string, Uint8Array> = { "model.ckpt.data-00000-of-00001": data };
  const files = await openFiles(others);
  const folder: FileSet = {
    ...files,
    has: async (name) => name === index.name || (await files.has(name)),
    list: async () => ["model.ckpt.index", ...Object.keys(others)],
    async open(name) {
      if (name === "model.ckpt.index") return { ...index, name };
      if (name in others) return files.open(name);
      throw new FilesError("not-found", `there is no ${name}`, { location: "memory", file: name });
    },
  };
  return openWeights(folder, { format: "tf1" });
}

/** A message with another length, a longer number, a field twice, one message in another. */
function mutateMessage(value: Uint8Array, random: Random): Uint8Array {
  const at = random(value.length + 1);
  const insert = (...bytes: number[]) => Uint8Array.from([...value.subarray(0, at), ...bytes, ...value.subarray(at)]);
  const long = (last: number) => [...new Array<number>(9).fill(0xff), last];
  switch (random(7)) {
    case 0:
      return insert(8 * (1 + random(8)) + random(6), ...long(random(4)));
    case 1:
      return insert(0x12, random(200), 0x12, random(200));
    case 2:
      return Uint8Array.from([...value, ...value]);
    case 3: {
      let nested: number[] = [0x08, 0x01];
      for (let level = random(120); level > 0 && nested.length < 16_000; level--) {
        const length = nested.length < 128 ? [nested.length] : [(nested.length & 127) | 128, nested.length >> 7];
        nested = [0x12, ...length, ...nested];
      }
      return Uint8Array.from([...value, ...nested]);
    }
    case 4:
      return insert(...long(1));
    case 5:
      return value.slice(0, at);
    default:
      return mutate(value, random);
  }
}

/** The blocks of a table, damaged inside, with checksums and places that are right. */
function resealed(index: Uint8Array, random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  const handles: number[][] = [];
  let at = 0;
  const append = (contents: Uint8Array, kind: number) => {
    const block = Uint8Array.from([...contents, kind, 0, 0, 0, 0]);
    new DataView(block.buffer).setUint32(block.length - 4, masked(crc32c(block.subarray(0, -4))), true);
    handles.push([...varint(at), ...varint(contents.length)]);
    parts.push(block);
    at += block.length;
  };
  const footer = index.subarray(-48);
  const [filters, , places, size] = numbers(footer);
  const data = index.subarray(0, filters! - 5);
  append(random(3) === 0 ? data : mutateBlock(data, random), random(10) === 0 ? random(3) : 0);
  append(index.subarray(filters!, filters! + 8), 0);
  const original = index.subarray(places!, places! + size!);
  const restarts = Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0);
  const own = Uint8Array.from([0, 1, handles[0]!.length, 0x68, ...handles[0]!, ...restarts]);
  append(random(4) === 0 ? mutateBlock(random(2) === 0 ? own : original, random) : own, 0);
  const end = new Uint8Array(48);
  end.set([...handles[1]!, ...handles[2]!]);
  end.set(footer.subarray(40), 40);
  return Uint8Array.from([...parts.flatMap((part) => [...part]), ...end]);
}

/** Prefix lengths beyond the key, lengths beyond the block, numbers that do not end. */
function mutateBlock(block: Uint8Array, random: Random): Uint8Array {
  const bytes = block.slice();
  for (let turn = 1 + random(3); turn > 0; turn--) {
    const at = random(random(2) === 0 ? bytes.length : Math.min(bytes.length, 200));
    const values = [0, 1, 127, 128, 255, random(256), bytes[at]! + 1];
    bytes[at] = values[random(values.length)]!;
    if (random(6) === 0) new DataView(bytes.buffer).setUint32(bytes.length - 4, LIES[random(LIES.length)]!, true);
  }
  return bytes;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
}

function numbers(bytes: Uint8Array): number[] {
  const found: number[] = [];
  let [value, shift] = [0, 0];
  for (const byte of bytes) {
    value += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte >= 128) continue;
    found.push(value);
    [value, shift] = [0, 0];
  }
  return found;
}
