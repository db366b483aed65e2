import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { openModelFiles, openWeights, tensorsOf, WeightsError, weightFiles } from "@convbert/converter";
import { type FileSet, openFiles, writeFiles } from "@convbert/files";
import type { FloatArray } from "@convbert/model";
import { afterAll, describe, expect, it } from "vitest";
import { loadModel } from "../src/index.js";

type Files = Record<string, string>;
interface Recorded {
  readonly name: string;
  readonly model: string;
  readonly base: Files;
  readonly adapter: Files;
  readonly input_ids: number[][];
  readonly outputs: Record<string, { shape: number[]; values: number[] }>;
}

const path = fileURLToPath(new URL("fixtures/lora.json.gz", import.meta.url));
const cases: Recorded[] = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8"));
const [first] = cases as [Recorded];
const quiet = { backend: "reference", onWarning: () => undefined } as const;

const bytes = (files: Files): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, "base64"))]));

const folder = await mkdtemp(join(tmpdir(), "convbert-lora-"));
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, files: Record<string, Uint8Array | string>): Promise<string> {
  await mkdir(join(folder, name), { recursive: true });
  for (const [file, contents] of Object.entries(files)) await writeFile(join(folder, name, file), contents);
  return join(folder, name);
}

/** The adapter's files with other fields in its configuration. */
function reconfigured(files: Files, fields: object): Record<string, Uint8Array> {
  const adapter = bytes(files);
  const config = JSON.parse(new TextDecoder().decode(adapter["adapter_config.json"])) as object;
  return { ...adapter, "adapter_config.json": new TextEncoder().encode(JSON.stringify({ ...config, ...fields })) };
}

function expectOutputs(outputs: unknown, expected: Recorded["outputs"]): void {
  for (const [field, { shape, values }] of Object.entries(expected)) {
    const got = (outputs as Record<string, FloatArray>)[field]!;
    expect(got.shape).toEqual(shape);
    const largest = Math.max(...values.map(Math.abs));
    const difference = Math.max(...values.map((value, i) => Math.abs(value - got.data[i]!)));
    expect(difference / largest).toBeLessThan(1e-5);
  }
}

it("leaves sets of files open that were handed in: the adapter's and the base's", async () => {
  let closed = 0;
  const counted = async (files: Files): Promise<FileSet> => {
    const opened = await openFiles(bytes(files));
    return { ...opened, close: async () => void closed++ };
  };
  const baseModel = await counted(first.base);
  const source = await counted(first.adapter);
  using model = await loadModel(source, { ...quiet, baseModel, head: first.model });
  expect(model.loadReport?.missing).toEqual([]);
  expect(closed).toBe(0);
});

