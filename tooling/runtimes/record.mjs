// What every engine is held to: the logits that the readable reference backend gives for the texts of the models'
// expected.json (which are not published), written to recorded.json. (That backend is held to PyTorch's numbers by the packages' own tests.)
import { readFile, writeFile } from "node:fs/promises";
import { loadModel } from "convbert";

const recorded = {};
for (const name of ["question-classification", "chunking"]) {
  const source = new URL(`./node_modules/@convbert/model-${name}/`, import.meta.url);
  const expected = JSON.parse(await readFile(new URL(`./${name}.expected.json`, import.meta.url), "utf8"));
  const texts = expected.map(({ text, input_ids }) => ({ text, input_ids, logits: {} }));
  for (const dtype of ["float32", "int8"]) {
    const model = await loadModel(source, { dtype, backend: "reference" });
    for (const { input_ids, logits } of texts) {
      logits[dtype] = [...(await model.forward({ input_ids: [input_ids] })).logits.data];
    }
    model.dispose();
  }
  recorded[name] = texts;
}
await writeFile(new URL("./recorded.json", import.meta.url), JSON.stringify(recorded));
