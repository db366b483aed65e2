import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type OpenFilesOptions, openFiles } from "@convbert/files";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pythonHubCache, pythonTokenFile } from "../src/python-home.js";
import { sendFile, serve, temporaryFolder } from "./server.js";

const SECRET = "hf_VerySecretToken";

/** Everything that a person or a log may see of an error. */
function shown(error: unknown): string {
  let text = "";
  for (let current = error; current instanceof Error; current = current.cause) {
    text += `${current.message}\n${current.stack}\n${JSON.stringify(current)}\n`;
  }
  return text;
}

const VARIABLES = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME"];

beforeEach(async () => {
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
  vi.stubEnv("HF_HOME", await temporaryFolder());
});
afterEach(() => void vi.unstubAllEnvs());

/** A hub that wants a token, and the token that it got. */
async function hub() {
  const server = await serve((request, response) => {
    if (request.headers.authorization === undefined) response.writeHead(401).end();
    else sendFile(request, response, Buffer.from("{}"), { "x-repo-commit": "d".repeat(40) });
  });
  const options: OpenFilesOptions = { endpoint: server.origin, retries: 0, cacheDirectory: await temporaryFolder() };
  const sent = async (extra: OpenFilesOptions = {}) => {
    const before = server.headers.length;
    const files = await openFiles("org/model", { ...options, cacheDirectory: await temporaryFolder(), ...extra });
    await files.readText("config.json").catch(() => undefined);
    return server.headers[before]!.authorization;
  };
  return { server, sent, options };
}

describe("a token", () => {
  test("is found where Python finds it, in its order", async () => {
    const { sent } = await hub();
    const home = await temporaryFolder();
    const elsewhere = await temporaryFolder();
    expect(await sent()).toBeUndefined();
    vi.stubEnv("HF_HOME", undefined);
    vi.stubEnv("XDG_CACHE_HOME", home);
    await mkdir(join(home, "huggingface"));
    await writeFile(join(home, "huggingface", "token"), "hf_xdg\n");
    expect(await sent()).toBe("Bearer hf_xdg");
    vi.stubEnv("HF_HOME", home);
    await writeFile(join(home, "token"), "hf_file");
    expect(await sent()).toBe("Bearer hf_file");
    await writeFile(join(elsewhere, "login"), "\r\n hf_path\r\n");
    vi.stubEnv("HF_TOKEN_PATH", join(elsewhere, "login"));
    expect(await sent()).toBe("Bearer hf_path");
    vi.stubEnv("HUGGING_FACE_HUB_TOKEN", "hf_old");
    expect(await sent()).toBe("Bearer hf_old");
    vi.stubEnv("HF_TOKEN", "hf_new\n");
    expect(await sent()).toBe("Bearer hf_new");
    expect(await sent({ token: " hf_given " })).toBe("Bearer hf_given");
    expect(await sent({ token: "" })).toBeUndefined();
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    expect(await sent()).toBeUndefined();
    expect(await sent({ token: "hf_given" })).toBe("Bearer hf_given");
  });

  test("of a file that is none, or absent, is none", async () => {
    const { sent } = await hub();
    vi.stubEnv("HF_TOKEN_PATH", await temporaryFolder());
    expect(await sent()).toBeUndefined();
    vi.stubEnv("HF_TOKEN_PATH", "/nowhere/token");
    expect(await sent()).toBeUndefined();
    vi.stubEnv("HF_TOKEN_PATH", "/dev/zero");
    expect(await sent()).toBeUndefined();
  });

  test("of the hub goes to no other address", async () => {
    const { server } = await hub();
    vi.stubEnv("HF_TOKEN", "hf_env");
    const files = await openFiles(`${server.origin}/folder`, { retries: 0, cacheDirectory: await temporaryFolder() });
    await expect(files.readText("config.json")).rejects.toMatchObject({ code: "unauthorized" });
    expect(server.headers[0]!.authorization).toBeUndefined();
  });

  test.each([
    `${SECRET}\n`,
    `${SECRET}\r\nX-Other: 1`,
    `${SECRET} x`,
    `${SECRET}\u0000`,
    `\u00e9${SECRET}`,
    `${SECRET}\u2028x`,
  ])("is in no message: %j", async (token) => {
    const server = await serve((_request, response) => void response.destroy());
    const options = { token, retries: 0, cacheDirectory: await temporaryFolder() };
    const attempts = [
      async () => (await openFiles("org/model", { ...options, endpoint: server.origin })).readText("config.json"),
      async () => (await openFiles(`${server.origin}/m`, options)).readText("config.json"),
      async () => (await openFiles(`${server.origin}/m`, options)).has("config.json"),
    ];
    for (const attempt of attempts) {
      const error = await attempt().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: "FilesError" });
      expect(shown(error)).not.toContain(SECRET);
    }
  });

  test("is in no message, whatever a fetch of the caller says", async () => {
    const angry: typeof fetch = async (_input, init) => {
      throw new TypeError(`cannot send ${JSON.stringify(init)}`, { cause: new Error(`bad ${SECRET}`) });
    };
    const options = { token: SECRET, retries: 0, cacheDirectory: await temporaryFolder(), fetch: angry };
    const files = await openFiles("https://host.test/m", options);
    const error = await files.readText("config.json").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "FilesError", code: "network" });
    expect(shown(error)).not.toContain(SECRET);
  });

  test.each([
    [`https://user:${SECRET}@ho st/`, {}],
    [`https://user:${SECRET}@host.test/model`, {}],
    [`ftp://user:${SECRET}@host.test/model`, {}],
    ["org/model", { endpoint: `https://user:${SECRET}@hub.test` }],
    ["org/model", { endpoint: `https://${SECRET}@ho st` }],
    [`https://host.test/model.bin?token=${SECRET}`, {}],
    [`https://host.test/model/?token=${SECRET}`, { offline: true }],
  ])("or a password inside an address is in no message: %j %j", async (source, extra) => {
    const options = { retries: 0, cacheDirectory: await temporaryFolder(), ...extra };
    const error = await openFiles(source, options)
      .then((files) => files.readText("config.json"))
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "FilesError" });
    expect(shown(error)).not.toContain(SECRET);
  });
});

describe("Python's folders", () => {
  test("are where its variables say, in its order", async () => {
    for (const name of ["HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE"])
      vi.stubEnv(name, undefined);
    const home = homedir();
    expect(await pythonHubCache()).toBe(join(home, ".cache", "huggingface", "hub"));
    expect(await pythonTokenFile()).toBe(join(home, ".cache", "huggingface", "token"));
    vi.stubEnv("XDG_CACHE_HOME", "/xdg");
    expect(await pythonHubCache()).toBe("/xdg/huggingface/hub");
    vi.stubEnv("HF_HOME", "~/hf");
    expect(await pythonHubCache()).toBe(join(home, "hf", "hub"));
    expect(await pythonTokenFile()).toBe(join(home, "hf", "token"));
    vi.stubEnv("HUGGINGFACE_HUB_CACHE", "/old");
    expect(await pythonHubCache()).toBe("/old");
    vi.stubEnv("DATA_ROOT", "/data");
    vi.stubEnv("HF_HUB_CACHE", `$DATA_ROOT/$\{DATA_ROOT}/$NO_SUCH_VARIABLE`);
    expect(await pythonHubCache()).toBe("/data/data/$NO_SUCH_VARIABLE");
    vi.stubEnv("HF_TOKEN_PATH", "$DATA_ROOT/token");
    expect(await pythonTokenFile()).toBe("/data/token");
  });
});
