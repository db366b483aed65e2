import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type OpenFilesOptions, openFiles } from "@convbert/files";
import { describe, expect, onTestFinished, test } from "vitest";
import { memoryStore } from "../src/blob-store.js";
import { diskPath } from "../src/disk-path.js";
import { diskStore } from "../src/disk-store.js";
import { type FileStore, isStored } from "../src/store.js";
import { output, runNode } from "./node-process.js";
import { pattern, sendFile, sendTruncated, serve, temporaryFolder } from "./server.js";

const body = pattern(300_000);
const quick: OpenFilesOptions = { retryDelay: 1, retries: 3 };

async function put(store: FileStore, key: string, text: string): Promise<void> {
  const begun = await store.begin(key, () => true);
  if (isStored(begun)) throw new Error(`${key} is there`);
  await begun.restart({ url: key });
  await begun.append(new TextEncoder().encode(text));
  await begun.complete({ url: key });
}

async function get(store: FileStore, key: string): Promise<string | undefined> {
  const found = await store.find(key);
  const file = await found?.open(key);
  const bytes = new Uint8Array(file?.size ?? 0);
  await file?.read(0, bytes);
  await file?.close();
  return found && new TextDecoder().decode(bytes);
}

describe("keys of the cache", () => {
  const keys = [
    "a/model",
    "a/model/config.json",
    "a/Model",
    "a/MODEL/config.json",
    "a/b@info",
    "a/b",
    "a/b@0",
    "a/b@file",
    "a/b%40file",
    "a/b#1",
    "a/b#2",
    "a/b?1",
    "a/b%3F1",
    "a//b",
    "a/\u00e9",
    "a/e\u0301",
    "a/con",
    "a/con.txt",
    "a/x.",
    "a/x",
    `a/${"x".repeat(400)}`,
    `a/${"x".repeat(401)}`,
    `a/${"\u{1f600}".repeat(300)}`,
    "a/!'()*~",
  ];

  test.each([
    ["disk", async () => diskStore(await temporaryFolder())],
    ["memory", async () => memoryStore()],
  ])("never share a place: %s", async (_name, make) => {
    const store = await make();
    for (const key of keys) await put(store, key, `file ${key}`);
    for (const key of keys) await store.writeNote(key, `note ${key}`);
    for (const key of keys) {
      expect(await get(store, key)).toBe(`file ${key}`);
      expect(await store.readNote(key)).toBe(`note ${key}`);
    }
    expect(await store.names("a")).toEqual(keys.map((key) => key.slice(2)).sort());
  });

  test("stay apart on disks that ignore case, forms of Unicode or final dots", () => {
    const seen = new Set<string>();
    for (const key of keys) {
      const path = diskPath(key).join("/").toLowerCase().normalize("NFD");
      expect(seen).not.toContain(path);
      expect(path).not.toMatch(/\.(\/|$)|(^|\/)con(\.|\/|$)|[<>:"|?*\\@]/);
      for (const segment of path.split("/")) expect(Buffer.byteLength(segment)).toBeLessThanOrEqual(200);
      seen.add(path);
    }
  });

  test("are checked by what is stored: a file of another key never counts", async () => {
    const root = await temporaryFolder();
    const store = await diskStore(root);
    await put(store, "a/b", "text");
    await writeFile(join(root, "a", "b@info"), JSON.stringify({ url: "a/b", key: "a/c", complete: 4 }));
    expect(await store.find("a/b")).toBeUndefined();
    for (const record of ["null", "[]", "1", '{"url":1}', "{"]) {
      await writeFile(join(root, "a", "b@info"), record);
      expect(await store.find("a/b")).toBeUndefined();
      expect(await store.names("a")).toEqual([]);
    }
  });

  test("differ for models whose names are alike", async () => {
    const server = await serve((request, response, url) => {
      // No commit told; each address has contents of its own.
      if (url.pathname.includes("/resolve/"))
        sendFile(request, response, Buffer.from(url.pathname), { etag: '"same"' });
      else response.writeHead(404).end();
    });
    const cacheDirectory = await temporaryFolder();
    const at = (endpoint: string): OpenFilesOptions => ({ ...quick, cacheDirectory, endpoint });
    const models: [string, string, string][] = [
      ["org--name", server.origin, "/org--name/resolve/main/config.json"],
      ["org/name", server.origin, "/org/name/resolve/main/config.json"],
      ["Org/name", server.origin, "/Org/name/resolve/main/config.json"],
      ["name", `${server.origin}/org`, "/org/name/resolve/main/config.json"],
      ["org/name@refs", server.origin, "/org/name/resolve/refs/config.json"],
      ["org/name", `${server.origin}/at`, "/at/org/name/resolve/main/config.json"],
    ];
    for (let turn = 0; turn < 2; turn++) {
      for (const [id, endpoint, path] of models) {
        const files = await openFiles(id, at(endpoint));
        expect(await files.readText("config.json")).toBe(path);
      }
    }
  });

  test("differ for http and https", async () => {
    const cacheDirectory = await temporaryFolder();
    // What comes by http anyone between may have changed; it must not stand for what comes by https.
    const answer: typeof fetch = async (input) => new Response(String(input));
    for (const source of ["http://host.test/m/", "https://host.test/m/", "https://host.test/m/?a=1"]) {
      const files = await openFiles(source, { ...quick, cacheDirectory, fetch: answer });
      expect(await files.readText("config.json")).toBe(source.replace("/m/", "/m/config.json"));
      const offline = await openFiles(source, { cacheDirectory, offline: true });
      expect(await offline.readText("config.json")).toBe(source.replace("/m/", "/m/config.json"));
    }
    const commit = "a".repeat(40);
    for (const endpoint of ["http://hub.test", "https://hub.test", "http://hub.test"]) {
      const files = await openFiles(`org/model@${commit}`, { ...quick, cacheDirectory, endpoint, fetch: answer });
      expect(await files.readText("config.json")).toBe(`${endpoint}/org/model/resolve/${commit}/config.json`);
    }
  });

  test("have no query in them, which may be a signature", async () => {
    const cacheDirectory = await temporaryFolder();
    const files = await openFiles("https://host.test/m/?sig=SECRET", {
      ...quick,
      cacheDirectory,
      fetch: async () => new Response("{}"),
    });
    expect(files.location).toBe("https://host.test/m/?…");
    await files.readText("config.json");
    expect((await readdir(cacheDirectory, { recursive: true })).filter((name) => /SECRET/.test(name))).toEqual([]);
  });
});

describe("a resumed download", () => {
  test.each([
    ["ETag", { etag: '"v1"' }, { etag: '"v2"' }],
    ["weak ETag", { etag: 'W/"v1"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" }, { etag: 'W/"v2"' }],
    [
      "date",
      { "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" },
      { "last-modified": "Tue, 02 Jan 2024 00:00:00 GMT" },
    ],
  ])("begins anew when the %s changed, though the server sends the part asked for", async (_name, before, after) => {
    const changed = pattern(body.length, 9);
    let answers = 0;
    const server = await serve((request, response) => {
      if (answers++ === 0) return sendTruncated(response, body, 120_000, 0, before);
      const start = Number(/\d+/.exec(request.headers.range ?? "0")![0]);
      // A server that ignores If-Range.
      const range = { "content-range": `bytes ${start}-${changed.length - 1}/${changed.length}` };
      response.writeHead(start > 0 ? 206 : 200, { ...after, ...(start > 0 ? range : {}) }).end(changed.subarray(start));
      return undefined;
    });
    const files = await openFiles(`${server.origin}/m`, { ...quick, cacheDirectory: await temporaryFolder() });
    const bytes = await files.readBytes("weights.bin");
    expect(Buffer.compare(bytes, changed)).toBe(0);
    expect(server.headers[1]!.range).toMatch(/^bytes=[1-9]/);
  });

  test("of a commit begins anew, too", async () => {
    const changed = pattern(body.length, 9);
    let answers = 0;
    const server = await serve((request, response) => {
      if (answers++ === 0) return sendTruncated(response, body, 120_000, 0, { etag: '"v1"' });
      return sendFile(request, response, changed, { etag: '"v2"' });
    });
    const options = { ...quick, endpoint: server.origin, cacheDirectory: await temporaryFolder() };
    const files = await openFiles(`org/model@${"b".repeat(40)}`, options);
    expect(Buffer.compare(await files.readBytes("weights.bin"), changed)).toBe(0);
    expect(server.headers[1]!.range).toMatch(/^bytes=[1-9]/);
  });

  test("takes no more room on disk than the file", async () => {
    let answers = 0;
    const server = await serve((request, response) => {
      if (answers++ < 1) return sendTruncated(response, body, 200_000, 0, { etag: '"v1"' });
      return sendFile(request, response, body, { etag: '"v1"' });
    });
    const cacheDirectory = await temporaryFolder();
    const url = `${server.origin}/m`;
    const options = { ...quick, cacheDirectory, retries: 0 };
    const sizes = async () => {
      const names = await readdir(cacheDirectory, { recursive: true });
      const all = await Promise.all(names.map((name) => stat(join(cacheDirectory, name)).catch(() => undefined)));
      return all.filter((stats) => stats?.isFile() && stats.size > 1000).map((stats) => stats!);
    };
    await expect((await openFiles(url, options)).open("weights.bin")).rejects.toMatchObject({ code: "network" });
    const [left] = await sizes();
    let most = 0;
    const onProgress = () => void sizes().then((all) => (most = Math.max(most, all.length)));
    await (await openFiles(url, { ...options, onProgress })).open("weights.bin").then((file) => file.close());
    expect(server.headers[1]!.range).toBe(`bytes=${left!.size}-`);
    expect(most).toBeLessThanOrEqual(1);
    // The very file that was begun.
    expect((await sizes()).map(({ ino }) => ino)).toEqual([left!.ino]);
  });
});

describe("a cache that cannot be written", () => {
  const commit = "c".repeat(40);

  /** A server with a URL and a hub model, and a filled cache that is only for reading. */
  async function readOnly() {
    const state = { etag: '"v1"', commit };
    const server = await serve((request, response, url) => {
      const headers = {
        etag: state.etag,
        ...(url.pathname.startsWith("/org") ? { "x-repo-commit": state.commit } : {}),
      };
      sendFile(request, response, Buffer.from(`{"v":${state.etag}}`), headers);
    });
    const cacheDirectory = await temporaryFolder();
    const url = `${server.origin}/m`;
    await (await openFiles(url, { ...quick, cacheDirectory })).readText("config.json");
    const options = { ...quick, cacheDirectory, endpoint: server.origin };
    await (await openFiles("org/model", options)).readText("config.json");
    const names = (await readdir(cacheDirectory, { recursive: true })).map((name) => join(cacheDirectory, name));
    const setWritable = async (writable: boolean) => {
      for (const name of [cacheDirectory, ...names]) {
        const folder = (await stat(name)).isDirectory();
        await chmod(name, (folder ? 0o555 : 0o444) | (writable ? 0o200 : 0));
      }
    };
    await setWritable(false);
    onTestFinished(() => setWritable(true));
    /** Reads in a process that may not write there, and says what came of it. */
    const read = (source: string, file = "config.json", extra: OpenFilesOptions = {}) =>
      output(
        runNode(
          `const options = ${JSON.stringify({ ...options, ...extra })};
          try {
            const files = await openFiles(${JSON.stringify(source)}, options);
            console.log(await files.readText(${JSON.stringify(file)}));
          } catch (error) {
            console.log(error.name, error.code);
          }`,
          { powerless: true },
        ),
      );
    return { server, state, read, url };
  }

  test("serves what it has: a URL whose file did not change, a hub model, online and offline", async () => {
    const { read, url } = await readOnly();
    for (const source of [url, "org/model", `org/model@${commit}`]) {
      expect(await read(source)).toBe('{"v":"v1"}');
      expect(await read(source, "config.json", { offline: true })).toBe('{"v":"v1"}');
    }
  });

  test("serves a branch that it has no note of, when its commit is there", async () => {
    const { read } = await readOnly();
    expect(await read("org/model@other")).toBe('{"v":"v1"}');
  });

  test("never passes off what is out of date, nor what is absent", async () => {
    const { read, url, state } = await readOnly();
    state.etag = '"v2"';
    expect(await read(url)).toBe("FilesError io");
    expect(await read(url, "vocab.txt")).toBe("FilesError io");
    expect(await read("org/model", "vocab.txt")).toBe("FilesError io");
  });
});
