import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

// The mean of the weights of classifiers that began alike (a model soup):
// node tooling/recipes/average.ts OUTPUT MODEL MODEL... [--calibrate texts.jsonl]
// The mean of heads that began differently is less certain than each of them. --calibrate scales the last layer, which changes
// no answer: so that the loss of labelled texts, those that were trained on, is least with the label smoothing of the training.

const SMOOTHING = 0.1;

const { loadModel, ConvBertTokenizerFast } = await import(
  new URL("../../packages/convbert/dist/index.js", import.meta.url).href
);
const { values, positionals } = parseArgs({ allowPositionals: true, options: { calibrate: { type: "string" } } });
const [output, ...sources] = positionals;
if (output === undefined || sources.length < 2) throw new Error("give a folder, and two models or more");

const models = [];
for (const source of sources) models.push(await loadModel(source, { dtype: "float32" }));
const [first, ...others] = models;
for (const parameter of first.parameters()) {
  const rest: Float32Array[] = others.map((model) => model.parameter(parameter.name).read());
  const sum = (value: number, i: number) => rest.reduce((total, weights) => total + weights[i]!, value);
  parameter.write(
    0,
    parameter.read().map((value: number, i: number) => sum(value, i) / sources.length),
  );
}
const tokenizer = await ConvBertTokenizerFast.fromPretrained(sources[0]!);
if (values.calibrate !== undefined) {
  const factor = await bestFactor(values.calibrate);
  console.log(`the last layer is scaled by ${factor.toFixed(2)}`);
  for (const name of ["classifier.out_proj.weight", "classifier.out_proj.bias"]) {
    const parameter = first.parameter(name);
    parameter.write(
      0,
      parameter.read().map((value: number) => value * factor),
    );
  }
}
await first.savePretrained(output);
await tokenizer.savePretrained(output);
for (const model of models) model.dispose();

/** What the logits are multiplied with where the loss of a file's texts is least. */
async function bestFactor(file: string): Promise<number> {
  const rows: { logits: number[]; label: number }[] = [];
  for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
    const { text, label } = JSON.parse(line);
    const { input_ids } = tokenizer(text, { truncation: true });
    const { logits } = await first.forward({ input_ids: [input_ids] });
    rows.push({ logits: [...logits.data], label: first.config.label2id[label] });
  }
  const loss = (factor: number) =>
    rows.reduce((total, { logits, label }) => {
      const scaled = logits.map((value) => value * factor);
      const sum = Math.log(scaled.reduce((all, value) => all + Math.exp(value), 0));
      const mean = scaled.reduce((all, value) => all + value, 0) / scaled.length;
      return total + sum - (1 - SMOOTHING) * scaled[label]! - SMOOTHING * mean;
    }, 0);
  // The loss is convex in the factor.
  let [low, high] = [0.1, 30];
  while (high - low > 0.01) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3];
    if (loss(left) < loss(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}
