import { describe, expect, test } from "vitest";
import { cacheApiStore, memoryStore } from "../src/blob-store.js";
import { download } from "../src/download.js";
import { HttpClient } from "../src/http.js";
import type { FileStore } from "../src/store.js";
import { pattern, sendFile, sendTruncated, serve, sha256 } from "./server.js";

/** A browser's CacheStorage, as far as the store uses it; `quota` is how many bytes it takes before it refuses. */
function fakeCaches(quota = Number.POSITIVE_INFINITY) {
  const kept = new Map<string, Blob>();
  let used = 0;
  const cache = {
    match: async (url: string) => {
      const blob = kept.get(url);
      return blob && new Response(blob);
    },
    put: async (url: string, response: Response) => {
      const blob = await response.blob();
      if (used + blob.size > quota) throw new DOMException("full", "QuotaExceededError");
      used += blob.size;
      kept.set(new URL(url).href, blob);
    },
    delete: async (url: string) => kept.delete(url),
    keys: async () => [...kept.keys()].map((url) => ({ url })),
  };
  return { storage: { open: async () => cache } as unknown as CacheStorage, kept };
}

const body = pattern(20_000_000);
/** Compared at once: an element-wise comparison of so many takes seconds. */
const isBody = (bytes: Uint8Array) => Buffer.compare(bytes, body) === 0;

async function fetchInto(store: FileStore, origin: string, signal?: AbortSignal) {
  const client = new HttpClient({ retries: 0, retryDelay: 1 }, origin, undefined);
  const subject = { location: origin, file: "weights.bin" };
  const request = {
    url: `${origin}/weights.bin`,
    key: "a/weights.bin",
    subject,
    immutable: true,
    maxBytes: 1e9,
    signal,
  };
  const stored = await download(client, store, request);
  const file = await stored.open("weights.bin");
  const bytes = new Uint8Array(file.size);
  await file.read(0, bytes);
  return bytes;
}

describe.each([
  ["a browser's Cache", () => cacheApiStore(fakeCaches().storage)],
  ["a Cache that is full", () => cacheApiStore(fakeCaches(9_000_000).storage)],
  ["memory", () => memoryStore()],
])("%s", (_, make) => {
  test("keeps a download, checked, and finds it again", async () => {
    const server = await serve((request, response) => {
      sendFile(request, response, body, { "x-linked-etag": `"${sha256(body)}"` });
    });
    const store = make();
    expect(await store.find("a/weights.bin")).toBeUndefined();
    expect(isBody(await fetchInto(store, server.origin))).toBe(true);
    expect((await store.find("a/weights.bin"))!.size).toBe(body.length);
    expect(isBody(await fetchInto(store, server.origin))).toBe(true);
    expect(server.log.length).toBe(1);
    expect(await store.names("a")).toEqual(["weights.bin"]);
    expect(await store.names("b")).toEqual([]);
  });

  test("goes on after a break, across its parts", async () => {
    let answers = 0;
    const server = await serve((request, response) => {
      if (answers++ === 0) return sendTruncated(response, body, 11_000_000, 0, { etag: '"v1"' });
      return sendFile(request, response, body, { etag: '"v1"' });
    });
    const store = make();
    await expect(fetchInto(store, server.origin)).rejects.toMatchObject({ code: "network" });
    expect(await store.find("a/weights.bin")).toBeUndefined();
    expect(await store.names("a")).toEqual([]);
    expect(isBody(await fetchInto(store, server.origin))).toBe(true);
    expect(server.headers[1]!.range).toMatch(/^bytes=\d+-$/);
  });

  test("downloads once for two that ask together", async () => {
    const server = await serve((request, response) => sendFile(request, response, body));
    const store = make();
    const both = await Promise.all([fetchInto(store, server.origin), fetchInto(store, server.origin)]);
    expect(both.map((bytes) => bytes.length)).toEqual([body.length, body.length]);
    expect(server.log.length).toBe(1);
  });

  test("remembers notes", async () => {
    const store = make();
    expect(await store.readNote("refs/main")).toBeUndefined();
    await store.writeNote("refs/main", "abc");
    expect(await store.readNote("refs/main")).toBe("abc");
  });
});

test("a Cache whose parts the browser dropped counts as empty", async () => {
  const server = await serve((request, response) => sendFile(request, response, body));
  const { storage, kept } = fakeCaches();
  await fetchInto(cacheApiStore(storage), server.origin);
  kept.delete([...kept.keys()].find((url) => url.endsWith("@1"))!);
  const store = cacheApiStore(storage);
  expect(await store.find("a/weights.bin")).toBeUndefined();
  expect(isBody(await fetchInto(store, server.origin))).toBe(true);
  expect(server.log.length).toBe(2);
});
