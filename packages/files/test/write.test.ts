import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openFiles, type Progress, writeFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { output, runNode } from "./node-process.js";
import { temporaryFolder } from "./server.js";

async function* inPieces(...pieces: string[]) {
  for (const piece of pieces) yield new TextEncoder().encode(piece);
}

describe("to a folder", () => {
  test("writes every kind of contents and makes the folder", async () => {
    const folder = join(await temporaryFolder(), "a", "b");
    const progress: Progress[] = [];
    await writeFiles(
      folder,
      {
        "config.json": "{}",
        "raw.bin": Uint8Array.from([1, 2, 3]),
        "blob.bin": new Blob(["blob"]),
        "nested/stream.txt": inPieces("one ", "two ", "three"),
        "list.txt": [new TextEncoder().encode("x"), new TextEncoder().encode("y")],
      },
      { onProgress: (event) => progress.push(event) },
    );
    const files = await openFiles(folder);
    expect(await files.list!()).toEqual(["blob.bin", "config.json", "list.txt", "nested/stream.txt", "raw.bin"]);
    expect(await files.readText("nested/stream.txt")).toBe("one two three");
    expect(await files.readText("blob.bin")).toBe("blob");
    expect(await files.readText("list.txt")).toBe("xy");
    expect(progress.filter(({ status }) => status === "done").map(({ file, loaded }) => [file, loaded])).toEqual([
      ["config.json", 2],
      ["raw.bin", 3],
      ["blob.bin", 4],
      ["nested/stream.txt", 13],
      ["list.txt", 2],
    ]);
    await writeFiles(pathToFileURL(folder), [["config.json", "new"]]);
    expect(await files.readText("config.json")).toBe("new");
  });

  test("leaves what was there when a later file fails", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "config.json"), "old");
    const failing = async function* () {
      yield new TextEncoder().encode("half");
      throw new Error("the source broke");
    };
    const files = { "config.json": "new", "weights.bin": failing() };
    await expect(writeFiles(folder, files)).rejects.toThrow("the source broke");
    expect(await readdir(folder)).toEqual(["config.json"]);
    expect(await readFile(join(folder, "config.json"), "utf8")).toBe("old");
  });

  test("leaves no folder that it made when it fails, and what others put there", async () => {
    const parent = await temporaryFolder();
    const failing = async function* () {
      yield new TextEncoder().encode("half");
      throw new Error("the source broke");
    };
    const folder = join(parent, "a", "b");
    await expect(writeFiles(folder, { "nested/x": failing() })).rejects.toThrow("the source broke");
    expect(await readdir(parent)).toEqual([]);
    await mkdir(join(folder, "config.json"), { recursive: true });
    const taken = { "a.txt": "new", "config.json": "new" };
    await expect(writeFiles(folder, taken)).rejects.toMatchObject({ name: "FilesError", code: "io" });
    expect(await readdir(folder)).toEqual(["config.json"]);
  });

  test("stops when the signal aborts, and cleans up", async () => {
    const folder = await temporaryFolder();
    const controller = new AbortController();
    const endless = async function* () {
      for (let i = 0; ; i++) {
        if (i === 3) controller.abort();
        yield new Uint8Array(10);
      }
    };
    const writing = writeFiles(folder, { "weights.bin": endless() }, { signal: controller.signal });
    await expect(writing).rejects.toMatchObject({ name: "AbortError" });
    expect(await readdir(folder)).toEqual([]);
  });

  test("removes what the caller calls stale, and old temporary files, but nothing else", async () => {
    const folder = await temporaryFolder();
    const orphan = ".model.bin.00000000-0000-0000-0000-000000000000.tmp";
    const running = ".model.bin.11111111-1111-1111-1111-111111111111.tmp";
    for (const name of ["old-1.bin", "old-2.bin", "keep.txt", orphan, running])
      await writeFile(join(folder, name), "x");
    const longAgo = new Date(Date.now() - 10 * 3_600_000);
    await utimes(join(folder, orphan), longAgo, longAgo);
    await writeFiles(folder, { "old-2.bin": "new" }, { isStale: (name) => name.startsWith("old-") });
    expect((await readdir(folder)).sort()).toEqual([running, "keep.txt", "old-2.bin"].sort());
  });

  test("says what is wrong with the destination or a name", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "x");
    await mkdir(join(folder, "taken"));
    await expect(writeFiles(join(folder, "file"), { a: "x" })).rejects.toMatchObject({
      name: "FilesError",
      code: "io",
    });
    await expect(writeFiles(folder, { taken: "x" })).rejects.toMatchObject({ code: "io" });
    await expect(writeFiles(folder, { "../escape": "x" })).rejects.toMatchObject({ code: "invalid-name" });
    await expect(writeFiles("https://example.org/" as never, { "../a": "x" })).rejects.toMatchObject({
      code: "invalid-name",
    });
    await expect(writeFiles(new URL("https://example.org/"), { a: "x" })).rejects.toMatchObject({
      code: "invalid-source",
    });
    expect((await readdir(folder)).sort()).toEqual(["file", "taken"]);
  });
});

