import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradientsOf } from "../src/backend.js";
import { createBackend } from "../src/index.js";
import { relativeDifference } from "./numbers.js";
import { Rig } from "./rig.js";

interface Run {
  readonly kind: "Adam" | "AdamW";
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly steps: readonly { parameter: number[]; mean: number[]; variance: number[] }[];
}

const { start, gradients, runs } = JSON.parse(readFileSync(new URL("fixtures/adam.json", import.meta.url), "utf8")) as {
  start: number[];
  gradients: number[][];
  runs: Run[];
};

describe.each(["reference", "wasm"] as const)("Adam on the %s backend", (name) => {
  it.each(runs.map((run) => [`${run.kind}, weight decay ${run.weightDecay}`, run] as const))(
    "takes the steps of torch.optim: %s",
    async (_label, run) => {
      const backend = await createBackend({ backend: name });
      const rig = new Rig(backend, 1, 2);
      const parameter = rig.of(start, 1, start.length);
      const [mean, variance] = [1, 2].map(() => rig.of(start, 1, start.length));
      gradientsOf(backend).fill(mean!, 0);
      gradientsOf(backend).fill(variance!, 0);
      run.steps.forEach((expected, index) => {
        const step = index + 1;
        gradientsOf(backend).adam({
          parameter,
          // Twice the gradient, halved again by its scale.
          gradient: rig.of(
            gradients[index]!.map((value) => 2 * value),
            1,
            start.length,
          ),
          mean: mean!,
          variance: variance!,
          gradientScale: 0.5,
          beta1: run.beta1,
          beta2: run.beta2,
          epsilon: run.epsilon,
          stepSize: run.lr / (1 - run.beta1 ** step),
          varianceCorrection: Math.sqrt(1 - run.beta2 ** step),
          decay: run.kind === "AdamW" ? 1 - run.lr * run.weightDecay : 1,
          l2: run.kind === "Adam" ? run.weightDecay : 0,
        });
        expect(relativeDifference(rig.read(parameter), expected.parameter)).toBeLessThan(1e-6);
        expect(relativeDifference(rig.read(mean!), expected.mean)).toBeLessThan(1e-6);
        expect(relativeDifference(rig.read(variance!), expected.variance)).toBeLessThan(1e-6);
      });
      backend.dispose();
    },
  );

  it("lets means and variances of no consequence end at 0, and moves nothing that has had no gradient", async () => {
    const backend = await createBackend({ backend: name });
    const rig = new Rig(backend, 1);
    const values = [1, -2, 3, 4, 5];
    const parameter = rig.of(values, 1, 5);
    const mean = rig.of([2e-30, 0, 0, 0, 1e-30], 1, 5);
    const variance = rig.of([1e-36, 0, 0, 0, 1e-36], 1, 5);
    const gradient = rig.of([0, 0, 0, 0, 0], 1, 5);
    const options = { gradientScale: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, stepSize: 0.1, varianceCorrection: 1 };
    gradientsOf(backend).adam({ ...options, parameter, gradient, mean, variance, decay: 1, l2: 0 });
    expect([...rig.read(parameter)]).toEqual(values);
    expect([...rig.read(variance)]).toEqual([0, 0, 0, 0, 0]);
    expect([...rig.read(mean)]).toEqual([Math.fround(1.8e-30), 0, 0, 0, 0]);
    gradientsOf(backend).adam({ ...options, parameter, gradient, mean, variance, decay: 0.5, l2: 0 });
    expect([...rig.read(parameter)]).toEqual(values.map((value) => value / 2));
    backend.dispose();
  });
});
