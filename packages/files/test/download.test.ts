import { readdir } from "node:fs/promises";
import { type OpenFilesOptions, openFiles, type Progress } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { type Handler, pattern, sendFile, sendTruncated, serve, sha256, temporaryFolder } from "./server.js";

const body = pattern(300_000);
const quick: OpenFilesOptions = { retryDelay: 1, retries: 3 };

/** A server for one file, and options with a cache of their own. */
async function setUp(handler: Handler) {
  const server = await serve(handler);
  const cacheDirectory = await temporaryFolder();
  const progress: Progress[] = [];
  const options: OpenFilesOptions = { ...quick, cacheDirectory, onProgress: (event) => progress.push(event) };
  const read = async (extra: OpenFilesOptions = {}) => {
    const files = await openFiles(`${server.origin}/model`, { ...options, ...extra });
    return files.readBytes("weights.bin");
  };
  return { server, options, progress, read, cacheDirectory };
}

describe("a URL", () => {
  test("is downloaded once, and confirmed by its validator from then on", async () => {
    const { server, read, progress } = await setUp((request, response) => sendFile(request, response, body));
    expect(await read()).toEqual(body);
    expect(progress.at(0)).toEqual({ file: "weights.bin", status: "download", loaded: 0, total: body.length });
    expect(progress.at(-1)).toEqual({ file: "weights.bin", status: "done", loaded: body.length, total: body.length });
    progress.length = 0;
    expect(await read()).toEqual(body);
    expect(progress.map(({ status }) => status)).toEqual(["cached"]);
    expect(server.headers[1]!["if-none-match"]).toBeDefined();
    expect(server.log.length).toBe(2);
  });

  test("is fetched again when it has changed on the server", async () => {
    let current = body;
    const { read } = await setUp((request, response) => sendFile(request, response, current));
    await read();
    current = pattern(200_000, 7);
    expect(await read()).toEqual(current);
    expect(await read({ offline: true })).toEqual(current);
  });

  test("comes from the cache when the network is gone", async () => {
    const { server, read } = await setUp((request, response) => sendFile(request, response, body));
    await read();
    await server.close();
    expect(await read()).toEqual(body);
    expect(await read({ offline: true })).toEqual(body);
  });

  test("keeps its query, and escapes names", async () => {
    const { server, options } = await setUp((request, response) => sendFile(request, response, body));
    const files = await openFiles(`${server.origin}/a/?version=3#part`, options);
    expect(await files.has("sub folder/weights #1.bin")).toBe(true);
    expect(server.log).toEqual(["HEAD /a/sub%20folder/weights%20%231.bin"]);
    expect((await files.readBytes("sub folder/weights #1.bin")).length).toBe(body.length);
  });

  test("answers has() without HEAD, too", async () => {
    const { server, options } = await setUp((request, response, url) => {
      if (request.method === "HEAD") response.writeHead(405).end();
      else if (url.pathname.endsWith("weights.bin")) sendFile(request, response, body);
      else response.writeHead(404).end();
    });
    const files = await openFiles(`${server.origin}/model/`, options);
    expect(await files.has("weights.bin")).toBe(true);
    expect(await files.has("absent.bin")).toBe(false);
    expect(files.list).toBeUndefined();
  });

  test("answers has() for files that are redirected to another server", async () => {
    const other = await serve((request, response, url) => {
      if (request.method === "HEAD") response.writeHead(403).end();
      else if (url.pathname === "/signed") sendFile(request, response, body);
      else response.writeHead(404).end();
    });
    const { server, options } = await setUp((_request, response, url) => {
      const location = `${other.origin}/${url.pathname.endsWith("weights.bin") ? "signed" : "missing"}`;
      response.writeHead(302, { location }).end();
    });
    const files = await openFiles(`${server.origin}/model/`, options);
    expect(await files.has("weights.bin")).toBe(true);
    expect(await files.has("absent.bin")).toBe(false);
  });

  test("is read where the server compresses it", async () => {
    const { gzipSync } = await import("node:zlib");
    const { read } = await setUp((_request, response) => {
      const packed = gzipSync(body);
      response.writeHead(200, { "content-encoding": "gzip", "content-length": String(packed.length) }).end(packed);
    });
    expect(await read()).toEqual(body);
  });

  test("is read where the server does not know the length", async () => {
    const { read, progress } = await setUp((_request, response) => {
      response.write(body.subarray(0, 1000));
      response.end(body.subarray(1000));
    });
    expect(await read()).toEqual(body);
    expect(progress[0]!.total).toBeUndefined();
  });

  test("may be empty", async () => {
    const { read } = await setUp((request, response) => sendFile(request, response, new Uint8Array(0)));
    expect(await read()).toEqual(new Uint8Array(0));
    expect(await read()).toEqual(new Uint8Array(0));
  });
});