describe("a LoRA adapter is merged onto its base as by PEFT", () => {
  it.each(cases.map((entry) => [entry.name, entry] as const))("%s", async (name, entry) => {
    const { base, adapter, model: head, input_ids, outputs } = entry;
    for (const [source, options] of [
      [bytes(adapter), { baseModel: bytes(base) }],
      [{ ...bytes(base), ...bytes(adapter) }, {}],
    ] as const) {
      // Its decoder was trained beside changed embeddings, itself unchanged.
      const config = name.startsWith("tied") ? { tie_word_embeddings: false } : {};
      using model = await loadModel(source, { ...quiet, ...options, head, config });
      expect(model.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
      expectOutputs(await model.forward({ input_ids } as never), outputs);
    }
  });

  it("is refused where it changes one of two weights that are one", async () => {
    const { base, adapter } = cases.find(({ name }) => name.startsWith("tied"))!;
    const wrong = loadModel({ ...bytes(base), ...bytes(adapter) }, { ...quiet, head: "ConvBertForMaskedLM" });
    await expect(wrong).rejects.toThrow(
      /changes convbert\.embeddings.*one with generator_lm_head.*Merge the adapter where it was made; or.*a class that can keep/,
    );
  });

  it("takes the class that the adapter was trained for", async () => {
    for (const { base, adapter, model: head } of cases.slice(0, 3)) {
      using model = await loadModel(bytes(adapter), { ...quiet, baseModel: bytes(base) });
      expect(model.modelName).toBe(head);
    }
  });

  it("keeps 8 bits out of it until it is merged", async () => {
    using model = await loadModel(
      { ...bytes(first.base), ...bytes(first.adapter) },
      { backend: "wasm", dtype: "int8" },
    );
    const { logits } = (await model.forward({ input_ids: first.input_ids } as never)) as unknown as {
      logits: FloatArray;
    };
    const { values } = first.outputs["logits"]!;
    const largest = Math.max(...values.map(Math.abs));
    expect(Math.max(...values.map((value, i) => Math.abs(value - logits.data[i]!))) / largest).toBeLessThan(0.1);
  });
});

describe("the base of an adapter", () => {
  it("is found where its configuration says: a folder of this machine", async () => {
    const base = await write("base", bytes(first.base));
    const adapter = await write("adapter", reconfigured(first.adapter, { base_model_name_or_path: base }));
    using model = await loadModel(adapter, quiet);
    expectOutputs(await model.forward({ input_ids: first.input_ids } as never), first.outputs);
  });

  it("is found by its hub id, at the revision that is named, with the access token of a hub's adapter alone", async () => {
    const asked: string[] = [];
    const contents = bytes(first.base);
    const answer: typeof fetch = async (input) => {
      const url = new URL(String(input instanceof Request ? input.url : input));
      asked.push(url.pathname);
      const found = contents[url.pathname.split("/").at(-1)!];
      if (url.pathname.includes("/api/models/")) {
        const siblings = Object.keys(contents).map((rfilename) => ({ rfilename }));
        return Response.json({ sha: "0".repeat(40), siblings });
      }
      return found === undefined ? new Response("", { status: 404 }) : new Response(found.slice());
    };
    const adapter = reconfigured(first.adapter, { base_model_name_or_path: "org/base", revision: "v2" });
    using model = await loadModel(adapter, {
      ...quiet,
      fetch: answer,
      endpoint: "https://hub.test",
      cacheDirectory: join(folder, "cache"),
    });
    expectOutputs(await model.forward({ input_ids: first.input_ids } as never), first.outputs);
    expect(asked.every((place) => place.includes("org/base"))).toBe(true);
    expect(asked.some((place) => place.includes("v2"))).toBe(true);
  });

  it.each([
    ["no name", null, /does not say which model/],
    ["an address", "https://evil.test/model", /not opened on a file's word alone/],
    ["a folder, that a file names", "/etc", /not opened on a file's word alone/],
    ["a way out", "../../secret", /not opened on a file's word alone/],
    ["control characters", "\u001b[2J", /\\u\{1b\}/],
  ])("is asked for where the file has %s", async (_, base, message) => {
    const source = reconfigured(first.adapter, { base_model_name_or_path: base });
    await expect(loadModel(source, quiet)).rejects.toThrow(message);
    await expect(loadModel(source, quiet)).rejects.toThrow(/baseModel/);
  });
});

describe("an adapter that cannot be merged", () => {
  it.each<[string, object, RegExp]>([
    ["of another kind", { peft_type: "IA3" }, /type "IA3"; only LoRA/],
    ["from a changed base", { init_lora_weights: "pissa" }, /began from a changed base/],
    ["with biases of its own", { lora_bias: true }, /lora_bias is not supported/],
    ["whose decomposition lacks its lengths", { use_dora: true }, /lengths of rows/],
    ["with patterns that are regular expressions", { alpha_pattern: { "(a+)+": 3 } }, /regular expression/],
    ["with text for a number", { lora_alpha: "much" }, /lora_alpha is "much"/],
    ["with text for a flag", { use_rslora: "yes" }, /use_rslora/],
  ])("%s is refused by name", async (_, fields, message) => {
    const source = { ...bytes(first.base), ...reconfigured(first.adapter, fields) };
    await expect(loadModel(source, quiet)).rejects.toThrow(WeightsError);
    await expect(loadModel(source, quiet)).rejects.toThrow(message);
  });

  it("of another model is refused", async () => {
    const other = cases.find(({ name }) => name === "encoder alone, adapter in pytorch")!;
    const adapter = reconfigured(first.adapter, {});
    const files = await writeTo(await rewritten(adapter, (name) => name.replace("layer.1", "layer.7")));
    const wrong = loadModel(
      { ...bytes(other.base), "adapter_config.json": adapter["adapter_config.json"]!, ...files },
      quiet,
    );
    await expect(wrong).rejects.toThrow(/layer\.7.*is it another model's/);
  });

  it("without half of an update, or of another shape, is refused", async () => {
    const adapter = bytes(first.adapter);
    const config = { ...bytes(first.base), "adapter_config.json": adapter["adapter_config.json"]! };
    const half = await writeTo(await rewritten(adapter, (name) => (name.includes("lora_B") ? undefined : name)));
    await expect(loadModel({ ...config, ...half }, quiet)).rejects.toThrow(/only a part of its update/);
    const swapped = await writeTo(
      await rewritten(adapter, (name) => name.replace(/lora_([AB])/, (_, part) => `lora_${part === "A" ? "B" : "A"}`)),
    );
    await expect(loadModel({ ...config, ...swapped }, quiet)).rejects.toThrow(/do not fit a weight/);
  });
});

/** The tensors of an adapter under other names. */
async function rewritten(adapter: Record<string, Uint8Array>, rename: (name: string) => string | undefined) {
  const files = await openModelFiles({ "model.safetensors": adapter["adapter_model.safetensors"]! });
  return tensorsOf(await openWeights(files), { rename });
}

async function writeTo(tensors: ReturnType<typeof tensorsOf>): Promise<Record<string, Blob>> {
  const place = new Map<string, Blob>();
  await writeFiles(place, (await weightFiles(tensors)).files);
  return { "adapter_model.safetensors": place.get("model.safetensors")! };
}
