import { type OpenFilesOptions, openFiles } from "@convbert/files";
import { describe, expect, test, vi } from "vitest";
import { hubIdOfUrl, parseHubId } from "../src/hub.js";
import { pattern, sendFile, serve, sha256, type TestServer, temporaryFolder } from "./server.js";

interface Commit {
  readonly sha: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const text = (value: string) => new TextEncoder().encode(value);
const first: Commit = {
  sha: "1".repeat(40),
  files: { "config.json": text('{"version":1}'), "model.safetensors": pattern(200_000), "vocab.txt": text("one") },
};
const second: Commit = {
  sha: "2".repeat(40),
  files: { "config.json": text('{"version":2}'), "model.safetensors": pattern(210_000, 5), "vocab.txt": text("two") },
};

/** A hub with one model: branches, a private twin, large files on another server, and a list of files. */
async function hub() {
  const branches: Record<string, Commit> = { main: first, "v1.0": first, "refs/pr/1": second };
  const storage = await serve((request, response, url) => {
    // As an address that was signed for GET.
    if (request.method === "HEAD") {
      response.writeHead(403).end();
      return;
    }
    const [, sha, name] = url.pathname.split("/");
    const commit = [first, second].find((candidate) => candidate.sha === sha)!;
    sendFile(request, response, commit.files[name!]!);
  });
  const server = await serve((request, response, url) => {
    const api = /^\/api\/models\/org\/model\/tree\/([^/]+)$/.exec(url.pathname);
    const match = /^\/org\/(model|private)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const revision = decodeURIComponent((api ?? match?.slice(1))?.[1] ?? "");
    const commit = branches[revision] ?? [first, second].find(({ sha }) => sha === revision);
    if (match?.[1] === "private" && request.headers.authorization !== "Bearer good") {
      response.writeHead(401, { "x-error-code": "RepoNotFound" }).end();
      return;
    }
    if (api && commit) {
      const items = Object.entries(commit.files).map(([path, bytes]) => ({
        type: "file",
        path,
        size: bytes.length,
        ...(path.endsWith(".safetensors") ? { lfs: { oid: sha256(bytes) } } : {}),
      }));
      const half = url.searchParams.has("cursor") ? items.slice(1) : [{ type: "directory", path: "sub" }, items[0]];
      const link = { link: `<${url.href.replace("localhost", request.headers.host!)}&cursor=1>; rel="next"` };
      response.writeHead(200, url.searchParams.has("cursor") ? {} : link).end(JSON.stringify(half));
      return;
    }
    if (!match) {
      response.writeHead(404, { "x-error-code": "RepoNotFound" }).end();
      return;
    }
    if (!commit) {
      response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
      return;
    }
    const name = decodeURIComponent(match[3]!);
    const headers = { "x-repo-commit": commit.sha };
    const bytes = commit.files[name];
    if (!bytes) response.writeHead(404, { ...headers, "x-error-code": "EntryNotFound" }).end();
    else if (name.endsWith(".safetensors")) {
      const linked = { "x-linked-etag": `"${sha256(bytes)}"`, "x-linked-size": String(bytes.length) };
      response.writeHead(302, { ...headers, ...linked, location: `${storage.origin}/${commit.sha}/${name}` }).end();
    } else sendFile(request, response, bytes, headers);
  });
  const cacheDirectory = await temporaryFolder();
  const options: OpenFilesOptions = { endpoint: server.origin, cacheDirectory, retries: 1, retryDelay: 1 };
  return { server, storage, branches, options };
}

const gets = (server: TestServer) => server.log.filter((line) => line.startsWith("GET")).length;

describe("a hub id", () => {
  test.each([
    ["YituTech/conv-bert-base", { id: "YituTech/conv-bert-base", revision: undefined }],
    ["YituTech/conv-bert-base@main", { id: "YituTech/conv-bert-base", revision: "main" }],
    ["org/model@refs/pr/1", { id: "org/model", revision: "refs/pr/1" }],
    ["bert-base-uncased", { id: "bert-base-uncased", revision: undefined }],
    ["a/b/c", undefined],
    ["../model", undefined],
    ["org/..", undefined],
    ["org/model@../x", undefined],
    ["org/model@", undefined],
    ["org name/model", undefined],
    ["-org/model", undefined],
  ])("%j", (id, expected) => {
    expect(parseHubId(id)).toEqual(expected);
  });

  test.each([
    ["https://hub.test/org/model", { id: "org/model", revision: undefined }],
    ["https://hub.test/org/model/tree/v1.0", { id: "org/model", revision: "v1.0" }],
    ["https://hub.test/org/model/resolve/refs%2Fpr%2F1/", { id: "org/model", revision: "refs/pr/1" }],
    ["https://hub.test/org/model/blob", undefined],
    ["https://hub.test/org", undefined],
    ["https://other.test/org/model", undefined],
  ])("of the page %s", (url, expected) => {
    expect(hubIdOfUrl(new URL(url), "https://hub.test")).toEqual(expected);
  });
});

describe("a model of the hub", () => {
  test("is downloaded once and then needs no download, only a look at its branch", async () => {
    const { server, storage, options } = await hub();
    for (let turn = 0; turn < 2; turn++) {
      const files = await openFiles("org/model", options);
      expect(files.location).toBe("org/model");
      expect(await files.readText("config.json")).toBe('{"version":1}');
      expect(await files.readBytes("model.safetensors")).toEqual(first.files["model.safetensors"]);
      expect(await files.has("vocab.txt")).toBe(true);
      expect(await (await openFiles("org/model@v1.0", options)).has("model.safetensors")).toBe(true);
      expect(await files.has("absent.txt")).toBe(false);
    }
    expect(gets(server)).toBe(2);
    expect(gets(storage)).toBe(1);
  });

  test("keeps its files of one commit, whatever happens to the branch meanwhile", async () => {
    const { branches, options } = await hub();
    const files = await openFiles("org/model", options);
    expect(await files.readText("config.json")).toBe('{"version":1}');
    branches["main"] = second;
    expect(await files.readText("vocab.txt")).toBe("one");
    const later = await openFiles("org/model", options);
    expect(await later.readText("vocab.txt")).toBe("two");
  });

  test("opens at a tag, a pull request and a commit", async () => {
    const { server, options } = await hub();
    expect(await (await openFiles("org/model@v1.0", options)).readText("vocab.txt")).toBe("one");
    const pull = await openFiles("org/model", { ...options, revision: "refs/pr/1" });
    expect(await pull.readText("vocab.txt")).toBe("two");
    expect(pull.location).toBe("org/model@refs/pr/1");
    await (await openFiles(`org/model@${first.sha}`, options)).readText("vocab.txt");
    const before = server.log.length;
    expect(await (await openFiles(`org/model@${first.sha}`, options)).readText("vocab.txt")).toBe("one");
    expect(server.log.length).toBe(before);
    await expect(openFiles("org/model", { ...options, revision: "../x" })).rejects.toMatchObject({
      code: "invalid-source",
    });
  });

  test("opens by the address of its page", async () => {
    const { server, options } = await hub();
    const files = await openFiles(`${server.origin}/org/model/tree/v1.0`, options);
    expect(files.location).toBe("org/model@v1.0");
    expect(await files.readText("vocab.txt")).toBe("one");
  });

  test("lists its files", async () => {
    const { options } = await hub();
    const files = await openFiles("org/model", options);
    expect(await files.list!()).toEqual(["config.json", "model.safetensors", "vocab.txt"]);
    await files.readText("vocab.txt");
    const offline = await openFiles("org/model", { ...options, offline: true });
    expect(await offline.list!()).toEqual(["vocab.txt"]);
  });

  test("answers from the cache when offline or without a network", async () => {
    const { server, options } = await hub();
    const online = await openFiles("org/model", options);
    await online.readText("config.json");
    const offline = await openFiles("org/model", { ...options, offline: true });
    expect(await offline.readText("config.json")).toBe('{"version":1}');
    expect(await offline.has("model.safetensors")).toBe(false);
    await expect(offline.open("model.safetensors")).rejects.toMatchObject({
      code: "offline",
      file: "model.safetensors",
    });
    await server.close();
    const gone = await openFiles("org/model", options);
    expect(await gone.readText("config.json")).toBe('{"version":1}');
    await expect(gone.open("vocab.txt")).rejects.toMatchObject({ code: "network" });
  });

  test("is an error offline when it was never loaded", async () => {
    const { server, options } = await hub();
    const files = await openFiles("org/model", { ...options, offline: true });
    await expect(files.has("config.json")).rejects.toMatchObject({ code: "offline", location: "org/model" });
    vi.stubEnv("CONVBERT_OFFLINE", "1");
    await expect((await openFiles("org/model", options)).readText("config.json")).rejects.toMatchObject({
      code: "offline",
    });
    vi.unstubAllEnvs();
    expect(server.log).toEqual([]);
  });

  test("that does not exist, or has no such revision, is not found", async () => {
    const { options } = await hub();
    const absent = await openFiles("org/absent", options);
    await expect(absent.readText("config.json")).rejects.toMatchObject({ code: "not-found", location: "org/absent" });
    const revision = await openFiles("org/model@v9", options);
    const error = await revision.has("config.json").catch((caught) => caught);
    expect(error).toMatchObject({ code: "not-found", location: "org/model@v9" });
    expect(error.message).toMatch(/revision/);
  });

  test("that is private needs its token", async () => {
    const { options } = await hub();
    const error = await (await openFiles("org/private", options)).readText("config.json").catch((caught) => caught);
    expect(error).toMatchObject({ code: "unauthorized", status: 401 });
    expect(error.message).toMatch(/HF_TOKEN/);
    expect(await (await openFiles("org/private", { ...options, token: "good" })).readText("vocab.txt")).toBe("one");
    vi.stubEnv("HF_TOKEN", "good");
    expect(await (await openFiles("org/private", options)).readText("config.json")).toBe('{"version":1}');
    vi.unstubAllEnvs();
  });

  test("comes from the endpoint and goes to the cache that the environment names", async () => {
    const { options } = await hub();
    vi.stubEnv("HF_ENDPOINT", `${options.endpoint}/`);
    vi.stubEnv("CONVBERT_CACHE", options.cacheDirectory!);
    expect(await (await openFiles("org/model")).readText("vocab.txt")).toBe("one");
    vi.stubEnv("HF_ENDPOINT", "not an address");
    await expect(openFiles("org/model")).rejects.toMatchObject({ code: "invalid-source" });
    vi.unstubAllEnvs();
  });

  test("is read from a mirror that does not tell commits", async () => {
    const server = await serve((request, response, url) => {
      if (url.pathname.endsWith("/config.json")) sendFile(request, response, text("{}"));
      else response.writeHead(404).end();
    });
    const options = { endpoint: server.origin, cacheDirectory: await temporaryFolder() };
    const files = await openFiles("org/model", options);
    expect(await files.readText("config.json")).toBe("{}");
    expect(await files.has("vocab.txt")).toBe(false);
    await expect(files.list!()).rejects.toMatchObject({ name: "FilesError" });
  });
});
