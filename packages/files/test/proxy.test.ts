import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { output, runNode } from "./node-process.js";
import { type Handler, sendFile, serve, temporaryFolder } from "./server.js";

const handler: Handler = (request, response) =>
  sendFile(request, response, Buffer.from(`for ${request.headers.host}`), { "x-repo-commit": "e".repeat(40) });

/** A proxy that leads every request to one server, whatever host it asks for. */
async function proxy() {
  const target = await serve(handler);
  const hosts: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!);
    hosts.push(url.host);
    void handler(request, response, url);
  });
  server.on("connect", (request, socket) => {
    hosts.push(request.url!.replace(/:80$/, ""));
    const other = connect(Number(new URL(target.origin).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(other).pipe(socket);
    });
    for (const end of [socket, other]) end.on("error", () => void other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hosts };
}

async function load(env: Record<string, string>): Promise<string> {
  const options = { endpoint: "http://hub.invalid", cacheDirectory: await temporaryFolder(), retries: 0 };
  const code = `
    try {
      const files = await openFiles("org/model", ${JSON.stringify(options)});
      console.log(await files.readText("config.json"));
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  const names = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "NODE_USE_ENV_PROXY",
  ];
  const none = Object.fromEntries(names.map((name) => [name, undefined]));
  return output(runNode(code, { env: { ...none, ...env } }));
}

describe("a proxy of the environment", () => {
  test("is used by Node with NODE_USE_ENV_PROXY=1", async () => {
    const { address, hosts } = await proxy();
    expect(await load({ HTTP_PROXY: address, NODE_USE_ENV_PROXY: "1" })).toBe("for hub.invalid");
    expect(new Set(hosts)).toEqual(new Set(["hub.invalid"]));
  });

  test("that Node goes past is named in the error, and what to do", async () => {
    const { address, hosts } = await proxy();
    const said = await load({ HTTP_PROXY: address.replace("//", "//user:SECRET@") });
    expect(said).toMatch(/^network .*HTTP_PROXY is set, but Node uses it only with NODE_USE_ENV_PROXY=1/);
    expect(said).not.toContain("SECRET");
    expect(hosts).toEqual([]);
    expect(await load({})).not.toContain("PROXY");
  });
});
