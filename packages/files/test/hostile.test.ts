import { mkdir, readdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type FileSet, type OpenFilesOptions, openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { type Handler, makePipe, pattern, serve, temporaryFolder } from "./server.js";

const quick: OpenFilesOptions = { retryDelay: 1, retries: 1 };
const commit = "a".repeat(40);

/** Files of a server that answers as it likes. */
async function filesOf(handler: Handler, extra: OpenFilesOptions = {}) {
  const server = await serve(handler);
  const cacheDirectory = await temporaryFolder();
  const files = await openFiles(`${server.origin}/model`, { ...quick, cacheDirectory, ...extra });
  return { server, files, cacheDirectory };
}

/** A hub whose list of files is answered as a test likes. */
async function listOf(handler: Handler, extra: OpenFilesOptions = {}) {
  const server = await serve((request, response, url) => {
    if (url.pathname.startsWith("/api/")) return handler(request, response, url);
    response.writeHead(200, { "x-repo-commit": commit, "content-length": "2" }).end("{}");
    return undefined;
  });
  const options = { ...quick, endpoint: server.origin, cacheDirectory: await temporaryFolder(), ...extra };
  const files = await openFiles("org/model", options);
  return { server, list: () => files.list!() };
}

describe("the hub's list of files", () => {
  test("of a server that falls silent is given up", async () => {
    const { list, server } = await listOf((_request, response) => void response.writeHead(200).write("["), {
      timeout: 200,
    });
    await expect(list()).rejects.toMatchObject({ name: "FilesError", code: "network", file: "the list of files" });
    expect(server.log.filter((line) => line.includes("/api/")).length).toBe(2);
  });

  test("ends when the caller gives up", async () => {
    const controller = new AbortController();
    const { list } = await listOf(
      (_request, response) => {
        response.writeHead(200).write("[");
        setTimeout(() => controller.abort(new Error("enough")), 50);
      },
      { signal: controller.signal },
    );
    await expect(list()).rejects.toThrow("enough");
  });

  test("that does not end is refused: one page", async () => {
    let sent = 0;
    const { list } = await listOf((_request, response) => {
      response.writeHead(200);
      const piece = Buffer.alloc(1 << 20, " ");
      const more = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
      };
      response.on("drain", more);
      more();
    });
    await expect(list()).rejects.toMatchObject({ code: "too-large" });
    expect(sent).toBeLessThan(64 << 20);
  });

  test("that does not end is refused: compressed", async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, " "));
    const { list } = await listOf((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    });
    await expect(list()).rejects.toMatchObject({ code: "too-large" });
  });

  test("that does not end is refused: pages in a circle", async () => {
    const { list, server } = await listOf((_request, response, url) => {
      response.writeHead(200, { link: `<${url.pathname}>; rel="next"` }).end("[]");
    });
    await expect(list()).rejects.toMatchObject({ code: "too-large" });
    expect(server.log.length).toBeLessThan(200);
  });

  test("comes whole although the connection breaks once", async () => {
    let answers = 0;
    const { list } = await listOf((_request, response) => {
      const body = JSON.stringify([{ type: "file", path: "config.json", size: 2 }]);
      if (answers++ > 0) return void response.end(body);
      response.writeHead(200, { "content-length": String(body.length) }).write(body.slice(0, 5));
      setTimeout(() => response.destroy(), 20);
      return undefined;
    });
    expect(await list()).toEqual(["config.json"]);
  });

  test("gives no name that leaves the folder, and nothing for what is no entry", async () => {
    const items = [
      null,
      1,
      "x",
      {},
      { type: "file" },
      { type: "file", path: "../x" },
      { type: "file", path: "a\u001b[2J" },
    ];
    const { list } = await listOf((_request, response) => {
      response.end(JSON.stringify([...items, { type: "file", path: "vocab.txt", lfs: null, size: "x" }]));
    });
    expect(await list()).toEqual(["vocab.txt"]);
  });

  test.each(["{}", "not json", `${"[".repeat(200_000)}`])("that is none is an error", async (body) => {
    const { list } = await listOf((_request, response) => void response.end(body));
    await expect(list()).rejects.toMatchObject({ name: "FilesError", code: "network" });
  });
});

