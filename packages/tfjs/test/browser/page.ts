import { TF_MODEL_CLASSES, type TFConvBertForSequenceClassification } from "@convbert/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";

// What a page does with the package as it is published.

/** An array as it goes to the page and back. */
export interface Plain {
  readonly shape: number[];
  readonly data: number[];
}

type Named = Readonly<Record<string, Plain>>;

/** A recorded model and what it is asked. */
export interface Asked {
  /** Address of the model's folder. */
  readonly folder: string;
  readonly modelName: string;
  readonly cases: Readonly<Record<string, Named>>;
  /** Batches to train on; none where it is empty. */
  readonly steps: readonly Named[];
}

export interface Answer {
  readonly outputs: Readonly<Record<string, Named>>;
  readonly losses: readonly number[];
  /** Tensors that a second round of everything left behind. */
  readonly left: number;
}

/** The kinds of this page's backends, to the names of TensorFlow.js's. */
const BACKENDS = { wasm: "wasm", webgl: "webgl", webgpu: "webgpu" } as const;

export type Backend = keyof typeof BACKENDS;

/** Chooses a backend; false where this browser has none of the kind. */
async function choose(backend: Backend): Promise<boolean> {
  setWasmPaths("/wasm/");
  const chosen = await tf.setBackend(BACKENDS[backend]).catch(() => false);
  await tf.ready().catch(() => {});
  return chosen && tf.getBackend() === backend;
}

/** Runs a model on every case, trains it, and runs it again. */
async function answer({ folder, modelName, cases, steps }: Asked): Promise<Answer> {
  const Model = TF_MODEL_CLASSES[
    modelName as keyof typeof TF_MODEL_CLASSES
  ] as typeof TFConvBertForSequenceClassification;
  const model = await Model.fromPretrained(folder);
  const outputs: Record<string, Named> = {};
  const losses: number[] = [];
  const ask = async (outputs: Record<string, Named>) => {
    for (const [title, inputs] of Object.entries(cases)) {
      const given = model.forward({ ...inputs }) as unknown as Record<string, tf.Tensor>;
      const entries = Object.entries(given).map(async ([name, tensor]) => {
        const plain = { shape: tensor.shape, data: Array.from(await tensor.data()) };
        tensor.dispose();
        return [name, plain] as const;
      });
      outputs[title] = Object.fromEntries(await Promise.all(entries));
    }
  };
  await ask(outputs);
  const optimizer = tf.train.adam(1e-3);
  if (steps.length > 0) {
    model.compile({ optimizer });
  }
  let before = tf.memory().numTensors;
  for (const [index, batch] of steps.entries()) {
    losses.push((await model.trainOnBatch({ ...batch })) as number);
    // The optimizer makes its moments with the first step.
    before = index === 0 ? tf.memory().numTensors : before;
  }
  await ask({});
  const left = tf.memory().numTensors - before;
  optimizer.dispose();
  model.dispose();
  return { outputs, losses, left };
}

/** Values that TensorFlow.js's own loader gives for the files of `model.save`. */
async function load(address: string, ids: number[][]): Promise<Plain> {
  const model = (await loadLayersModel(address)) as TFConvBertForSequenceClassification;
  const logits = model.predict(ids) as tf.Tensor;
  const plain = { shape: logits.shape, data: Array.from(await logits.data()) };
  tf.dispose([logits]);
  model.dispose();
  return plain;
}

const page = {
  answer,
  choose,
  load,
  /** Threads of the WebAssembly backend. */
  threads: async () => ((await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT")) ? "several" : "one"),
};
export type Page = typeof page;
Object.assign(globalThis, { convbert: page });
