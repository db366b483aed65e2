import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { namedTensor, openWeights, tensorsOf, type WeightsReader, weightFiles } from "@convbert/converter";
import { openFiles, writeFiles } from "@convbert/files";
import { describe, expect, onTestFinished, test } from "vitest";
import { sharedFolder } from "../../../tooling/config/machine.ts";
import { readTable, type TableEntry } from "../src/formats/tf1/table/read.js";
import { unsnap } from "../src/formats/tf1/table/snappy.js";
import { writeTable } from "../src/formats/tf1/table/write.js";
import { ProtoWriter } from "../src/protobuf/writer.js";
import { expectSame, fixture, fixtureJson, fixturePath, goldenFolders } from "./support.js";

const DATA = "model.ckpt.data-00000-of-00001";
const INDEX = "model.ckpt.index";

/** Files of a folder of fixtures by name, and others in place of them. */
function filesOf(name: string, others: Record<string, Uint8Array | string | undefined> = {}) {
  const own = readdirSync(fixturePath(`tf1/${name}`)).map((file) => [file, fixture(`tf1/${name}/${file}`)] as const);
  const all = Object.entries({ ...Object.fromEntries(own), ...others });
  return openFiles(
    Object.fromEntries(all.filter(([, contents]) => contents !== undefined)) as Record<string, Uint8Array>,
  );
}

async function expected(files: Awaited<ReturnType<typeof filesOf>>): Promise<WeightsReader> {
  return openWeights(await openFiles({ "model.safetensors": await files.readBytes("expected.safetensors") }));
}

async function written(reader: WeightsReader, maxShardSize = "10GB"): Promise<Record<string, Blob>> {
  const place = new Map<string, Blob>();
  await writeFiles(place, (await weightFiles(tensorsOf(reader), { format: "tf1", maxShardSize })).files);
  return Object.fromEntries(place);
}

const root = sharedFolder("fixtures/models");
const golden = ["default", "grouped", "projected-embeddings"]
  .map((name) => join(root ?? "", name, "tf1-checkpoint"))
  .filter((folder) => existsSync(folder))
  .map((folder) => [folder.split("/").slice(-2).join("/"), () => openFiles(folder)] as const);
const own = ["encoder", "grouped"].map((name) => [name, () => filesOf(name)] as const);

describe.each([...own, ...golden])("the checkpoint %s of TensorFlow", (_, open) => {
  test("has the weights that the reference's converter makes of it", async () => {
    const files = await open();
    const reader = await openWeights(files);
    expect(reader.format).toBe("tf1");
    await expectSame(reader, await expected(files));
    for (const [name, info] of reader.tensors) {
      const values: number[] = [];
      await reader.stream(name, (_offset, chunk) => void values.push(...chunk));
      expect([info.name, values]).toEqual([name, [...((await reader.read(name)) as Float32Array)]]);
    }
    if (await files.has("config.json")) {
      expect(JSON.parse(await files.readText("config.json"))).toMatchObject(reader.config!());
    }
    await reader.close();
  });

  test.each(["10GB", "2KB"])("comes back bit for bit from files of %s", async (size) => {
    const reader = await openWeights(await open());
    const again = await openWeights(await openFiles(await written(reader, size)));
    expect(again.format).toBe("tf1");
    await expectSame(again, reader);
    await reader.close();
  });
});

test("what is written is byte for byte what TensorFlow writes", async () => {
  const files = await filesOf("encoder");
  const place = await written(await openWeights(files));
  for (const name of [INDEX, DATA])
    expect(new Uint8Array(await place[name]!.arrayBuffer())).toEqual(await files.readBytes(name));
  expect(await place["checkpoint"]!.text()).toContain('model_checkpoint_path: "model.ckpt"');
});

describe("every model that the reference has saved", () => {
  const folders = [fixturePath("model"), ...goldenFolders()].map((path) => [path.split("/").slice(-2).join("/"), path]);
  test.each(folders)(
    "keeps its encoder bit for bit in a checkpoint of TensorFlow 1, and names the rest: %s",
    async (_, path) => {
      const reader = await openWeights(await openFiles(path!));
      onTestFinished(() => reader.close());
      const hasHead = [...reader.tensors.keys()].some((name) => name.startsWith("convbert."));
      const rename = (name: string) => (name.startsWith("convbert.") ? name.slice(9) : hasHead ? undefined : name);
      const place = new Map<string, Blob>();
      const { files } = await weightFiles(tensorsOf(reader, { rename }), { format: "tf1" });
      await writeFiles(place, files);
      const again = await openWeights(await openFiles(Object.fromEntries(place)));
      const encoder = new Map<string, Blob>();
      await writeFiles(encoder, (await weightFiles(tensorsOf(reader, { rename }))).files);
      await expectSame(again, await openWeights(await openFiles(Object.fromEntries(encoder))));
      const head = [...reader.tensors.keys()].filter((name) => hasHead && !name.startsWith("convbert."));
      if (head.length === 0) return;
      const whole = weightFiles(tensorsOf(reader), { format: "tf1" });
      await expect(whole).rejects.toMatchObject({ code: "unsupported", tensor: head[0] });
      await expect(whole).rejects.toThrow(/holds the encoder alone and has no place for .*--encoder-only/);
    },
  );
});

