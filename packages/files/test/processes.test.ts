import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openFiles } from "@convbert/files";
import { describe, expect, onTestFinished, test } from "vitest";
import { takeLock } from "../src/lock.js";
import { pattern, sendFile, serve, temporaryFolder } from "./server.js";

const body = pattern(400_000);
const source = fileURLToPath(new URL("../src/index.ts", import.meta.url));

/** Another process of Node that reads `weights.bin` and says how long it is. */
function reader(url: string, cacheDirectory: string): ChildProcess {
  // The sources import each other with the suffix of their build.
  const hooks =
    'import{registerHooks}from"node:module";registerHooks({resolve:(s,c,n)=>' +
    'n(s.startsWith(".")?s.replace(/\\.js$/,".ts"):s,c)})';
  const code = `
    import { openFiles } from ${JSON.stringify(pathToFileURL(source).href)};
    const files = await openFiles(${JSON.stringify(url)}, { cacheDirectory: ${JSON.stringify(cacheDirectory)} });
    console.log((await files.readBytes("weights.bin")).length);`;
  const hook = `data:text/javascript,${encodeURIComponent(hooks)}`;
  const child = spawn(process.execPath, ["--no-warnings", "--import", hook, "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout!.on("data", (chunk) => (text += chunk));
  await once(child, "close");
  return text.trim();
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

describe("a lock", () => {
  const never = async () => false;

  test("is held by one at a time", async () => {
    const path = join(await temporaryFolder(), "lock");
    let inside = 0;
    let most = 0;
    const work = async () => {
      const unlock = await takeLock(path, never);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      await unlock!();
    };
    await Promise.all([work(), work(), work(), work()]);
    expect(most).toBe(1);
  });

  test("of a process that is gone, or long silent, is taken over", async () => {
    const path = join(await temporaryFolder(), "lock");
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname(), id: "gone" }));
    await (await takeLock(path, never))!();
    await writeFile(path, JSON.stringify({ pid: 1, host: "elsewhere", id: "silent" }));
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(path, longAgo, longAgo);
    await (await takeLock(path, never))!();
    await writeFile(path, "not even JSON");
    await utimes(path, longAgo, longAgo);
    await (await takeLock(path, never))!();
  });

  test("is waited for, until it is not needed any more or the caller gives up", async () => {
    const path = join(await temporaryFolder(), "lock");
    const unlock = await takeLock(path, never);
    let asked = 0;
    expect(await takeLock(path, async () => ++asked === 2)).toBeUndefined();
    const waiting = takeLock(path, never, AbortSignal.timeout(50));
    await expect(waiting).rejects.toMatchObject({ name: "TimeoutError" });
    await unlock!();
  });
});
