import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findWeights, namedTensor, openWeights, WEIGHT_FORMATS, weightFiles } from "@convbert/converter";
import { openFiles, writeFiles } from "@convbert/files";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));
const WEIGHT = "embeddings.word_embeddings.weight";
const tensors = [
  namedTensor(`convbert.${WEIGHT}`, Float32Array.of(1, 2, 3, 4), [2, 2]),
  // Without a head's weight TensorFlow's names are those of a base model.
  namedTensor("classifier.bias", Float32Array.of(5), [1]),
];

/** Authors' checkpoints hold the encoder alone, under the base model's names. */
const tensorsFor = (format: string) => (format === "tf1" ? tensors.slice(0, 1) : tensors);
const nameFor = (format: string) => (format === "tf1" ? WEIGHT : `convbert.${WEIGHT}`);

async function folderOf(formats: readonly string[]): Promise<Record<string, Blob>> {
  const place = new Map<string, Blob>();
  for (const format of formats) {
    const { files } = await weightFiles(tensorsFor(format), { format: format as "safetensors" });
    await writeFiles(place, files);
  }
  return Object.fromEntries(place);
}

describe("the registry", () => {
  test("has a line for every folder of a format", () => {
    const folders = readdirSync(join(source, "formats"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect([...new Set(WEIGHT_FORMATS.map(({ name }) => name))].sort()).toEqual(folders.sort());
  });

  test.each(WEIGHT_FORMATS.filter(({ writes }) => writes).map(({ name }) => name))(
    "%s is written, found, opened and replaced",
    async (name) => {
      const folder = await folderOf([name]);
      const files = await openFiles(folder);
      expect((await findWeights(files)).map(({ format }) => format)).toEqual([name]);
      for (const options of [{}, { format: name }]) {
        const reader = await openWeights(files, options);
        expect(await reader.read(nameFor(name))).toEqual(Float32Array.of(1, 2, 3, 4));
        await reader.close();
      }
      const format = WEIGHT_FORMATS.find((other) => other.name === name)!;
      expect(Object.keys(folder).filter((file) => !format.owns(file))).toEqual([]);
      // Weights of the same format in other files would be mixed with those that are written.
      const { isStale } = await weightFiles(tensorsFor(name), { format: name });
      expect(Object.keys(folder).filter(isStale)).toEqual([]);
      expect(format.fileNames().filter((file) => !(file in folder) && !file.includes("*") && !isStale(file))).toEqual(
        [],
      );
    },
  );

  test("finds every format of a folder, in the order in which they are taken, or the one that is asked for", async () => {
    const files = await openFiles(await folderOf(["pytorch", "safetensors"]));
    expect(await findWeights(files)).toEqual([
      { format: "safetensors", title: "safetensors", file: "model.safetensors" },
      { format: "pytorch", title: "PyTorch", file: "pytorch_model.bin" },
    ]);
    expect((await openWeights(files)).format).toBe("safetensors");
    expect((await openWeights(files, { format: "pytorch" })).format).toBe("pytorch");
    expect((await openWeights(files, { useSafetensors: false })).format).toBe("pytorch");
    const wrong = openWeights(files, { format: "pytorch", useSafetensors: true });
    await expect(wrong).rejects.toThrow(/no weights/);
  });

  test("refuses a format that there is not", async () => {
    await expect(weightFiles(tensors, { format: "msgpack" as never })).rejects.toThrow(
      /no weight format "msgpack".*safetensors/,
    );
    const files = await openFiles(await folderOf(["pytorch"]));
    await expect(openWeights(files, { format: "msgpack" as never })).rejects.toThrow(/no weight format "msgpack"/);
  });
});

/** Files of formats that a bundle of `contents` loads at once, before any of its dynamic imports. */
async function loadedFirst(contents: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: source },
    bundle: true,
    splitting: true,
    format: "esm",
    outdir: "out",
    write: false,
    metafile: true,
    conditions: ["@convbert/source"],
    external: ["node:*"],
    logLevel: "silent",
  });
  const first = new Set<string>();
  const take = (output: string) => {
    if (first.has(output)) return;
    first.add(output);
    for (const { path, kind } of metafile.outputs[output]!.imports) {
      if (kind === "import-statement" && metafile.outputs[path]) take(path);
    }
  };
  take(Object.keys(metafile.outputs).find((name) => name.endsWith("stdin.js"))!);
  const loaded = [...first].flatMap((output) => Object.keys(metafile.outputs[output]!.inputs));
  return loaded.filter((input) => dirname(dirname(input)).endsWith("formats") || input.includes("src/protobuf/"));
}

describe("a bundle", () => {
  test("loads the code of no format before it is needed", async () => {
    const loaded = await loadedFirst(
      'export { openWeights } from "./open.ts"; export { weightFiles } from "./save.ts";',
    );
    expect(loaded.filter((input) => !input.endsWith("/format.ts"))).toEqual([]);
    expect(loaded.length).toBe(WEIGHT_FORMATS.length);
  });

  test("of what other packages take for themselves loads none either", async () => {
    const loaded = await loadedFirst('export * from "./internal.ts";');
    const code = loaded.filter((input) => !/\/format\.ts$|formats\/safetensors\//.test(input));
    expect(code).toEqual([]);
  });

  test("of the whole package has only the readers and writers that it exports", async () => {
    const loaded = await loadedFirst('export * from "./index.ts";');
    const code = loaded.filter((input) => !input.endsWith("/format.ts"));
    expect(code.filter((input) => !/formats\/(safetensors|pytorch)\//.test(input))).toEqual([]);
    expect(code.length).toBeGreaterThan(0);
  });
});