describe("a file that is read whole", () => {
  /** A server whose file has no end. */
  const endless: Handler = (_request, response) => {
    const piece = Buffer.alloc(1 << 16, "{");
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
  };

  test("ends where its server's does not", async () => {
    const { files, cacheDirectory } = await filesOf(endless);
    const error = await files.readText("config.json").catch((caught) => caught);
    expect(error).toMatchObject({ name: "FilesError", code: "too-large", file: "config.json" });
    // Nothing of it stays.
    expect((await readdir(cacheDirectory, { recursive: true })).filter((name) => /part|file/.test(name))).toEqual([]);
    await expect(files.readText("vocab.txt", { maxBytes: 1000 })).rejects.toMatchObject({ code: "too-large" });
    await expect(files.readBytes("vocab.txt", { maxBytes: 1000 })).rejects.toMatchObject({ code: "too-large" });
  });

  test("is not unpacked without end", async () => {
    const bomb = gzipSync(Buffer.alloc(80 << 20, "{"));
    const { files } = await filesOf((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": String(bomb.length) }).end(bomb);
    });
    await expect(files.readText("config.json")).rejects.toMatchObject({ code: "too-large" });
  });

  test("is not begun when its announced length is too much", async () => {
    const { files, server } = await filesOf((_request, response) => {
      response.writeHead(200, { "content-length": String(1e12) }).write("{");
    });
    await expect(files.readText("config.json")).rejects.toMatchObject({ code: "too-large" });
    expect(server.log.length).toBe(1);
  });

  test("may be longer for who says so, also when it was opened before", async () => {
    const body = pattern(2000);
    const { files } = await filesOf((_request, response) => void response.end(body));
    const file = await files.open("weights.bin");
    expect(file.size).toBe(2000);
    await file.close();
    await expect(files.readBytes("weights.bin", { maxBytes: 1999 })).rejects.toMatchObject({ code: "too-large" });
    expect(await files.readBytes("weights.bin", { maxBytes: 2000 })).toEqual(body);
  });

  test("and one that is not, have the limit of the whole set", async () => {
    const { files } = await filesOf(endless, { maxFileSize: 1 << 20 });
    await expect(files.open("weights.bin")).rejects.toMatchObject({ code: "too-large" });
  });

  test("is limited on disk and in memory, too", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "config.json"), "{}");
    // Takes no room on disk, and would take 100 GB of memory.
    await truncate(join(folder, "config.json"), 100 * 2 ** 30).catch(() =>
      truncate(join(folder, "config.json"), 2 ** 31),
    );
    const local = await openFiles(folder);
    await expect(local.readText("config.json")).rejects.toMatchObject({ code: "too-large" });
    await expect(local.readBytes("config.json")).rejects.toMatchObject({ code: "too-large" });
    for (const contents of [new Uint8Array(100), new Blob([new Uint8Array(100)])]) {
      const given = await openFiles({ "config.json": contents });
      await expect(given.readText("config.json", { maxBytes: 99 })).rejects.toMatchObject({ code: "too-large" });
      expect((await given.readText("config.json", { maxBytes: 100 })).length).toBe(100);
    }
  });
});

describe("what is no file", () => {
  const reads: [string, (files: FileSet, name: string) => Promise<unknown>][] = [
    ["open", (files, name) => files.open(name)],
    ["readText", (files, name) => files.readText(name)],
    ["readBytes", (files, name) => files.readBytes(name)],
  ];

  test.each(reads)("is refused by %s: pipes, devices, and links to them", async (_name, read) => {
    const folder = await temporaryFolder();
    makePipe(join(folder, "config.json"));
    await symlink("/dev/zero", join(folder, "vocab.txt"));
    await symlink(join(folder, "config.json"), join(folder, "linked.json"));
    await mkdir(join(folder, "nested"));
    const files = await openFiles(folder);
    expect(await files.list!()).toEqual([]);
    for (const [name, kind] of Object.entries({
      "config.json": "pipe",
      "linked.json": "pipe",
      "vocab.txt": "device",
    })) {
      expect(await files.has(name)).toBe(false);
      const message = expect.stringContaining(kind);
      const expected = { name: "FilesError", code: "invalid-source", file: name, message };
      await expect(read(files, name)).rejects.toMatchObject(expected);
    }
    await expect(read(files, "nested")).rejects.toMatchObject({ code: "not-found" });
  });

  test("is refused as a model", async () => {
    const folder = await temporaryFolder();
    makePipe(join(folder, "pipe"));
    for (const source of [join(folder, "pipe"), "/dev/zero"]) {
      await expect(openFiles(source)).rejects.toMatchObject({ name: "FilesError", code: "invalid-source" });
    }
  });
});