describe("where there is no disk", () => {
  test("a Map gets Blobs, all or none", async () => {
    const saved = new Map<string, Blob>([["stale.bin", new Blob(["x"])]]);
    const broken = async function* () {
      yield new Uint8Array(1);
      throw new Error("broke");
    };
    await expect(writeFiles(saved, { "a.txt": "a", "b.bin": broken() })).rejects.toThrow("broke");
    expect([...saved.keys()]).toEqual(["stale.bin"]);
    await writeFiles(saved, { "a.txt": "a", "b.txt": inPieces("b", "c") }, { isStale: (name) => name === "stale.bin" });
    const files = await openFiles(Object.fromEntries(saved));
    expect(await files.list!()).toEqual(["a.txt", "b.txt"]);
    expect(await files.readText("b.txt")).toBe("bc");
  });

  test("a folder handle is written and read", async () => {
    const root = fakeHandle("chosen");
    await writeFiles(root.handle, { "config.json": "{}", "sub/vocab.txt": inPieces("a", "b") });
    await writeFiles(root.handle, { "new.json": "1" }, { isStale: (name) => name === "config.json" });
    const files = await openFiles(root.handle);
    expect(await files.list!()).toEqual(["new.json", "sub/vocab.txt"]);
    expect(await files.readText("sub/vocab.txt")).toBe("ab");
    expect(await files.has("config.json")).toBe(false);
    await expect(files.open("config.json")).rejects.toMatchObject({ code: "not-found", location: "chosen" });
  });
});

/** A folder of the File System API, as far as the standard goes for reading, writing and removing. */
function fakeHandle(name: string): { handle: FileSystemDirectoryHandle } {
  const children = new Map<string, { kind: string }>();
  const missing = () => Object.assign(new Error("missing"), { name: "NotFoundError" });
  const handle = {
    kind: "directory",
    name,
    async getDirectoryHandle(child: string, options?: { create?: boolean }) {
      if (!children.has(child)) {
        if (!options?.create) throw missing();
        children.set(child, fakeHandle(child).handle);
      }
      return children.get(child);
    },
    async getFileHandle(child: string, options?: { create?: boolean }) {
      if (!children.has(child)) {
        if (!options?.create) throw missing();
        children.set(child, fakeFile(child));
      }
      return children.get(child);
    },
    async removeEntry(child: string) {
      if (!children.delete(child)) throw missing();
    },
    entries: () => children.entries(),
  };
  return { handle: handle as unknown as FileSystemDirectoryHandle };
}

function fakeFile(name: string) {
  let contents = new Blob([]);
  return {
    kind: "file",
    name,
    getFile: async () => new File([contents], name),
    async createWritable() {
      const parts: BlobPart[] = [];
      return {
        write: async (part: BlobPart) => void parts.push(part),
        async close() {
          contents = new Blob(parts);
        },
        abort: async () => {},
      };
    },
  };
}

describe("a save that is killed while its files take their places", () => {
  const names = ["config.json", "nested/a.txt", "vocab.txt"];
  const contents = (version: string) => Object.fromEntries(names.map((name) => [name, `${version} ${name}`]));

  /** Saves the new version in a process that is killed in place of its n-th renaming; says whether it was. */
  async function killedAt(folder: string, n: number): Promise<boolean> {
    const child = runNode(`
      import promises from "node:fs/promises";
      import { syncBuiltinESMExports } from "node:module";
      const { rename } = promises;
      let count = 0;
      promises.rename = async (from, to) => {
        if (++count === ${n}) process.kill(process.pid, "SIGKILL");
        return rename(from, to);
      };
      syncBuiltinESMExports();
      await writeFiles(${JSON.stringify(folder)}, ${JSON.stringify(contents("new"))});
      console.log("saved");`);
    return (await output(child)) !== "saved";
  }

  test("is seen whole, the old one or the new one, at whichever renaming", async () => {
    const seen = new Set<string>();
    for (let n = 1; ; n++) {
      const folder = await temporaryFolder();
      await writeFiles(folder, contents("old"));
      if (!(await killedAt(folder, n))) break;
      const files = await openFiles(folder);
      const [version] = (await files.readText("config.json")).split(" ");
      for (const name of names) {
        expect(await files.has(name)).toBe(true);
        expect(await files.readText(name)).toBe(`${version} ${name}`);
      }
      expect(await files.list!()).toEqual(expect.arrayContaining(names));
      seen.add(version!);
      // The next one that writes there ends it.
      await writeFiles(folder, { "other.txt": "other" });
      for (const name of names) expect(await readFile(join(folder, name), "utf8")).toBe(`${version} ${name}`);
      expect(await readdir(folder)).not.toContain(".convbert-save.json");
      // A set that was opened before still finds them.
      expect(await files.readText("vocab.txt")).toBe(`${version} vocab.txt`);
    }
    expect([...seen]).toEqual(["old", "new"]);
  });

  test("is taken from no note that points elsewhere", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "config.json"), "mine");
    await writeFile(join(folder, "other"), "other");
    const id = "01234567-89ab-cdef-0123-456789abcdef";
    const outside = join(folder, "..", `.config.json.${id}.tmp`);
    await writeFile(outside, "outside");
    const notes = [
      [["other", "config.json"]],
      [[`../.config.json.${id}.tmp`, "config.json"]],
      [[outside, "config.json"]],
      [[`.config.json.${id}.tmp`, "../config.json"]],
      [["x"], null, 1, {}, [1, 2]],
      {},
      null,
    ];
    try {
      for (const note of notes) {
        await writeFile(join(folder, ".convbert-save.json"), JSON.stringify(note));
        expect(await (await openFiles(folder)).readText("config.json")).toBe("mine");
        await writeFiles(folder, { "new.txt": "new" });
        expect(await readFile(join(folder, "config.json"), "utf8")).toBe("mine");
      }
    } finally {
      await rm(outside);
    }
  });
});
