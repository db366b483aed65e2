// A process of its own: loads what save() wrote with TensorFlow.js's own loader, predicts, and takes the next steps.
// Usage: node load.mjs ADDRESS BATCH, the latter JSON; prints JSON.
import "@convbert/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";

const [, , address, batch] = process.argv;
const { input_ids, ...labels } = JSON.parse(batch);
await tf.setBackend("wasm");
const model = await loadLayersModel(address);
const outputs = [model.predict(input_ids)].flat().map((tensor) => Array.from(tensor.dataSync()));
const steps = [];
for (let step = 0; step < 2; step++) {
  const { history } = await model.fit(input_ids, labels, { verbose: 0, shuffle: false });
  steps.push(history.loss[0]);
}
console.log(JSON.stringify({ className: model.getClassName(), name: model.name, outputs, steps }));
