import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "@convbert/converter";
import { openFiles } from "@convbert/files";
import { ConvBertForSequenceClassification, type SequenceClassificationInputs } from "@convbert/heads";
import { beforeAll, describe, expect, it } from "vitest";
import { Learner, learningRateSchedule } from "../src/index.js";

interface Recorded {
  readonly losses: number[];
  readonly gradient_norms: number[];
  readonly lr: number;
  readonly warmup: number;
  readonly steps: number;
  readonly weight_decay: number;
}

const TOLERANCE = 1e-4;

/** The runs that the reference has recorded: 20 steps of AdamW with warm-up, decay and clipping, without dropout. */
describe.each(["default", "grouped"])("the recorded run of the %s model", (variant) => {
  const folder = fileURLToPath(new URL(`fixtures/runs/${variant}`, import.meta.url));
  const recorded: Recorded = JSON.parse(readFileSync(`${folder}/training.json`, "utf8"));
  const tensors = new Map<string, { shape: readonly number[]; data: ArrayLike<number | bigint> }>();

  beforeAll(async () => {
    const files = await openFiles(folder);
    const reader = await readSafetensors(await files.open("training.safetensors"));
    for (const [name, { shape }] of reader.tensors) {
      tensors.set(name, { shape, data: await reader.read(name) });
    }
    await reader.close();
    await files.close();
  });

  it.each([
    ["reference", 1, false],
    ["wasm", 1, false],
    ["wasm", 2, true],
  ] as const)("is repeated on the %s backend with %i threads, checkpointing %s", async (backend, threads, saving) => {
    const config = JSON.parse(readFileSync(`${folder}/config.json`, "utf8"));
    using model = await ConvBertForSequenceClassification.fromConfig(config, { backend, threads });
    for (const parameter of model.parameters()) {
      parameter.write(0, tensors.get(`start/${parameter.name}`)!.data as Float32Array);
    }
    using learner = new Learner<SequenceClassificationInputs>(model, {
      weightDecay: recorded.weight_decay,
      dropout: false,
      gradientCheckpointing: saving,
    });
    const schedule = learningRateSchedule({ totalSteps: recorded.steps, warmupSteps: recorded.warmup });
    for (let step = 0; step < recorded.steps; step++) {
      const input = (name: string) => {
        const { shape, data } = tensors.get(`step${step}/${name}`)!;
        return { shape, data: Int32Array.from(data as BigInt64Array, Number) };
      };
      const batch = {
        input_ids: input("input_ids"),
        attention_mask: input("attention_mask"),
        labels: input("labels"),
      };
      const loss = await learner.accumulate(batch);
      const norm = learner.step(recorded.lr * schedule(step));
      expect(Math.abs(loss / recorded.losses[step]! - 1), `loss of step ${step}`).toBeLessThan(TOLERANCE);
      expect(Math.abs(norm / recorded.gradient_norms[step]! - 1), `norm of step ${step}`).toBeLessThan(TOLERANCE);
    }
    // A key's bias adds the same to all scores of a query: its gradient is zero but for rounding, which Adam scales up to
    // whole steps. Nothing can repeat those; they can only be as long as the steps were.
    const moved = Array.from({ length: recorded.steps }, (_, step) => recorded.lr * schedule(step)).reduce(
      (a, b) => a + b,
    );
    for (const { name, read } of model.parameters()) {
      const expected = tensors.get(`end/${name}`)!.data as Float32Array;
      const found = read();
      let difference = 0;
      for (const [index, value] of expected.entries()) {
        difference = Math.max(difference, Math.abs(value - found[index]!));
      }
      expect(difference, name).toBeLessThan(name.endsWith(".key.bias") ? moved : TOLERANCE);
    }
  });
});
