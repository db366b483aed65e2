// The mean of the weights of classifiers that began alike (a model soup):
// node tooling/recipes/average.ts OUTPUT MODEL MODEL...

const { loadModel, ConvBertTokenizerFast } = await import(
  new URL("../../packages/convbert/dist/index.js", import.meta.url).href
);
const [output, ...sources] = process.argv.slice(2);
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
await first.savePretrained(output);
await tokenizer.savePretrained(output);
for (const model of models) model.dispose();
