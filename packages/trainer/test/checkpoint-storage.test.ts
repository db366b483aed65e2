import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvBertForMaskedLM } from "@convbert/heads";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CheckpointStorage,
  directoryCheckpoints,
  folderCheckpoints,
  memoryCheckpoints,
  Trainer,
} from "../src/index.js";
import { maskedRun } from "./long-run.js";
import { tinyMaskedModel, weightsOf } from "./tiny.js";

/** A browser's folder, in memory. */
function fakeFolder(name: string): FileSystemDirectoryHandle {
  const children = new Map<string, { readonly kind: string }>();
  const child = (key: string, make: (() => { readonly kind: string }) | false) => {
    if (!children.has(key)) {
      if (!make) throw Object.assign(new Error(`${key} is missing`), { name: "NotFoundError" });
      children.set(key, make());
    }
    return children.get(key);
  };
  const handle = {
    kind: "directory",
    name,
    getDirectoryHandle: async (key: string, options?: { create?: boolean }) =>
      child(key, options?.create === true && (() => fakeFolder(key) as never)),
    getFileHandle: async (key: string, options?: { create?: boolean }) =>
      child(key, options?.create === true && (() => fakeFile(key) as never)),
    async removeEntry(key: string) {
      child(key, false);
      children.delete(key);
    },
    entries: async function* () {
      yield* children.entries();
    },
  };
  return handle as unknown as FileSystemDirectoryHandle;
}

function fakeFile(name: string) {
  let contents = new Blob();
  return {
    kind: "file",
    name,
    getFile: async () => new File([contents], name),
    async createWritable() {
      const pieces: BlobPart[] = [];
      return {
        write: async (piece: Uint8Array<ArrayBuffer>) => void pieces.push(piece.slice()),
        async close() {
          contents = new Blob(pieces);
        },
        abort: async () => {},
      };
    },
  };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "convbert-storage-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const STORAGES: Readonly<Record<string, () => Promise<CheckpointStorage>>> = {
  memory: async () => memoryCheckpoints(),
  "a folder": async () => folderCheckpoints(join(await temporaryFolder(), "not", "there", "yet")),
  "a browser's folder": async () => directoryCheckpoints(fakeFolder("private")),
};

describe.each(Object.entries(STORAGES))("checkpoints in %s", (_name, open) => {
  it("are written, read and removed as one", async () => {
    const storage = await open();
    expect(await storage.list()).toEqual([]);
    await storage.write("step-00000001", [
      ["a.json", "{}"],
      ["b.bin", new Uint8Array([1, 2, 3])],
    ]);
    await storage.write("step-00000002", [["a.json", "[]"]]);
    expect((await storage.list()).sort()).toEqual(["step-00000001", "step-00000002"]);
    const files = await storage.read("step-00000001");
    expect(await files.readText("a.json")).toBe("{}");
    expect([...(await files.readBytes("b.bin"))]).toEqual([1, 2, 3]);
    await files.close();
    await storage.remove("step-00000001");
    expect(await storage.list()).toEqual(["step-00000002"]);
  });

  it("are not there when writing them has failed", async () => {
    const storage = await open();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error("no room");
    }
    const files = [
      ["a.json", "{}"],
      ["b.bin", failing()],
    ] as const;
    await expect(storage.write("step-00000001", files)).rejects.toThrow("no room");
    expect(await storage.list()).toEqual([]);
    await storage.write("step-00000001", [["a.json", "[1]"]]);
    expect(await (await storage.read("step-00000001")).readText("a.json")).toBe("[1]");
  });

  it("let a run go on", async () => {
    const checkpoints = await open();
    using whole = await tinyMaskedModel();
    await new Trainer(maskedRun(whole, { epochs: 1 })).train();
    using model = await tinyMaskedModel();
    const abort = new AbortController();
    const stopped = new Trainer(
      maskedRun(model, {
        epochs: 1,
        checkpoints,
        signal: abort.signal,
        onEvent: (event) => void (event.type === "step" && event.step === 4 && abort.abort()),
      }),
    ).train();
    await expect(stopped).rejects.toThrow("aborted");
    using resumed = await tinyMaskedModel(99);
    await new Trainer(maskedRun(resumed, { epochs: 1, checkpoints, resume: true })).train();
    expect(weightsOf(resumed)).toEqual(weightsOf(whole));
  });
});

it("a checkpoint of a model that came in 8 bits says that it has 32", async () => {
  const saved = new Map<string, Blob>();
  using small = await tinyMaskedModel();
  await small.savePretrained(saved, { dtype: "int8" });
  using model = await ConvBertForMaskedLM.fromPretrained(Object.fromEntries(saved));
  expect(model.config.toJSON()).toHaveProperty("quantization_config");
  const checkpoints = memoryCheckpoints();
  await new Trainer(maskedRun(model, { epochs: 1, checkpoints })).train();
  const files = await checkpoints.read((await checkpoints.list())[0]!);
  const config = JSON.parse(await files.readText("config.json"));
  expect(config.torch_dtype).toBe("float32");
  expect(config).not.toHaveProperty("quantization_config");
});

describe("folders", () => {
  it("that are not a run's own stay as they are", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "mine"));
    await writeFile(join(folder, "notes.txt"), "");
    using model = await tinyMaskedModel();
    await new Trainer(maskedRun(model, { epochs: 1, checkpoints: folderCheckpoints(folder) })).train();
    expect((await readdir(folder)).filter((name) => !name.startsWith("step-")).sort()).toEqual(["mine", "notes.txt"]);
  });
});
