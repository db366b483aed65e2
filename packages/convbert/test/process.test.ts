import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";

// The built command, as a person starts it.
const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

beforeAll(() => {
  if (!existsSync(cli)) throw new Error("dist/cli.js is missing: run `pnpm turbo run build --filter=convbert` first");
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  args: readonly string[],
  stdin: "pipe" | number = "pipe",
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn(process.execPath, [cli, ...args], { stdio: [stdin, "pipe", "pipe"], env: { ...process.env, ...env } });
}

function end(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })));
}

/** A proxy that answers every address itself, with the files of a folder. @returns what was asked of it. */
async function proxyFor(folder: string) {
  const asked: string[] = [];
  const files = createServer(async (request, response) => {
    const { host } = request.headers;
    const name = request.url!.split("/").at(-1)!;
    asked.push(`${host} ${name}`);
    const body = await readFile(join(folder, name)).catch(() => undefined);
    const headers = { "x-repo-commit": "f".repeat(40), "content-length": body?.length ?? 0 };
    response.writeHead(body ? 200 : 404, headers).end(request.method === "HEAD" ? undefined : body);
  });
  files.on("connect", (_request, socket: Duplex) => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    files.emit("connection", socket);
  });
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    files.closeAllConnections();
    files.close();
  });
  return { asked, address: `http://127.0.0.1:${(files.address() as AddressInfo).port}` };
}

