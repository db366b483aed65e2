import { mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type OpenFilesOptions, openFiles } from "@convbert/files";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { makePipe, pattern, sendFile, serve, sha256, temporaryFolder } from "./server.js";

const first = "1".repeat(40);
const second = "2".repeat(40);
const weights = pattern(100_000);

let cache: string;

/** A file of a commit as huggingface_hub keeps it: the contents among the blobs, by ETag, and a relative link to them. */
async function add(model: string, commit: string, name: string, contents: string | Uint8Array): Promise<void> {
  const blob = join(model, "blobs", sha256(Buffer.from(contents)));
  const link = join(model, "snapshots", commit, name);
  await mkdir(dirname(blob), { recursive: true });
  await mkdir(dirname(link), { recursive: true });
  await writeFile(blob, contents);
  await symlink(relative(dirname(link), blob), link);
}

async function note(model: string, revision: string, commit: string): Promise<void> {
  const file = join(model, "refs", revision);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, commit);
}

/** The cache after Python has loaded org/model: main, a tag and a pull request. */
async function fill(id = "models--org--model"): Promise<string> {
  const model = join(cache, id);
  await add(model, first, "config.json", '{"version":1}');
  await add(model, first, "model.safetensors", weights);
  await add(model, first, "onnx/model.onnx", "graph");
  await add(model, second, "config.json", '{"version":2}');
  for (const revision of ["main", "v1.0"]) await note(model, revision, first);
  await note(model, "refs/pr/1", second);
  const absent = join(model, ".no_exist", first, "added_tokens.json");
  await mkdir(dirname(absent), { recursive: true });
  await writeFile(absent, "");
  return model;
}

const NAMES = ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME"];

