/**
 * Save models in every form that savePretrained has, with inputs and outputs beside them, for check_saved_models.py.
 *
 *     node tooling/reference/save_models.ts OUT [MODELS]        (Node 22.18 or newer, after a build)
 *
 * MODELS holds <variant>/<Head>/ folders with checkpoints; by default those that the tests keep. OUT/<n>/ receives a
 * checkpoint and check.json: { model, form, head, inputs, outputs }.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The part of @convbert/heads that is used here; the built package is checked, as a user gets it. */
interface ArrayLikeOutput {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}
interface Model extends Disposable {
  readonly modelName: string;
  readonly config: { readonly vocab_size: number };
  forward(inputs: object): Promise<Record<string, number | ArrayLikeOutput>>;
  savePretrained(folder: string, options: object): Promise<void>;
  resizeTokenEmbeddings(rows: number, options: object): number;
}
interface Heads {
  loadModel(folder: string, options: object): Promise<Model>;
  MODEL_CLASSES: Record<string, { fromConfig(config: object, options: object): Promise<Model> }>;
}

const FORMS: Readonly<Record<string, object>> = {
  safetensors: {},
  pytorch: { format: "pytorch" },
  "sharded safetensors": { maxShardSize: "40KB" },
  "sharded pytorch": { format: "pytorch", maxShardSize: "40KB" },
  "float16 safetensors": { dtype: "float16" },
  "float16 pytorch": { dtype: "float16", format: "pytorch" },
  "bfloat16 safetensors": { dtype: "bfloat16" },
};
const TINY = { vocab_size: 60, hidden_size: 24, embedding_size: 12, num_hidden_layers: 2, num_attention_heads: 4 };
const FRESH = { ...TINY, intermediate_size: 40, max_position_embeddings: 32, initializer_range: 0.3, pad_token_id: 0 };

const [out, models] = process.argv.slice(2);
if (out === undefined) {
  console.error("node tooling/reference/save_models.ts OUT [MODELS]");
  process.exit(2);
}
const packages = new URL("../../packages/", import.meta.url);
const built = new URL("heads/dist/index.js", packages);
if (!existsSync(built)) {
  console.error("packages/heads/dist is missing; build first: npm run build");
  process.exit(1);
}
const { loadModel, MODEL_CLASSES }: Heads = await import(built.href);
let written = 0;

async function save(model: Model, label: string): Promise<void> {
  const row = [3, 14, 15, 9, 26, 5, 35, 8].map((id) => id % model.config.vocab_size);
  const ids = [row, row.toReversed()];
  const mask = [row.map(() => 1), row.map((_, index) => (index < 5 ? 1 : 0))];
  const choice = model.modelName === "ConvBertForMultipleChoice";
  const inputs = { input_ids: choice ? [ids, ids] : ids, attention_mask: choice ? [mask, mask] : mask };
  const outputs: Record<string, object> = {};
  for (const [field, value] of Object.entries(await model.forward(inputs))) {
    if (typeof value === "object") outputs[field] = { data: Array.from(value.data), shape: value.shape };
  }
  for (const [form, options] of Object.entries(FORMS)) {
    const folder = join(out!, String(written++).padStart(3, "0"));
    await mkdir(folder, { recursive: true });
    await model.savePretrained(folder, options);
    const check = { model: label, form, head: model.modelName, inputs, outputs };
    await writeFile(join(folder, "check.json"), JSON.stringify(check));
  }
}

const root = models ?? fileURLToPath(new URL("heads/test/fixtures/models/", packages));
for (const variant of await readdir(root)) {
  for (const head of await readdir(join(root, variant))) {
    if (!existsSync(join(root, variant, head, "cases.safetensors"))) continue;
    using model = await loadModel(join(root, variant, head), {});
    await save(model, `${variant}/${head}`);
  }
}
for (const [label, config] of Object.entries({
  untied: { tie_word_embeddings: false },
  "cross-attention": { is_decoder: true, add_cross_attention: true },
  grouped: { num_groups: 2 },
})) {
  using model = await MODEL_CLASSES["ConvBertForMaskedLM"]!.fromConfig({ ...FRESH, ...config }, { seed: 1 });
  await save(model, `new ${label}/ConvBertForMaskedLM`);
  model.resizeTokenEmbeddings(67, { seed: 2 });
  await save(model, `resized ${label}/ConvBertForMaskedLM`);
}
console.log(`${written} checkpoints in ${out}`);
