/**
 * Saves models of `@convbert/tfjs` as TensorFlow's Python classes load them, with what they answer:
 *     node save_tfjs_models.ts OUT && .venv/bin/python check_tfjs_models.py OUT
 * Needs a build.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as TfjsCore from "../../packages/tfjs/node_modules/@tensorflow/tfjs-core";

const folder = new URL("../../packages/tfjs/", import.meta.url);
const require = createRequire(new URL("package.json", folder));
const tf = require("@tensorflow/tfjs-core") as typeof TfjsCore;
require("@tensorflow/tfjs-backend-wasm");
const { TF_MODEL_CLASSES } = await import(new URL("dist/index.js", folder).href);
const out = process.argv[2];
if (out === undefined) throw new Error("give a folder to write to");

await tf.setBackend("wasm");
await tf.ready();
const CONFIG = {
  vocab_size: 29,
  hidden_size: 12,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 20,
  conv_kernel_size: 3,
  max_position_embeddings: 16,
  initializer_range: 0.3,
  pad_token_id: 0,
};
const ROW = [3, 14, 15, 9, 26, 5];
let count = 0;
for (const [name, Model] of Object.entries(TF_MODEL_CLASSES) as [string, typeof TF_MODEL_CLASSES.TFConvBertModel][]) {
  for (const variant of [{ embedding_size: 12 }, { embedding_size: 8, num_groups: 2 }]) {
    for (const format of ["tensorflow", "safetensors", "tensorflow-safetensors"]) {
      const model = Model.fromConfig({ ...CONFIG, ...variant }, { seed: count });
      const input_ids = name.endsWith("MultipleChoice") ? [[ROW, ROW.toReversed()]] : [ROW];
      const outputs = Object.entries(model.forward({ input_ids })) as [string, TfjsCore.Tensor][];
      const target = join(out, `${name}-${variant.embedding_size}-${format}`);
      await model.savePretrained(target, { format });
      const answers = Object.fromEntries(outputs.map(([field, tensor]) => [field, tensor.arraySync()]));
      writeFileSync(join(target, "check.json"), JSON.stringify({ name, input_ids, outputs: answers }));
      model.dispose();
      count++;
    }
  }
}
console.log(`${count} models in ${out}`);
