import {
  csv,
  type Dataset,
  type FineTuned,
  fineTune,
  type IndexedDataset,
  jsonLines,
  labelledLines,
  memoryCheckpoints,
  memoryDataset,
  openDataset,
  type TextExample,
  textFields,
  tsv,
} from "@convbert/trainer";
import { job } from "./jobs.js";
import type { TrainEvent, Trained, TrainRequest } from "./protocol.js";
import { keepFiles, openModel } from "./sources.js";

/** Of the last run, so that it can go on. */
let checkpoints = memoryCheckpoints();

const BATCH = 8;
/** One example in so many is kept for measuring. */
const HELD_OUT = 5;
let runs = 0;

/** Fine-tunes an encoder on labelled lines; what comes of it is kept as files. */
export function train(request: TrainRequest, onEvent: (event: TrainEvent) => void): Promise<Trained> {
  return job("train", async (signal) => {
    const all = await openDataset({ name: request.name, data: request.data }, formatOf(request.name, request.data));
    const { training, held } = await parted(all);
    if (!request.goOn) checkpoints = memoryCheckpoints();
    const files = await openModel(request.start, { signal });
    try {
      const result = await fineTune("text-classification", {
        model: files,
        train: training,
        ...(held.length > 0 && { evaluation: held }),
        epochs: request.epochs,
        batchSize: BATCH,
        learningRate: request.learningRate,
        schedule: "constant",
        warmupSteps: 0,
        unpadded: true,
        seed: 1,
        checkpoints,
        resume: request.goOn,
        signal,
        onEvent: (event) => {
          if (event.type === "start") {
            onEvent({ type: "start", totalSteps: event.totalSteps, step: event.step, examples: training.length });
          } else if (event.type === "step") {
            const { step, totalSteps, loss, secondsLeft } = event;
            onEvent({ type: "step", step, totalSteps, loss, secondsLeft });
          } else if (event.type === "evaluation") {
            const { accuracy = Number.NaN, loss = Number.NaN } = event.metrics;
            onEvent({ type: "evaluation", step: event.step, accuracy, loss });
          }
        },
      });
      return await keepTrained(result, held.length);
    } finally {
      await files.close();
    }
  });
}

async function keepTrained({ model, tokenizer, summary }: FineTuned, heldOut: number): Promise<Trained> {
  try {
    const contents = new Map<string, Blob>();
    await model.savePretrained(contents);
    await tokenizer.savePretrained(contents);
    runs++;
    const kept = keepFiles(`trained-${runs}`, "trained here", Object.fromEntries(contents));
    return { model: kept, accuracy: summary.best?.score ?? null, steps: summary.steps, heldOut };
  } finally {
    model.dispose();
  }
}

/** By the name's ending, or by what the first line looks like. */
function formatOf(name: string, data: string) {
  const first = data.trimStart().split("\n", 1)[0]!;
  if (/\.(jsonl|ndjson|json)$/i.test(name) || first.startsWith("{")) return jsonLines(textFields());
  if (/\.csv$/i.test(name)) return csv(textFields());
  if (/\.tsv$/i.test(name)) return tsv(textFields());
  return labelledLines({ separator: first.includes("\t") ? "\t" : " " });
}

/** The same lines in the same order each time: going on needs the same examples. */
async function parted(all: Dataset<TextExample> & IndexedDataset<TextExample>) {
  const training: TextExample[] = [];
  const held: TextExample[] = [];
  for (let index = 0; index < all.length; index++) {
    const example = await all.get(index);
    (index % HELD_OUT === HELD_OUT - 1 ? held : training).push(example);
  }
  // A label that is only among the held-out lines could not be learnt.
  const known = new Set(training.map(({ label }) => String(label)));
  const fit = held.filter(({ label }) => known.has(String(label)));
  const alone = held.filter(({ label }) => !known.has(String(label)));
  return { training: memoryDataset([...training, ...alone]), held: memoryDataset(fit) };
}
