import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { FilesError, openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "./server.js";

async function modelFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "nested"));
  await writeFile(join(folder, "config.json"), '\ufeff{"model_type":"convbert"}');
  await writeFile(join(folder, "weights.bin"), Uint8Array.from([1, 2, 3, 4, 5]));
  await writeFile(join(folder, "nested", "vocab.txt"), "[PAD]\n");
  return folder;
}

describe("a folder", () => {
  test("opens by path and by file URL", async () => {
    const folder = await modelFolder();
    for (const source of [folder, pathToFileURL(folder), pathToFileURL(folder).href]) {
      const files = await openFiles(source);
      expect(await files.list!()).toEqual(["config.json", "nested/vocab.txt", "weights.bin"]);
      expect(await files.has("config.json")).toBe(true);
      expect(await files.has("nested")).toBe(false);
      expect(await files.has("absent.json")).toBe(false);
      expect(await files.readText("config.json")).toBe('{"model_type":"convbert"}');
      expect(await files.readBytes("nested/vocab.txt")).toEqual(new TextEncoder().encode("[PAD]\n"));
    }
  });

  test("reads at any offset, and never past the end", async () => {
    const files = await openFiles(await modelFolder());
    const file = await files.open("weights.bin");
    expect([file.name, file.size]).toEqual(["weights.bin", 5]);
    const target = new Uint8Array(3);
    await file.read(2, target);
    expect(target).toEqual(Uint8Array.from([3, 4, 5]));
    await expect(file.read(3, target)).rejects.toMatchObject({ code: "truncated" });
    await expect(file.read(-1, target)).rejects.toMatchObject({ code: "truncated" });
    await file.close();
  });

  test("follows links, as a hub's snapshot folder has them", async () => {
    const folder = await modelFolder();
    await symlink(join(folder, "weights.bin"), join(folder, "linked.bin"));
    const files = await openFiles(folder);
    expect(await files.list!()).toContain("linked.bin");
    expect((await files.readBytes("linked.bin")).length).toBe(5);
  });

  test("says what is missing", async () => {
    const folder = await modelFolder();
    const files = await openFiles(folder);
    const error = await files.open("absent.bin").catch((caught) => caught);
    expect(error).toBeInstanceOf(FilesError);
    expect(error).toMatchObject({ code: "not-found", location: folder, file: "absent.bin" });
    await expect(files.open("nested")).rejects.toMatchObject({ code: "not-found" });
    await expect(openFiles(join(folder, "nowhere"))).rejects.toMatchObject({ code: "not-found" });
    await expect(openFiles(join(folder, "weights.bin"))).rejects.toMatchObject({ code: "invalid-source" });
  });

  test.each(["../secret", "/etc/passwd", "a/../../b", "a\\b", "", "a//b", "C:/x", "nul", "a\0b", "./a"])(
    "refuses the name %j",
    async (name) => {
      const files = await openFiles(await modelFolder());
      await expect(files.open(name)).rejects.toMatchObject({ code: "invalid-name" });
      await expect(files.has(name)).rejects.toMatchObject({ code: "invalid-name" });
    },
  );
});

describe("contents in memory", () => {
  test("take every kind of contents by name", async () => {
    const files = await openFiles({
      "config.json": "{}",
      "a.bin": Uint8Array.from([1, 2]),
      "b.bin": Uint8Array.from([3, 4]).buffer,
      "c.bin": new Blob([Uint8Array.from([5, 6, 7])]),
    });
    expect(await files.list!()).toEqual(["a.bin", "b.bin", "c.bin", "config.json"]);
    expect(await files.readText("config.json")).toBe("{}");
    expect(await files.readBytes("b.bin")).toEqual(Uint8Array.from([3, 4]));
    const blob = await files.open("c.bin");
    const target = new Uint8Array(2);
    await blob.read(1, target);
    expect(target).toEqual(Uint8Array.from([6, 7]));
    expect(blob.bytes).toBeUndefined();
    expect((await files.open("a.bin")).bytes).toEqual(Uint8Array.from([1, 2]));
    await expect(blob.read(2, target)).rejects.toMatchObject({ code: "truncated" });
    await expect(files.open("d.bin")).rejects.toMatchObject({ code: "not-found", file: "d.bin" });
  });

  test("take files that a person chose, one folder deep or not", async () => {
    const inFolder = (path: string, text: string) =>
      Object.defineProperty(new File([text], path.split("/").at(-1)!), "webkitRelativePath", { value: path });
    const chosen = await openFiles([inFolder("model/config.json", "{}"), inFolder("model/sub/vocab.txt", "x")]);
    expect(await chosen.list!()).toEqual(["config.json", "sub/vocab.txt"]);
    const dropped = await openFiles([new File(["{}"], "config.json")]);
    expect(await dropped.readText("config.json")).toBe("{}");
  });

  test("pass an open set through", async () => {
    const files = await openFiles({ "config.json": "{}" });
    expect(await openFiles(files)).toBe(files);
  });
});

describe("what cannot be opened", () => {
  test.each([
    ["", "invalid-source"],
    ["ftp://example.org/model", "invalid-source"],
    ["http://[broken", "invalid-source"],
    ["./no/such/folder", "not-found"],
    ["/no/such/folder", "not-found"],
    ["organisation/name/too/deep", "not-found"],
    ["organisation/../name", "not-found"],
    ["https://example.org/model/model.safetensors", "invalid-source"],
    ["https://user:secret@example.org/model", "invalid-source"],
  ])("%j", async (source, code) => {
    await expect(openFiles(source)).rejects.toMatchObject({ name: "FilesError", code });
  });

  test("values of another kind", async () => {
    await expect(openFiles(42 as never)).rejects.toMatchObject({ code: "invalid-source" });
    await expect(openFiles(null as never)).rejects.toMatchObject({ code: "invalid-source" });
    await expect(openFiles({ "a.bin": 42 } as never)).rejects.toMatchObject({ code: "invalid-source" });
    await expect(openFiles(["name"] as never)).rejects.toMatchObject({ code: "invalid-source" });
  });
});
