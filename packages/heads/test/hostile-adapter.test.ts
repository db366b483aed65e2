import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { WeightsError } from "@convbert/converter";
import { FilesError } from "@convbert/files";
import { CheckpointError, ConfigError } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { hostileJson } from "../../../tooling/config/hostile-json.ts";
import { type Random, seeded } from "../../../tooling/config/seeded.ts";
import { loadModel } from "../src/index.js";

const path = fileURLToPath(new URL("fixtures/lora.json.gz", import.meta.url));
const [first] = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
const bytes = (files: Record<string, string>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, "base64"))]));
const base = bytes(first.base);
const adapter = bytes(first.adapter);
const config = new TextDecoder().decode(adapter["adapter_config.json"]);

/** Loads files that are damaged in one way each; gives how many of them loaded. */
async function exercise(
  count: number,
  damage: (random: Random) => Record<string, Uint8Array | string>,
): Promise<number> {
  let loaded = 0;
  for (let turn = 0; turn < count; turn++) {
    const files = damage(seeded(turn + 1));
    try {
      using _model = await loadModel(files, {
        backend: "reference",
        // No file of these may lead to the network or to a folder of this machine.
        offline: true,
        onWarning: () => undefined,
      });
      loaded++;
    } catch (error) {
      const kinds = [WeightsError, FilesError, CheckpointError, ConfigError];
      if (!kinds.some((kind) => error instanceof kind)) throw new Error(`case ${turn}`, { cause: error });
      expect((error as Error).message.length).toBeLessThan(5000);
    }
  }
  return loaded;
}

describe("adapters changed in hundreds of ways load, or give one clear error", () => {
  it("adapter_config.json", async () => {
    const loaded = await exercise(500, (random) => ({
      ...base,
      ...adapter,
      "adapter_config.json": hostileJson(config, random),
    }));
    expect(loaded).toBeGreaterThan(30);
    expect(loaded).toBeLessThan(470);
  });

  it("its weights' names and shapes", async () => {
    const file = adapter["adapter_model.safetensors"]!;
    const length = Number(new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true));
    const header = new TextDecoder().decode(file.subarray(8, 8 + length));
    const loaded = await exercise(200, (random) => {
      const parts = [
        "lora_A",
        "lora_B",
        ".weight",
        "base_model.model.",
        "query",
        "modules_to_save.",
        "[4,",
        ",4]",
        "layer.0",
      ];
      let text = header;
      for (let turn = 1 + random(3); turn > 0; turn--) {
        const part = parts[random(parts.length)]!;
        const places = [...text.matchAll(new RegExp(part.replace(/[[.]/g, "\\$&"), "g"))];
        const at = places[random(Math.max(places.length, 1))]?.index ?? 0;
        // As long as before, so that the header stays where it is.
        const other = parts[random(parts.length)]!.padEnd(part.length, "x").slice(0, part.length);
        text = text.slice(0, at) + other + text.slice(at + part.length);
      }
      const changed = file.slice();
      changed.set(new TextEncoder().encode(text).subarray(0, length), 8);
      return { ...base, ...adapter, "adapter_model.safetensors": changed };
    });
    expect(loaded).toBeGreaterThan(1);
  });
});
