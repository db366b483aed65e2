/**
 * Write the weights of many models in every format, for check_converted_models.py; and read what that has saved.
 *
 *     node tooling/reference/convert_models.ts FIXTURES OUT        (Node 22.18 or newer, after a build)
 *
 * FIXTURES holds <variant>/<Head>/ folders with checkpoints of make_model_cases.py. OUT/ours/<variant>/<Head>/<format>/
 * receives them. What OUT/theirs/<variant>/<Head>/<form>/ has is opened and compared, bit for bit; exit code 1 when
 * something differs.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

/** The part of the built packages that is used here, as a user gets them. */
interface Reader {
  readonly format: string;
  readonly tensors: ReadonlyMap<string, { readonly tiedTo?: string }>;
  read(name: string): Promise<ArrayBufferView>;
  close(): Promise<void>;
}
interface Converter {
  openWeights(files: unknown, options?: object): Promise<Reader>;
  tensorsOf(reader: Reader, options?: object): unknown[];
  weightFiles(tensors: unknown[], options: object): Promise<{ files: Iterable<[string, never]> }>;
}
interface Files {
  openFiles(source: string): Promise<unknown>;
  writeFiles(destination: string, files: Iterable<[string, never]>): Promise<void>;
}

const FORMS: Readonly<Record<string, object>> = {
  safetensors: { format: "safetensors" },
  pytorch: { format: "pytorch" },
  tensorflow: { format: "tensorflow" },
  "tensorflow-sharded": { format: "tensorflow", maxShardSize: "40KB" },
  "tensorflow-safetensors": { format: "tensorflow-safetensors" },
  tf1: { format: "tf1" },
  "tf1-sharded": { format: "tf1", maxShardSize: "40KB" },
};

const [fixtures, out] = process.argv.slice(2);
if (fixtures === undefined || out === undefined) {
  console.error("node tooling/reference/convert_models.ts FIXTURES OUT");
  process.exit(2);
}
const packages = new URL("../../packages/", import.meta.url);
if (!existsSync(new URL("converter/dist/index.js", packages))) {
  console.error("packages/converter/dist is missing; build first: npm run build");
  process.exit(1);
}
const { openWeights, tensorsOf, weightFiles }: Converter = await import(
  new URL("converter/dist/index.js", packages).href
);
const { openFiles, writeFiles }: Files = await import(new URL("files/dist/index.js", packages).href);

const open = async (folder: string, options?: object) => openWeights(await openFiles(folder), options);
const folders = (await readdir(fixtures, { recursive: true })).filter((name) =>
  /^[^/]+\/ConvBert\w+\/model\.safetensors$/.test(name),
);
let failed = 0;
const counts: Record<string, number> = {};
for (const name of folders.map((file) => file.slice(0, -"/model.safetensors".length)).sort()) {
  const source = await open(join(fixtures, name), { format: "safetensors" });
  const prefix = "convbert.";
  const hasHead = [...source.tensors.keys()].some((tensor) => tensor.startsWith(prefix));
  const encoder = (tensor: string) =>
    hasHead ? (tensor.startsWith(prefix) ? tensor.slice(prefix.length) : undefined) : tensor;
  for (const [form, options] of Object.entries(FORMS)) {
    const folder = join(out, "ours", name, form);
    await mkdir(folder, { recursive: true });
    const tensors = tensorsOf(source, form.startsWith("tf1") ? { rename: encoder } : {});
    await writeFiles(folder, (await weightFiles(tensors, options)).files);
    await copyFile(join(fixtures, name, "config.json"), join(folder, "config.json"));
    counts[`written ${form}`] = (counts[`written ${form}`] ?? 0) + 1;
  }
  const theirs = join(out, "theirs", name);
  for (const form of existsSync(theirs) ? (await readdir(theirs)).sort() : []) {
    const saved = await open(join(theirs, form));
    const problems = await differences(saved, source);
    counts[`read ${form} as ${saved.format}`] = (counts[`read ${form} as ${saved.format}`] ?? 0) + 1;
    for (const problem of problems) console.log(`${name}, ${form}: ${problem}`);
    failed += problems.length > 0 ? 1 : 0;
    await saved.close();
  }
  await source.close();
}
for (const [what, count] of Object.entries(counts)) console.log(`${what}: ${count} models`);
console.log(failed === 0 ? "all are the same, bit for bit" : `${failed} differ`);
process.exit(failed === 0 ? 0 : 1);

async function differences(saved: Reader, source: Reader): Promise<string[]> {
  const problems = [];
  for (const name of source.tensors.keys()) {
    if (!saved.tensors.has(name)) {
      problems.push(`${name} is missing`);
      continue;
    }
    const [left, right] = await Promise.all([saved.read(name), source.read(name)]);
    const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
      new Uint8Array(buffer, byteOffset, byteLength);
    if (Buffer.compare(bytes(left), bytes(right)) !== 0) problems.push(`${name} differs`);
  }
  for (const name of saved.tensors.keys()) if (!source.tensors.has(name)) problems.push(`${name} is too much`);
  return problems;
}