describe("the built command", () => {
  test("goes through the proxy that the environment names", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convbert-proxy-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { asked, address } = await proxyFor(
      fileURLToPath(new URL("../../pipelines/test/fixtures/multi-label/", import.meta.url)),
    );
    const env = {
      HF_ENDPOINT: "http://hub.invalid",
      HF_HOME: folder,
      CONVBERT_CACHE: folder,
      HTTP_PROXY: address,
      http_proxy: address,
      no_proxy: "",
      NO_PROXY: "",
    };
    const ended = await end(start(["tokenize", "--model", "org/model", "the king"], "pipe", env));
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ input_ids: [2, 5, 39, 3] });
    expect(asked).toContain("hub.invalid vocab.txt");
  });

  test("answers arguments", async () => {
    const ended = await end(start(["run", "text-classification", "--json", "Who wrote the opera Carmen?"]));
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(ended.stdout)).toMatchObject({ label: "HUM" });
  });

  test("computes in 256 bits where it can, --no-wide-vectors in 128, and no answer changes", async () => {
    const ask = (...flags: string[]) =>
      end(start(["run", "text-classification", "--json", ...flags, "Who wrote the opera Carmen?"]));
    const [usual, wide] = [await ask("--no-wide-vectors"), await ask("--wide-vectors")];
    expect(await ask()).toEqual(usual);
    const hasAvx2 =
      process.arch === "x64" &&
      (process.platform !== "linux" || / avx2( |$)/m.test(await readFile("/proc/cpuinfo", "utf8")));
    if (!hasAvx2) {
      expect(wide.code).toBe(2);
      expect(wide.stderr).toMatch(/needs Node 24 or newer on an x64 processor/);
      return;
    }
    expect(wide).toEqual(usual);
    const settings = ["--lengths", "8", "--threads", "1", "--rounds", "1", "--json"];
    for (const [flags, width] of [
      [[], " in 256 bits"],
      [["--wide-vectors"], " in 256 bits"],
      [["--no-wide-vectors"], ""],
    ] as const) {
      const { stdout } = await end(start(["bench", ...settings, ...flags]));
      const backends = JSON.parse(stdout).measurements.map(({ backend }: { backend: string }) => backend);
      expect(backends).toHaveLength(2);
      for (const backend of backends) {
        expect(backend).toMatch(new RegExp(`^wasm relaxed-simd${width}(, int8 in 7 bits)?, 1 thread$`));
      }
    }
  });

  test("answers a pipe", async () => {
    const child = start(["demo"]);
    child.stdin!.end("Where is the Eiffel Tower?\n");
    const { code, stdout } = await end(child);
    expect(code).toBe(0);
    expect(stdout).toContain("  location");
    expect(stdout).not.toContain("Carmen");
  });

  test("a demo without input answers its own sentences: from /dev/null, an empty pipe, a silent one", async () => {
    const empty = start(["demo"]);
    empty.stdin!.end();
    const children = [start(["demo"], openSync("/dev/null", "r")), empty, start(["demo"])];
    for (const { code, stdout } of await Promise.all(children.map(end))) {
      expect(code).toBe(0);
      expect(stdout).toContain("the opera Carmen");
    }
  });

  test("wrong use is one line, without a stack", async () => {
    for (const args of [
      ["nope"],
      ["run", "nope"],
      ["inspect", "./nowhere"],
      ["run", "text-classification", "--nope"],
    ]) {
      const { code, stdout, stderr } = await end(start(args));
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/^convbert: [^\n]+\n$/);
    }
  });

  test("a reader that goes away ends it without a word", async () => {
    const child = start(["run", "text-classification", "--json"]);
    child.stdin!.on("error", () => {});
    child.stdin!.write("Where is it?\n".repeat(20_000));
    child.stdout!.once("data", () => child.stdout!.destroy());
    const { code, stderr } = await end(child);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("measures each setting in a process of its own, and ends them on Ctrl-C", async () => {
    const args = ["bench", "--lengths", "8", "--threads", "1", "--json"];
    const begin = performance.now();
    const ended = await end(start([...args, "--rounds", "1"]));
    const started = performance.now() - begin;
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const { measurements } = JSON.parse(ended.stdout);
    expect(measurements.map(({ dtype }: { dtype: string }) => dtype)).toEqual(["float32", "int8"]);

    const endless = start([...args, "--rounds", "100000000"]);
    // Once the command runs, whenever the signal comes, the end is the same.
    setTimeout(() => endless.kill("SIGINT"), 1.5 * started);
    expect(await end(endless)).toMatchObject({ code: 130, stderr: "convbert: interrupted\n", stdout: "" });
  });

  test("Ctrl-C while it computes, and while it waits", async () => {
    const computing = start(["run", "text-classification", "--json"]);
    computing.stdin!.on("error", () => {});
    computing.stdin!.write("Where is it?\n".repeat(20_000));
    computing.stdout!.once("data", () => computing.kill("SIGINT"));
    expect(await end(computing)).toMatchObject({ code: 130, stderr: "convbert: interrupted\n" });

    const reading = start(["tokenize"]);
    reading.stdin!.write('"one"\n');
    reading.stdout!.once("data", () => reading.kill("SIGINT"));
    expect(await end(reading)).toMatchObject({ code: 130, stderr: "convbert: interrupted\n" });
  });

  test.each([
    ["SIGINT", 130, "interrupted"],
    ["SIGTERM", 143, "terminated"],
  ] as const)("a training run that gets %s keeps a checkpoint and goes on from it", async (signal, code, word) => {
    const folder = await mkdtemp(join(tmpdir(), "convbert-signal-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const words = "[PAD] [UNK] [CLS] [SEP] [MASK] good bad film".split(" ").join("\n");
    await writeFile(join(folder, "vocab.txt"), words);
    await writeFile(join(folder, "texts.csv"), "text,label\ngood film,good\nbad film,bad\n".repeat(8).slice(0, -1));
    const output = join(folder, "model");
    const args = [
      ...["train", "text-classification", "--data", join(folder, "texts.csv"), "--output", output, "--json"],
      ...["--vocab", join(folder, "vocab.txt"), "--steps", "1000000", "--threads", "1"],
      ..."--hidden-size 16 --embedding-size 8 --layers 1 --heads 4 --intermediate-size 24".split(" "),
    ];

    /** Sends the signal after the third step. */
    const interrupted = async (...more: string[]): Promise<{ resumedFrom: string | null; kept: string }> => {
      const child = start([...args, ...more]);
      let resumedFrom: string | null = null;
      let steps = 0;
      createInterface({ input: child.stdout! }).on("line", (line) => {
        const event = JSON.parse(line);
        if (event.type === "start") ({ resumedFrom } = event);
        if (event.type === "step" && ++steps === 3) child.kill(signal);
      });
      const ended = await end(child);
      expect(ended).toMatchObject({ code, signal: null });
      expect(ended.stderr).toMatch(new RegExp(`\nTo go on, .* --resume\\.\nconvbert: ${word}\n$`));
      const [kept] = (await readdir(join(output, "checkpoints"))).sort().reverse();
      expect(ended.stderr).toContain(`stopped; ${kept} is in `);
      return { resumedFrom, kept: kept! };
    };

    const first = await interrupted();
    expect(first.resumedFrom).toBe(null);
    const second = await interrupted("--resume");
    expect(second.resumedFrom).toBe(first.kept);
    expect(second.kept > first.kept).toBe(true);
  });
});
