import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { openFiles } from "@convbert/files";
import { describe, expect, test } from "vitest";
import { takeLock, tryLock } from "../src/lock.js";
import { output, runNode } from "./node-process.js";
import { pattern, sendFile, serve, temporaryFolder } from "./server.js";

const body = pattern(400_000);
/** Another process of Node that reads `weights.bin` and says how long it is. */
function reader(url: string, cacheDirectory: string): ChildProcess {
  return runNode(`
    const files = await openFiles(${JSON.stringify(url)}, { cacheDirectory: ${JSON.stringify(cacheDirectory)} });
    console.log((await files.readBytes("weights.bin")).length);`);
}

describe("several processes", () => {
  test("share one download", async () => {
    const server = await serve(async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      sendFile(request, response, body, { etag: '"v1"' });
    });
    const cache = await temporaryFolder();
    const children = [1, 2, 3].map(() => reader(`${server.origin}/model`, cache));
    const lengths = await Promise.all(children.map(output));
    expect(lengths).toEqual(["400000", "400000", "400000"]);
    const full = server.headers.filter((headers) => headers["if-none-match"] === undefined);
    expect(full.length).toBe(1);
  });

  test("go on where one was killed", async () => {
    let answers = 0;
    let begun: () => void;
    const halfway = new Promise<void>((resolve) => (begun = resolve));
    const server = await serve((request, response) => {
      if (answers++ > 0) return sendFile(request, response, body, { etag: '"v1"' });
      response.writeHead(200, { "content-length": String(body.length), etag: '"v1"' });
      response.write(body.subarray(0, 200_000), () => setTimeout(begun, 300));
      return undefined;
    });
    const cacheDirectory = await temporaryFolder();
    const child = reader(`${server.origin}/model`, cacheDirectory);
    await halfway;
    child.kill("SIGKILL");
    await once(child, "exit");
    const files = await openFiles(`${server.origin}/model`, { cacheDirectory });
    expect(await files.readBytes("weights.bin")).toEqual(body);
    expect(server.headers[1]!.range).toMatch(/^bytes=[1-9]/);
    const left = (await readdir(cacheDirectory, { recursive: true })).filter((name) => /part|lock/.test(name));
    expect(left).toEqual([]);
  });
});

describe("a process that was asleep while another took its download over", () => {
  test("does no harm when it wakes, and gets the file", async () => {
    let answers = 0;
    let begun: () => void;
    const halfway = new Promise<void>((resolve) => (begun = resolve));
    let wake: () => void = () => {};
    const server = await serve((request, response) => {
      if (answers++ > 0) return sendFile(request, response, body, { etag: '"v1"' });
      response.writeHead(200, { "content-length": String(body.length), etag: '"v1"' });
      response.write(body.subarray(0, 200_000), () => setTimeout(begun, 300));
      // The rest arrives once another has the file.
      wake = () => response.end(body.subarray(200_000));
      return undefined;
    });
    const cacheDirectory = await temporaryFolder();
    const child = reader(`${server.origin}/model`, cacheDirectory);
    const said = output(child);
    await halfway;
    child.kill("SIGSTOP");
    const inCache = () => readdir(cacheDirectory, { recursive: true });
    const part = join(cacheDirectory, (await inCache()).find((name) => name.endsWith(".part"))!);
    const { ino } = await stat(part);
    // As after a minute of silence, by a holder of which nothing is known.
    const lock = join(cacheDirectory, (await inCache()).find((name) => name.endsWith("@lock"))!);
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(lock, longAgo, longAgo);
    const files = await openFiles(`${server.origin}/model`, { cacheDirectory });
    expect(await files.readBytes("weights.bin")).toEqual(body);
    // What had arrived was gone on with, in its place on disk.
    expect(server.headers[1]!.range).toMatch(/^bytes=[1-9]/);
    const file = join(cacheDirectory, (await inCache()).find((name) => name.endsWith("@file"))!);
    expect((await stat(file)).ino).toBe(ino);
    child.kill("SIGCONT");
    wake();
    expect(await said).toBe("400000");
    expect(Buffer.compare(await readFile(file), body)).toBe(0);
    expect((await inCache()).filter((name) => /part|lock/.test(name))).toEqual([]);
  });
});

describe("a lock", () => {
  const never = async () => false;

  test("is held by one at a time", async () => {
    const path = join(await temporaryFolder(), "lock");
    let inside = 0;
    let most = 0;
    const work = async () => {
      const lock = await takeLock(path, never);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      await lock!.release();
    };
    await Promise.all([work(), work(), work(), work()]);
    expect(most).toBe(1);
  });

  test("of a process that is gone, or long silent, is taken over", async () => {
    const path = join(await temporaryFolder(), "lock");
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname(), id: "gone" }));
    await (await takeLock(path, never))!.release();
    await writeFile(path, JSON.stringify({ pid: 1, host: "elsewhere", id: "silent" }));
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(path, longAgo, longAgo);
    await (await takeLock(path, never))!.release();
    await writeFile(path, "not even JSON");
    await utimes(path, longAgo, longAgo);
    await (await takeLock(path, never))!.release();
  });

  test("is refused at once to who does not wait, with its owner's name", async () => {
    const path = join(await temporaryFolder(), "lock");
    const { lock } = await tryLock(path);
    expect(await tryLock(path)).toEqual({ owner: { pid: process.pid, host: hostname() } });
    // Silent for an hour, but its process is there, and known by when it began.
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(path, longAgo, longAgo);
    const { lock: second } = await tryLock(path, { trustLiving: true });
    expect(second === undefined).toBe(process.platform === "linux");
    expect(await lock!.isHeld()).toBe(process.platform === "linux");
    await lock!.release();
    await second?.release();
    expect(await readdir(join(path, ".."))).toEqual([]);
  });

  test("of a process whose number another one has now is taken over", async () => {
    const path = join(await temporaryFolder(), "lock");
    const { lock } = await tryLock(path);
    const record = JSON.parse(await readFile(path, "utf8"));
    await lock!.release();
    if (process.platform === "linux") {
      await writeFile(path, JSON.stringify({ ...record, id: "before", began: "1" }));
      const taken = await tryLock(path);
      expect(await taken.lock!.isHeld()).toBe(true);
      await taken.lock!.release();
    }
    // Of another machine that is not silent, with a number that is alive here and one that is not.
    for (const pid of [process.pid, 2 ** 22 + 1]) {
      await writeFile(path, JSON.stringify({ pid, host: "elsewhere", id: "other", machine: "another" }));
      expect(await tryLock(path)).toEqual({ owner: { pid, host: "elsewhere" } });
    }
    for (const text of ["", "{", "[]", '{"pid":"1"}', '{"pid":-1,"host":"x"}', "null"]) {
      await writeFile(path, text);
      expect(await tryLock(path)).toEqual({ owner: { pid: 0, host: "an unknown machine" } });
    }
  });

  test("is waited for, until it is not needed any more or the caller gives up", async () => {
    const path = join(await temporaryFolder(), "lock");
    const lock = await takeLock(path, never);
    let asked = 0;
    expect(await takeLock(path, async () => ++asked === 2)).toBeUndefined();
    const second = takeLock(path, never, AbortSignal.timeout(50));
    await expect(second).rejects.toMatchObject({ name: "TimeoutError" });
    await lock!.release();
  });
});