describe("a pointer of Git LFS", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 231508\n`;

  test.each(["vocab.txt", "config.json", "tokenizer.json"])("is recognised as %s, wherever it is", async (name) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, name), pointer);
    const { files } = await filesOf((_request, response) => void response.end(pointer));
    for (const set of [files, await openFiles(folder), await openFiles({ [name]: pointer })]) {
      for (const read of [set.readText, set.readBytes]) {
        const message = expect.stringContaining("git lfs pull");
        await expect(read(name)).rejects.toMatchObject({
          name: "FilesError",
          code: "lfs-pointer",
          file: name,
          message,
        });
      }
    }
  });

  test("is not seen in a text that only speaks of one", async () => {
    const text = `# ${pointer}`;
    expect(await (await openFiles({ "README.md": text })).readText("README.md")).toBe(text);
    const long = pointer + "x\n".repeat(1000);
    expect(await (await openFiles({ "vocab.txt": long })).readText("vocab.txt")).toBe(long);
  });
});

describe("a page in place of a missing file", () => {
  const page = "<!doctype html>\n<html><head></head><body><div id=app></div></body></html>";
  const html = { "content-type": "text/html; charset=utf-8" };
  const vocabulary = "[PAD]\n[UNK]\n";

  /** A server as vite's: a page with status 200 for every address that it does not know. */
  const singlePage =
    (headers: Record<string, string>): Handler =>
    (request, response, url) => {
      const known = url.pathname.endsWith("/vocab.txt");
      const body = known ? vocabulary : page;
      response.writeHead(200, known ? { "content-type": "text/plain" } : headers);
      response.end(request.method === "HEAD" ? undefined : body);
    };

  test("means that the file is missing", async () => {
    const { files } = await filesOf(singlePage(html));
    expect(await files.has("config.json")).toBe(false);
    expect(await files.has("vocab.txt")).toBe(true);
    expect(await files.readText("vocab.txt")).toBe(vocabulary);
    const error = await files.readText("config.json").catch((caught) => caught);
    expect(error).toMatchObject({ name: "FilesError", code: "not-found", file: "config.json" });
    expect(error.message).toContain("web page");
    await expect(files.open("model.safetensors")).rejects.toMatchObject({ code: "not-found" });
  });

  test("is told by its beginning where the server calls it nothing", async () => {
    const silent: Record<string, string>[] = [{}, { "content-type": "application/octet-stream" }];
    for (const headers of silent) {
      const { files } = await filesOf(singlePage(headers));
      await expect(files.readText("config.json")).rejects.toMatchObject({ code: "not-found" });
    }
    const { files } = await filesOf((_request, response) => {
      // In small pieces, with white space before.
      response.write("\n <!DOC");
      setTimeout(() => response.end("TYPE HTML><html></html>"), 20);
    });
    await expect(files.readText("config.json")).rejects.toMatchObject({ code: "not-found" });
  });

  test("is not seen in a file that a server only calls so", async () => {
    const { files } = await filesOf((request, response) => {
      response.writeHead(200, html).end(request.method === "HEAD" ? undefined : '{"model_type":"convbert"}');
    });
    expect(await files.has("config.json")).toBe(true);
    expect(await files.readText("config.json")).toBe('{"model_type":"convbert"}');
    const card = "<!-- a card -->\n# Model";
    const marked = await filesOf((_request, response) => void response.writeHead(200, html).end(card));
    expect(await marked.files.readText("README.md")).toBe(card);
  });
});