describe("a broken connection", () => {
  test("is resumed where it ended, under the same validator", async () => {
    let answers = 0;
    const { server, read, progress } = await setUp((request, response) => {
      if (answers++ === 0) return sendTruncated(response, body, 120_000, 0, { etag: '"v1"' });
      return sendFile(request, response, body, { etag: '"v1"' });
    });
    expect(await read()).toEqual(body);
    expect(server.headers[1]!.range).toMatch(/^bytes=[1-9]\d*-$/);
    expect(server.headers[1]!["if-range"]).toBe('"v1"');
    const loaded = progress.map((event) => event.loaded);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
  });

  test("begins again when the file changed in between", async () => {
    const changed = pattern(250_000, 9);
    let answers = 0;
    const { read } = await setUp((request, response) => {
      if (answers++ === 0) return sendTruncated(response, body, 120_000, 0, { etag: '"v1"' });
      return sendFile(request, response, changed, { etag: '"v2"' });
    });
    expect(await read()).toEqual(changed);
  });

  test("begins again when the server sends another range than asked", async () => {
    let answers = 0;
    const { read } = await setUp((request, response) => {
      const answer = answers++;
      if (answer === 0) return sendTruncated(response, body, 120_000, 0, { etag: '"v1"' });
      if (answer === 1) {
        const range = { "content-range": `bytes 5-${body.length - 1}/${body.length}`, etag: '"v1"' };
        response.writeHead(206, range).end(body.subarray(5));
        return undefined;
      }
      return sendFile(request, response, body, { etag: '"v1"' });
    });
    expect(await read()).toEqual(body);
  });

  test("begins again when the total changed under the same validator", async () => {
    let answers = 0;
    const { read } = await setUp((request, response) => {
      const answer = answers++;
      if (answer === 0) return sendTruncated(response, body, 120_000, 0, { etag: '"v1"' });
      const start = Number(/\d+/.exec(request.headers.range ?? "")?.[0] ?? 0);
      if (answer === 1) {
        const range = { "content-range": `bytes ${start}-9999999/10000000`, etag: '"v1"' };
        response.writeHead(206, range).end("x");
        return undefined;
      }
      return sendFile(request, response, body, { etag: '"v1"' });
    });
    expect(await read()).toEqual(body);
  });

  test("begins again where the server ignores ranges", async () => {
    let answers = 0;
    const { read } = await setUp((_request, response) => {
      if (answers++ < 2) return sendTruncated(response, body, 50_000, 0, { etag: '"v1"' });
      response.writeHead(200, { "content-length": String(body.length), etag: '"v1"' }).end(body);
      return undefined;
    });
    expect(await read()).toEqual(body);
  });

  test("is given up after the retries, whichever way it breaks each time", async () => {
    let answers = 0;
    const { server, read } = await setUp((request, response) => {
      // Turn by turn: a cut answer, then a wrong range, so that the length held goes up and down.
      if (answers++ % 2 === 0 || !request.headers.range)
        return sendTruncated(response, body, 1_000, 0, { etag: '"v"' });
      response.writeHead(206, { "content-range": `bytes 0-9/${body.length}`, etag: '"v"' }).end("0123456789");
      return undefined;
    });
    await expect(read()).rejects.toMatchObject({ name: "FilesError", code: "network", file: "weights.bin" });
    expect(server.log.length).toBeLessThan(8);
  });

  test("survives a server that falls silent", async () => {
    let answers = 0;
    const { server, read } = await setUp((request, response) => {
      if (answers++ > 0) return sendFile(request, response, body, { etag: '"v1"' });
      response.writeHead(200, { "content-length": String(body.length), etag: '"v1"' });
      response.write(body.subarray(0, 70_000));
      return undefined;
    });
    expect(await read({ timeout: 300 })).toEqual(body);
    expect(server.headers[1]!.range).toBeDefined();
  });

  test("survives a server that never answers at first", async () => {
    let answers = 0;
    const { read } = await setUp((request, response) => {
      if (answers++ > 0) sendFile(request, response, body);
    });
    expect(await read({ timeout: 300 })).toEqual(body);
  });

  test("refuses more bytes than announced", async () => {
    const { read } = await setUp((_request, response) => {
      response.socket!.end(`HTTP/1.1 200 OK\r\ncontent-range: x\r\nx-linked-size: 10\r\n\r\n${"y".repeat(500)}`);
    });
    await expect(read()).rejects.toMatchObject({ code: "network" });
  });
});