describe("beside the encoder", () => {
  test("there are variables of pretraining, which are listed and left alone", async () => {
    const reader = await openWeights(await filesOf("grouped"));
    expect(reader.unused).toEqual(
      expect.arrayContaining([
        "global_step",
        "note",
        "electra/embeddings/word_embeddings/adam_m",
        "discriminator_predictions/dense/kernel",
      ]),
    );
    expect([...reader.tensors.keys()].filter((name) => name.includes("/"))).toEqual([]);
    expect(reader.config!()).toEqual({
      architectures: ["ConvBertModel"],
      conv_kernel_size: 3,
      embedding_size: 4,
      head_ratio: 2,
      hidden_size: 8,
      intermediate_size: 12,
      max_position_embeddings: 6,
      model_type: "convbert",
      num_attention_heads: 2,
      num_groups: 2,
      num_hidden_layers: 2,
      type_vocab_size: 2,
      vocab_size: 11,
    });
  });

  test.each(["generator", "generator-own"])(
    "there is a %s, taken as a masked language model when it is asked for",
    async (name) => {
      const files = await filesOf(name);
      const reader = await openWeights(files, { generator: true });
      await expectSame(reader, await expected(files));
      expect(reader.unused).toContain("electra/encoder/layer_0/attention/self/query/kernel");
      const { architectures, hidden_size, num_attention_heads } = reader.config!() as Record<string, unknown>;
      expect([architectures, hidden_size, num_attention_heads]).toEqual([["ConvBertForMaskedLM"], 4, 2]);
      const encoder = await openWeights(files);
      expect(encoder.unused).toContain("generator/encoder/layer_0/attention/self/query/kernel");
      expect(encoder.config!()).toMatchObject({ architectures: ["ConvBertModel"], hidden_size: 8 });
    },
  );

  test("there may be no generator, which is said", async () => {
    await expect(openWeights(await filesOf("encoder"), { generator: true })).rejects.toThrow(
      /no generator of ConvBERT/,
    );
    const other = await filesOf("encoder", {
      "model.safetensors": fixture("model/model.safetensors"),
      [INDEX]: undefined,
    });
    await expect(openWeights(other, { generator: true })).rejects.toMatchObject({ code: "missing" });
  });
});

describe("of several checkpoints", () => {
  const twice = {
    "model.ckpt-1.index": fixture(`tf1/encoder/${INDEX}`),
    "model.ckpt-1.data-00000-of-00001": fixture(`tf1/encoder/${DATA}`),
    "model.ckpt-20.index": fixture(`tf1/grouped/model.ckpt-20.index`),
    ...Object.fromEntries(
      [0, 1, 2].map((i) => [
        `model.ckpt-20.data-0000${i}-of-00003`,
        fixture(`tf1/grouped/model.ckpt-20.data-0000${i}-of-00003`),
      ]),
    ),
  };
  test.each(["model.ckpt-20", "/home/somebody/run/model.ckpt-20", "C:\\\\run\\\\model.ckpt-20"])(
    "the one is opened that the file checkpoint names: %s",
    async (path) => {
      const files = await openFiles({
        ...twice,
        checkpoint: `model_checkpoint_path: "${path}"\nall_model_checkpoint_paths: "x"\n`,
      });
      expect((await openWeights(files)).tensors.get("encoder.layer.0.output.dense.weight")!.shape).toEqual([2, 6, 4]);
    },
  );
  test.each([
    ['model_checkpoint_path: "../outside/model.ckpt-7"', /names \.\.\/outside\/model\.ckpt-7, which is not here/],
    ['model_checkpoint_path: "model.ckpt-20/.."', /which is not here/],
    ["nothing", /names none, which is not here/],
  ])("a file checkpoint that names another leads nowhere: %s", async (text, message) => {
    await expect(openWeights(await openFiles({ ...twice, checkpoint: text }))).rejects.toThrow(message);
  });
  test("without that file none is chosen", async () => {
    await expect(openWeights(await openFiles(twice))).rejects.toThrow(/several TensorFlow 1 checkpoints, and no file/);
  });
});