beforeEach(async () => {
  for (const name of [...NAMES, "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, undefined);
  const home = await temporaryFolder();
  vi.stubEnv("HF_HOME", home);
  cache = join(home, "hub");
});
afterEach(() => void vi.unstubAllEnvs());

/** A hub where each branch is at a commit, and a count of what was downloaded from it. */
async function hub(branches: Record<string, string> = { main: first }) {
  const server = await serve((request, response, url) => {
    const match = /^\/org\/model\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    const revision = decodeURIComponent(match?.[1] ?? "");
    const commit = branches[revision] ?? [first, second].find((known) => known === revision);
    if (!match || !commit) response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    else if (match[2] === "absent.txt") response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    else sendFile(request, response, Buffer.from(`hub's ${match[2]}`), { "x-repo-commit": commit });
  });
  const options: OpenFilesOptions = {
    endpoint: server.origin,
    cacheDirectory: await temporaryFolder(),
    retries: 0,
    retryDelay: 1,
  };
  const downloads = () => server.log.filter((line) => line.startsWith("GET"));
  return { server, options, downloads };
}

describe("what Python has downloaded", () => {
  test("is not downloaded again", async () => {
    await fill();
    const { options, downloads, server } = await hub();
    const files = await openFiles("org/model", options);
    expect(await files.readText("config.json")).toBe('{"version":1}');
    expect(Buffer.compare(await files.readBytes("model.safetensors"), weights)).toBe(0);
    expect(await files.has("model.safetensors")).toBe(true);
    expect(downloads()).toEqual([]);
    // What it lacks comes from the hub, into our own cache; theirs is only read.
    expect(await files.readText("vocab.txt")).toBe("hub's vocab.txt");
    expect(downloads().length).toBe(1);
    expect((await readdir(cache, { recursive: true })).filter((name) => name.includes("vocab"))).toEqual([]);
    // A commit needs no request at all.
    const before = server.log.length;
    const exact = await openFiles(`org/model@${first}`, options);
    expect(await exact.readText("config.json")).toBe('{"version":1}');
    expect(await exact.has("added_tokens.json")).toBe(false);
    expect(server.log.length).toBe(before);
  });

  test("is of the commit that the branch is at now, not of the one that it was at", async () => {
    await fill();
    const { options, downloads } = await hub({ main: second });
    const files = await openFiles("org/model", options);
    expect(await files.readText("config.json")).toBe('{"version":2}');
    expect(await files.readText("model.safetensors")).toBe("hub's model.safetensors");
    expect(downloads().length).toBe(1);
  });

  test("serves offline: branch, tag, pull request, commit, and the option `revision`", async () => {
    await fill();
    const options = { offline: true, cacheDirectory: await temporaryFolder() };
    for (const revision of [undefined, "main", "v1.0", first]) {
      const files = await openFiles("org/model", { ...options, ...(revision && { revision }) });
      expect(await files.readText("config.json")).toBe('{"version":1}');
      expect(await files.list!()).toEqual(["config.json", "model.safetensors", "onnx/model.onnx"]);
      expect(await files.readText("onnx/model.onnx")).toBe("graph");
      expect(await files.has("vocab.txt")).toBe(false);
      await expect(files.open("vocab.txt")).rejects.toMatchObject({ code: "offline" });
      await expect(files.open("added_tokens.json")).rejects.toMatchObject({ code: "not-found" });
    }
    for (const revision of ["refs/pr/1", second]) {
      const files = await openFiles(`org/model@${revision}`, options);
      expect(await files.readText("config.json")).toBe('{"version":2}');
    }
    const unknown = await openFiles("org/model@v9", options);
    await expect(unknown.readText("config.json")).rejects.toMatchObject({ code: "offline" });
  });

  test.each(["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])("serves without a request where %s says so", async (name) => {
    await fill();
    const { options, server } = await hub();
    vi.stubEnv(name, "YES");
    expect(await (await openFiles("org/model", options)).readText("config.json")).toBe('{"version":1}');
    expect(server.log).toEqual([]);
    // The second counts only where the first is not set.
    vi.stubEnv("TRANSFORMERS_OFFLINE", "1");
    vi.stubEnv("HF_HUB_OFFLINE", "0");
    expect(await (await openFiles("org/model", options)).readText("vocab.txt")).toBe("hub's vocab.txt");
  });

  test("serves without a network, and where access is denied", async () => {
    await fill();
    const { server, options } = await hub();
    await server.close();
    expect(await (await openFiles("org/model", options)).readText("config.json")).toBe('{"version":1}');
    const gated = await serve((_request, response) => void response.writeHead(401).end());
    const files = await openFiles("org/model", { ...options, endpoint: gated.origin });
    expect(await files.readText("config.json")).toBe('{"version":1}');
  });

  test.each(NAMES)("is found by %s", async (name) => {
    const elsewhere = await temporaryFolder();
    vi.stubEnv("HF_HOME", undefined);
    const inside: Record<string, string> = { HF_HOME: "hub", XDG_CACHE_HOME: "huggingface/hub" };
    cache = join(elsewhere, inside[name] ?? ".");
    await fill();
    vi.stubEnv(name, elsewhere);
    const files = await openFiles("org/model", { offline: true, cacheDirectory: await temporaryFolder() });
    expect(await files.readText("config.json")).toBe('{"version":1}');
  });

  test("is found for an old model without an organisation, never for a name that only looks like another", async () => {
    await fill("models--bert-base");
    await fill();
    const options = { offline: true, cacheDirectory: await temporaryFolder() };
    expect(await (await openFiles("bert-base", options)).readText("config.json")).toBe('{"version":1}');
    const alike = await openFiles("org--model", options);
    await expect(alike.readText("config.json")).rejects.toMatchObject({ code: "offline" });
  });

  test("may lie behind a link to the whole cache; what else leads out of it is not followed", async () => {
    const model = await fill();
    const outside = await temporaryFolder();
    await writeFile(join(outside, "secret"), "secret");
    await symlink(join(outside, "secret"), join(model, "snapshots", first, "vocab.txt"));
    await symlink(outside, join(model, "snapshots", first, "folder"));
    await symlink("../../blobs/gone", join(model, "snapshots", first, "dangling.json"));
    await symlink("loop.json", join(model, "snapshots", first, "loop.json"));
    await rm(join(model, "refs", "main"));
    await writeFile(join(outside, "main"), second);
    await symlink(join(outside, "main"), join(model, "refs", "main"));
    makePipe(join(model, "snapshots", first, "pipe.json"));
    const options = { offline: true, cacheDirectory: await temporaryFolder() };
    const files = await openFiles(`org/model@${first}`, options);
    for (const name of ["vocab.txt", "folder/secret", "dangling.json", "loop.json", "pipe.json"]) {
      expect(await files.has(name)).toBe(false);
      await expect(files.open(name)).rejects.toMatchObject({ code: "offline" });
    }
    expect(await files.list!()).toEqual(["config.json", "model.safetensors", "onnx/model.onnx"]);
    const main = await openFiles("org/model", options);
    await expect(main.readText("config.json")).rejects.toMatchObject({ code: "offline" });
    // The whole cache on another disk.
    const moved = join(await temporaryFolder(), "moved");
    await rename(cache, moved);
    await symlink(moved, cache);
    const again = await openFiles(`org/model@${first}`, options);
    expect(await again.readText("config.json")).toBe('{"version":1}');
  });

  test("counts only where it is whole", async () => {
    const model = await fill();
    const options = { offline: true, cacheDirectory: await temporaryFolder() };
    for (const text of ["", "main", "1".repeat(39), `${first} ${first}`, "../../x", "\u0000".repeat(1000)]) {
      await writeFile(join(model, "refs", "main"), text);
      const files = await openFiles("org/model", options);
      await expect(files.readText("config.json")).rejects.toMatchObject({ code: "offline" });
    }
    await writeFile(join(model, "refs", "main"), `${first}\n`);
    expect(await (await openFiles("org/model", options)).readText("config.json")).toBe('{"version":1}');
    await rm(join(model, "blobs"), { recursive: true });
    await expect((await openFiles("org/model", options)).readText("config.json")).rejects.toMatchObject({
      code: "offline",
    });
  });
});