describe("statuses", () => {
  test("of an overloaded server are tried again", async () => {
    const statuses = [500, 503, 429];
    const { read } = await setUp((request, response) => {
      const status = statuses.shift();
      if (status) response.writeHead(status, { "retry-after": "0" }).end("busy");
      else sendFile(request, response, body);
    });
    expect(await read()).toEqual(body);
  });

  test("of a broken server end in one error", async () => {
    const { server, read } = await setUp((_request, response) => void response.writeHead(500).end("broken"));
    const error = await read().catch((caught) => caught);
    expect(error).toMatchObject({ name: "FilesError", code: "network", status: 500, file: "weights.bin" });
    expect(server.log.length).toBe(4);
  });

  test.each([
    [404, "not-found"],
    [410, "not-found"],
    [401, "unauthorized"],
    [403, "unauthorized"],
  ])("%i is %s, without a second try", async (status, code) => {
    const { server, read } = await setUp((_request, response) => void response.writeHead(status).end());
    await expect(read()).rejects.toMatchObject({ name: "FilesError", code, status });
    expect(server.log.length).toBe(1);
  });

  test("a server that is not there is a network error that says what to do", async () => {
    const server = await serve(() => {});
    await server.close();
    const options = { ...quick, cacheDirectory: await temporaryFolder() };
    const files = await openFiles(`${server.origin}/model`, options);
    const error = await files.readText("config.json").catch((caught) => caught);
    expect(error).toMatchObject({ code: "network", file: "config.json" });
    expect(error.message).toMatch(/ECONNREFUSED.*offline/s);
    await expect(files.has("config.json")).rejects.toMatchObject({ code: "network" });
  });

  test("a circle of redirects ends", async () => {
    const { read } = await setUp((_request, response) => void response.writeHead(302, { location: "/loop" }).end());
    await expect(read()).rejects.toMatchObject({ code: "network" });
  });

  test("a redirect out of the web is refused", async () => {
    const { read } = await setUp(
      (_request, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    );
    await expect(read()).rejects.toMatchObject({ code: "network" });
  });

  test("a token goes to its own origin only", async () => {
    const other = await serve((request, response) => sendFile(request, response, body));
    const { server, read } = await setUp((_request, response) => {
      response.writeHead(302, { location: `${other.origin}/elsewhere` }).end();
    });
    expect(await read({ token: "secret" })).toEqual(body);
    expect(server.headers[0]!.authorization).toBe("Bearer secret");
    expect(other.headers[0]!.authorization).toBeUndefined();
  });
});

describe("offline", () => {
  test("never asks the network, and says what is missing", async () => {
    const { server, read, options } = await setUp((request, response) => sendFile(request, response, body));
    const error = await read({ offline: true }).catch((caught) => caught);
    expect(error).toMatchObject({ name: "FilesError", code: "offline", file: "weights.bin" });
    const files = await openFiles(`${server.origin}/model`, { ...options, offline: true });
    expect(await files.has("weights.bin")).toBe(false);
    expect(server.log).toEqual([]);
  });
});

describe("a signal", () => {
  test("stops a download; the next attempt goes on", async () => {
    const controller = new AbortController();
    let answers = 0;
    const { server, read } = await setUp((request, response) => {
      if (answers++ > 0) return sendFile(request, response, body, { etag: '"v1"' });
      response.writeHead(200, { "content-length": String(body.length), etag: '"v1"' });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(body.subarray(sent, sent + 1000));
        sent += 1000;
      }, 20);
      response.on("close", () => clearInterval(timer));
      return undefined;
    });
    const onProgress = ({ loaded }: Progress) => {
      if (loaded > 0) controller.abort(new Error("enough"));
    };
    await expect(read({ signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(await read()).toEqual(body);
    expect(server.headers[1]!.range).toMatch(/^bytes=[1-9]/);
  });

  test("stops before the first request, and while waiting for the next", async () => {
    const { server, read } = await setUp((_request, response) => void response.writeHead(503).end());
    await expect(read({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(server.log).toEqual([]);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await expect(read({ signal: controller.signal, retryDelay: 60_000 })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a cache that several share", () => {
  test("downloads once for many at the same time", async () => {
    let answers = 0;
    const { server, read } = await setUp(async (request, response) => {
      answers++;
      await new Promise((resolve) => setTimeout(resolve, 100));
      sendFile(request, response, body);
    });
    const results = await Promise.all([read(), read(), read(), read()]);
    for (const result of results) expect(result).toEqual(body);
    expect([answers, server.log.length]).toEqual([1, 1]);
  });

  test("has only complete files under their names", async () => {
    const { read, cacheDirectory } = await setUp((_request, response) => sendTruncated(response, body, 10_000));
    await expect(read()).rejects.toMatchObject({ code: "network" });
    const names = await readdir(cacheDirectory, { recursive: true });
    expect(names.filter((name) => name.endsWith("@file"))).toEqual([]);
    expect(names.filter((name) => name.endsWith("@lock"))).toEqual([]);
  });

  test("cannot be used where the disk refuses, and says so", async () => {
    const { server } = await setUp((request, response) => sendFile(request, response, body));
    const files = await openFiles(`${server.origin}/model`, { cacheDirectory: "/dev/null/cache" });
    const error = await files.readBytes("weights.bin").catch((caught) => caught);
    expect(error).toMatchObject({ name: "FilesError", code: "io" });
    expect(error.message).toMatch(/CONVBERT_CACHE/);
  });
});

describe("a checksum", () => {
  const linked = { "x-linked-etag": `"${sha256(body)}"`, "x-linked-size": String(body.length) };

  test("is checked; a damaged copy is fetched once more", async () => {
    const damaged = body.slice();
    damaged[1234]! ^= 1;
    let answers = 0;
    const { read } = await setUp((request, response) => {
      sendFile(request, response, answers++ === 0 ? damaged : body, { ...linked, etag: '"same"' });
    });
    expect(await read()).toEqual(body);
  });

  test("that never fits is an error, and nothing stays in the cache", async () => {
    const damaged = body.slice();
    damaged[1234]! ^= 1;
    const { read } = await setUp((request, response) =>
      sendFile(request, response, damaged, { ...linked, etag: '"same"' }),
    );
    await expect(read()).rejects.toMatchObject({ name: "FilesError", code: "corrupt", file: "weights.bin" });
    await expect(read({ offline: true })).rejects.toMatchObject({ code: "offline" });
  });
});