describe("a checkpoint", () => {
  test("may have blocks packed by Snappy", async () => {
    const data = fixture(`tf1/encoder/${DATA}`);
    const files = await filesOf("snappy", { [DATA]: data });
    await expectSame(await openWeights(files), await expected(await filesOf("encoder")));
  });

  test("has values of every kind as they are", async () => {
    const reader = await openWeights(await filesOf("kinds"));
    const of = (name: string) => reader.tensors.get(`encoder.layer.0.output.${name}`);
    expect(of("dense.weight")).toMatchObject({ dtype: "F64", shape: [3, 2] });
    expect(await reader.read("encoder.layer.0.output.dense.weight")).toEqual(Float64Array.of(0, 3, 1, 4, 2, 5));
    expect(of("dense.bias")).toMatchObject({ dtype: "F16" });
    expect(of("LayerNorm.weight")).toMatchObject({ dtype: "I64" });
    expect(of("LayerNorm.bias")).toMatchObject({ dtype: "I8" });
    expect(reader.tensors.get("embeddings.word_embeddings.weight")!.shape).toEqual([0, 4]);
    expect(() => reader.config!()).toThrow(/no configuration can be derived from embeddings\.position_embeddings/);
    await expectSame(await openWeights(await openFiles(await written(reader))), reader);
  });

  test("is not written where TensorFlow has no such values", async () => {
    const odd = [namedTensor("embeddings.word_embeddings.weight", new Uint8Array(4), [4], "F8_E4M3")];
    await expect(weightFiles(odd, { format: "tf1" })).rejects.toThrow(/no F8_E4M3 values/);
  });

  test("has an index that comes after the values", async () => {
    const { files } = await weightFiles(tensorsOf(await openWeights(await filesOf("encoder"))), { format: "tf1" });
    const take = async () => {
      for await (const _ of files.get(INDEX) as AsyncIterable<Uint8Array>);
    };
    await expect(take()).rejects.toThrow(/take those files first/);
  });
});

const table = () => readTable(fixture(`tf1/encoder/${INDEX}`), INDEX);
const WORDS = "electra/embeddings/word_embeddings";
/** The index with another entry in place of one. */
const withEntry = (name: string, value: Uint8Array): Uint8Array =>
  writeTable(table().map((entry) => (entry.key === name ? { ...entry, value } : entry)));
const shape = (...extents: number[]) => {
  const message = new ProtoWriter();
  for (const extent of extents) message.message(2, new ProtoWriter().integer(1, extent));
  return message;
};
const entry = (size: number, ...extents: number[]) =>
  new ProtoWriter()
    .integer(1, 1)
    .message(2, shape(...extents))
    .integer(5, size);

describe("what cannot be read is refused by name:", () => {
  test.each<[string, Record<string, Uint8Array | undefined>, RegExp]>([
    [
      "a partitioned variable",
      { [INDEX]: fixture(`tf1/partitioned/${INDEX}`) },
      /word_embeddings is a partitioned variable/,
    ],
    ["text", { [INDEX]: fixture(`tf1/text/${INDEX}`) }, /word_embeddings holds text/],
    [
      "another byte order",
      { [INDEX]: withEntry("", new ProtoWriter().integer(1, 1).integer(2, 1).finish()) },
      /big-endian/,
    ],
    ["files that are not there", { [DATA]: undefined }, /model\.ckpt\.data-00000-of-00001/],
    ["files that are cut off", { [DATA]: fixture(`tf1/encoder/${DATA}`).slice(0, 4000) }, /the file ends at 4000/],
    ["an index that is cut off", { [INDEX]: fixture(`tf1/encoder/${INDEX}`).slice(0, 2000) }, /not an index.*cut off/],
    [
      "another file",
      { [INDEX]: new TextEncoder().encode("<!DOCTYPE html><html></html>".repeat(9)) },
      /not an index.*it is /,
    ],
    ["no files", { [INDEX]: withEntry("", new ProtoWriter().finish()) }, /it names 0 files/],
    [
      "millions of files",
      { [INDEX]: withEntry("", new ProtoWriter().integer(1, 2 ** 40).finish()) },
      /it names 1099511627776 files/,
    ],
    ["no header", { [INDEX]: writeTable(table().slice(1)) }, /it has no header/],
    [
      "no encoder",
      { [INDEX]: writeTable([...table().slice(0, 1), { key: "bert/x", value: entry(4, 1).finish() }]) },
      /no encoder of ConvBERT.*bert\/x/,
    ],
    [
      "a shape that is not the size",
      { [INDEX]: withEntry(WORDS, entry(16, 11, 4).finish()) },
      /word_embeddings has 16 bytes/,
    ],
    ["a negative axis", { [INDEX]: withEntry(WORDS, entry(16, -4).finish()) }, /an axis has -4/],
    [
      "an impossible shape",
      { [INDEX]: withEntry(WORDS, entry(16, 2 ** 40, 2 ** 40).finish()) },
      /word_embeddings has 16 bytes/,
    ],
    [
      "axes without end",
      { [INDEX]: withEntry(WORDS, entry(4, ...new Array(300).fill(1)).finish()) },
      /more than 254 axes/,
    ],
    ["a file past the last", { [INDEX]: withEntry(WORDS, entry(176, 11, 4).integer(3, 1).finish()) }, /in file 1 of 1/],
    [
      "values past the end",
      { [INDEX]: withEntry(WORDS, entry(176, 11, 4).integer(4, 4700).finish()) },
      /needs bytes up to 4876, but the file ends at 4776/,
    ],
    [
      "values of others",
      { [INDEX]: withEntry("electra/embeddings/position_embeddings", entry(4776, 1194).finish()) },
      /claims values again/,
    ],
    [
      "a varint past 64 bits",
      { [INDEX]: withEntry(WORDS, Uint8Array.of(8, ...new Array(10).fill(255), 1)) },
      /more than 64 bits/,
    ],
  ])("%s", async (_, others, message) => {
    const opened = openWeights(await filesOf("encoder", others));
    await expect(opened).rejects.toThrow(message);
  });

  test("values whose checksum is wrong", async () => {
    const data = fixture(`tf1/encoder/${DATA}`);
    const reader = await openWeights(await filesOf("encoder", { [DATA]: data }));
    for (const [name] of reader.tensors) await reader.read(name);
    const damaged = data.slice();
    damaged[10]! ^= 1;
    const other = await openWeights(await filesOf("encoder", { [DATA]: damaged }));
    await expect(other.read("embeddings.LayerNorm.bias")).rejects.toThrow(
      /checksum of electra\/embeddings\/LayerNorm\/beta is wrong/,
    );
    await expect(other.stream("embeddings.LayerNorm.bias", () => {})).rejects.toThrow(/checksum/);
    await other.read("embeddings.word_embeddings.weight");
  });
});

