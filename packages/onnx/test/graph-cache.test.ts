import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvBertForMaskedLM, MODEL_CLASSES } from "@convbert/heads";
import { ConvBertModel } from "@convbert/model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { buildGraph, type GraphFeatures } from "../src/graph/build.js";
import type { GraphStyle } from "../src/graph/builder.js";
import { GRAPHS } from "../src/graph-cache.js";
import { OnnxConvBertForMaskedLM, OnnxConvBertModel, type OnnxFromPretrainedOptions } from "../src/index.js";
import { RUNTIMES } from "./runtimes.js";

const runtime = RUNTIMES["onnxruntime-node"];
const sizes = { hidden_size: 64, embedding_size: 64, num_attention_heads: 4, intermediate_size: 128 };
const inputs = { input_ids: [[5, 6, 7, 8, 9, 10]] };

let cacheDirectory: string;
let source: string;

beforeEach(async () => {
  cacheDirectory = mkdtempSync(join(tmpdir(), "convbert-onnx-cache-"));
  source = mkdtempSync(join(tmpdir(), "convbert-onnx-source-"));
  using model = await ConvBertModel.fromConfig({ ...sizes, num_hidden_layers: 2, vocab_size: 50 }, { seed: 1 });
  await model.savePretrained(source);
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(cacheDirectory, { recursive: true, force: true });
  rmSync(source, { recursive: true });
});

/** Loads, and gives a result and how often a graph was made for it. */
async function load(options: Partial<OnnxFromPretrainedOptions> = {}, from = source) {
  const making = vi.spyOn(MODEL_CLASSES.ConvBertModel, "fromPretrained");
  using model = await OnnxConvBertModel.fromPretrained(from, { runtime, cache: true, cacheDirectory, ...options });
  const { data } = (await model.forward(inputs)).last_hidden_state;
  const made = making.mock.calls.length;
  making.mockRestore();
  return { data, made };
}

/** The graphs in the cache. */
const kept = () =>
  readdirSync(cacheDirectory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("@file"))
    .map((name) => join(cacheDirectory, name));

describe("a made graph", () => {
  it("is kept only where that is asked for", async () => {
    expect((await load({ cache: false })).made).toBe(1);
    expect(kept()).toEqual([]);
  });

  it("is made once for the same weights and options, and anew for others", async () => {
    const first = await load();
    expect(first.made).toBe(1);
    const again = await load();
    expect(again.made).toBe(0);
    expect(again.data).toEqual(first.data);
    expect(kept()).toHaveLength(1);

    expect((await load({ dtype: "int8" })).made).toBe(1);
    expect((await load({ graph: { hiddenStates: true } })).made).toBe(1);
    expect((await load({ config: { layer_norm_eps: 0.01 } })).made).toBe(1);
    expect(kept()).toHaveLength(4);

    // One number of one weight.
    const weights = join(source, "model.safetensors");
    const bytes = readFileSync(weights);
    bytes[bytes.length - 2]! ^= 1;
    writeFileSync(weights, bytes);
    expect((await load()).made).toBe(1);
    expect(kept()).toHaveLength(5);
  });

  it.each([
    [
      "a changed byte",
      (file: string) => {
        const bytes = readFileSync(file);
        bytes[bytes.length >> 1]! ^= 4;
        writeFileSync(file, bytes);
      },
    ],
    ["a missing end", (file: string) => truncateSync(file, statSync(file).size - 1)],
    ["no bytes", (file: string) => truncateSync(file, 0)],
    ["no record", (file: string) => rmSync(file.replace(/@file$/, "@info"))],
    ["a damaged record", (file: string) => writeFileSync(file.replace(/@file$/, "@info"), '{"url": 1')],
    [
      "a record without a digest",
      (file: string) => {
        const record = file.replace(/@file$/, "@info");
        const { sha256: _, ...info } = JSON.parse(readFileSync(record, "utf8")) as { sha256: string };
        writeFileSync(record, JSON.stringify(info));
      },
    ],
  ] as const)("with %s is made again, and kept again", async (_title, damage) => {
    const { data } = await load();
    const [file] = kept();
    const bytes = readFileSync(file!);
    damage(file!);
    const repaired = await load();
    expect(repaired.made).toBe(1);
    expect(repaired.data).toEqual(data);
    expect(readFileSync(kept()[0]!).equals(bytes)).toBe(true);
    expect((await load()).made).toBe(0);
  });

  it("with new weights is not kept, so that the warning comes every time", async () => {
    for (let time = 0; time < 2; time++) {
      const onWarning = vi.fn();
      using model = await OnnxConvBertForMaskedLM.fromPretrained(source, {
        runtime,
        cache: true,
        cacheDirectory,
        allowNewHead: true,
        seed: 1,
        onWarning,
      });
      expect(model.config.vocab_size).toBe(50);
      expect(onWarning).toHaveBeenCalled();
    }
    expect(kept()).toEqual([]);
  });

  it("runs where the cache cannot be written, with a warning", async () => {
    const onWarning = vi.fn();
    const blocked = join(cacheDirectory, "file");
    writeFileSync(blocked, "");
    const { made } = await load({ cacheDirectory: join(blocked, "inside"), onWarning });
    expect(made).toBe(1);
    expect(onWarning).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/not kept for later: .*cache folder/));
  });

  it("is not kept where loading is interrupted", async () => {
    const reason = new Error("enough");
    await expect(load({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(kept()).toEqual([]);
  });
});

it("is made in the way that its number stands for", async () => {
  // Where this differs, graphs have changed: raise GRAPHS, and put the new digest here.
  using model = await ConvBertForMaskedLM.fromConfig({ ...sizes, num_hidden_layers: 1, vocab_size: 50 }, { seed: 1 });
  const features: GraphFeatures = { positionIds: true, masks: "bias" };
  const hash = createHash("sha256");
  for (const [floats, integers] of [
    ["float32", null],
    ["float16", null],
    ["float32", "int8"],
  ] as const) {
    const style: GraphStyle = { operators: "fused", floats, integers };
    const { initializers, ...graph } = buildGraph(model, style, features);
    const weights = initializers.map((initializer) => [
      initializer.name,
      initializer.shape,
      createHash("sha256").update(initializer.bytes()).digest("hex"),
    ]);
    hash.update(JSON.stringify([graph, weights]));
  }
  expect([GRAPHS, hash.digest("hex").slice(0, 16)]).toEqual([1, "c5ed687922d32799"]);
});
