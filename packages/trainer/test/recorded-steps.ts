import { readFileSync } from "node:fs";
import type { ConvBertInputs } from "@convbert/model";
import { expect, it } from "vitest";
import { Learner, type LearnerOptions, type TrainableModel } from "../src/index.js";
import { difference, recordedTensors } from "./recorded.js";

/** What `tooling/reference/steps.py` writes, beside options of the case. */
export interface RecordedSteps<Case> {
  readonly config: Record<string, number>;
  readonly lr: number;
  readonly weight_decay: number;
  readonly cases: Readonly<Record<string, Case & { readonly losses: readonly number[] }>>;
}

/** How labels count that say how likely each class is. */
export interface SoftCase {
  readonly class_weights?: readonly number[];
  readonly label_smoothing?: number;
}

/** The options with which PyTorch learned from such labels. */
export function softLearning(recorded: RecordedSteps<SoftCase>, name: string): LearnerOptions {
  const { class_weights: classWeights = null, label_smoothing: labelSmoothing = 0 } = recorded.cases[name]!;
  return { weightDecay: recorded.weight_decay, dropout: false, classWeights, labelSmoothing };
}

/** Options, losses and tensors of a folder of `fixtures`, and each case with each backend. */
export async function recordedSteps<Case, More = object>(folder: string) {
  const file = new URL(`fixtures/${folder}/${folder}.json`, import.meta.url);
  const recorded: RecordedSteps<Case> & More = JSON.parse(readFileSync(file, "utf8"));
  const runs = Object.keys(recorded.cases).flatMap((name) =>
    (["reference", "wasm"] as const).map((backend) => [name, backend] as const),
  );
  return { recorded, runs, tensors: await recordedTensors(folder, `${folder}.safetensors`) };
}

type Model<Inputs extends ConvBertInputs> = TrainableModel<Inputs> & Disposable;

/** Two tests: that the first batch has PyTorch's loss and gradients, and that training takes its 20 steps. */
export function followsPyTorch<Inputs extends ConvBertInputs>(run: {
  readonly name: string;
  readonly steps: Awaited<ReturnType<typeof recordedSteps<object>>>;
  readonly options: LearnerOptions;
  modelOf(): Promise<Model<Inputs>>;
  batchOf(name: string, step: number): Inputs;
}): void {
  const { name, steps, options, modelOf, batchOf } = run;
  const { recorded, tensors } = steps;
  const { losses } = recorded.cases[name]!;

  it("has PyTorch's loss and gradients", async () => {
    using model = await modelOf();
    using learner = new Learner<Inputs>(model, options);
    const loss = await learner.accumulate(batchOf(name, 0));
    expect(difference([loss], [losses[0]!])).toBeLessThan(1e-5);
    const all = [...model.parameters()].map(({ name: parameter }) => {
      const expected = tensors.get(`${name}/gradient/${parameter}`)!.data;
      return [learner.gradients.slot(parameter).read(), expected] as const;
    });
    const largest = Math.max(...all.map(([, expected]) => Math.max(...expected.map(Math.abs))));
    for (const [found, expected] of all) expect(difference(found, expected, largest)).toBeLessThan(1e-5);
  });

  it("takes PyTorch's 20 steps", async () => {
    using model = await modelOf();
    using learner = new Learner<Inputs>(model, options);
    for (const [step, expected] of losses.entries()) {
      const loss = await learner.accumulate(batchOf(name, step));
      expect(difference([loss], [expected]), `step ${step}`).toBeLessThan(1e-4);
      learner.step(recorded.lr);
    }
    const words = [...model.parameters()].find((parameter) => parameter.name.endsWith("word_embeddings.weight"))!;
    expect(difference(words.read(), tensors.get(`${name}/end`)!.data)).toBeLessThan(1e-4);
  });
}