describe("a table", () => {
  const entries = (count: number): TableEntry[] =>
    Array.from({ length: count }, (_, i) => ({
      key: `key${String(i).padStart(7, "0")}`,
      value: new Uint8Array(i % 50).fill(i),
    }));
  test.each([0, 1, 16, 17, 1000, 30_000])("of %d entries comes back", (count) => {
    expect(readTable(writeTable(entries(count)), "x")).toEqual(entries(count));
  });

  test("is checked block by block", () => {
    const bytes = writeTable(entries(100));
    for (let at = 0; at < bytes.length - 48; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      expect(() => readTable(damaged, "x")).toThrow(/damaged index|not an index|packed by/);
    }
  });

  test("whose keys are not in order is refused", () => {
    expect(() => readTable(writeTable(entries(3).reverse()), "x")).toThrow(/not in order/);
    expect(() => readTable(writeTable([...entries(1), ...entries(1)]), "x")).toThrow(/not in order/);
  });

  test("whose keys share far more than they have is refused before they are made", () => {
    const long = "k".repeat(4000);
    const many = Array.from({ length: 2000 }, (_, i) => ({
      key: `${long}${String(i).padStart(5, "0")}`,
      value: new Uint8Array(0),
    }));
    expect(readTable(writeTable(many), "x")).toHaveLength(2000);
    expect(() => readTable(writeTable(many, 2000), "x")).toThrow(/share too much/);
    expect(() => readTable(writeTable([{ key: "k".repeat(5000), value: new Uint8Array(0) }]), "x")).toThrow(
      /a key has 5000 bytes/,
    );
  });
});

describe("Snappy", () => {
  const pairs = fixtureJson<[string, string][]>("tf1/snappy.json").map((pair) =>
    pair.map((hex) => new Uint8Array(Buffer.from(hex, "hex"))),
  );
  test("unpacks what its own library packs", () => {
    for (const [packed, text] of pairs) expect(unsnap(packed!)).toEqual(text);
  });

  test.each([
    ["nothing", []],
    ["a length without an end", [0x80]],
    ["a length of more than 32 bits", [0xff, 0xff, 0xff, 0xff, 0xff, 1, 0]],
    ["a length that its input cannot have", [0xff, 0xff, 0xff, 0x7f, 0, 1]],
    ["too little", [5, 0, 65]],
    ["too much", [1, 4, 65, 66]],
    ["a literal beyond its end", [5, 16, 65]],
    ["a literal whose size is cut off", [5, 0xf4, 1]],
    ["a copy of what is not there", [5, 0, 65, 1, 2]],
    ["a copy from nowhere", [5, 0, 65, 1, 0]],
    ["a copy whose distance is cut off", [5, 0, 65, 2, 1]],
    ["a copy of too much", [5, 0, 65, 0xfe, 1, 0]],
  ])("refuses %s", (_, bytes) => {
    expect(unsnap(Uint8Array.from(bytes as number[]))).toBeNull();
  });
});
