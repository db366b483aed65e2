import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FloatArray } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { loadModel } from "../src/index.js";
import { keptRoot } from "./fixtures.js";

interface Recorded {
  readonly model: string;
  readonly inputs: { readonly input_ids: number[][]; readonly attention_mask: number[][] };
  /** `[batch, length, heads, taps]` of each layer. */
  readonly kernels: number[][][][][];
}

const recorded: Recorded[] = JSON.parse(readFileSync(join(keptRoot, "..", "dynamic-kernels.json"), "utf8"));

type WithKernels = { readonly kernels?: readonly FloatArray[] };

describe.each(["reference", "wasm"] as const)("the convolution's kernels on the %s backend", (backend) => {
  it.each(recorded)(
    "equal those inside the reference: $model",
    async ({ model: folder, inputs, kernels: expected }) => {
      using model = await loadModel(join(keptRoot, folder), { backend });
      const { kernels } = (await model.forward({ ...inputs, output_kernels: true } as never)) as WithKernels;
      expect(kernels!.length).toBe(expected.length);
      for (const [layer, want] of expected.entries()) {
        const got = kernels![layer]!;
        expect(got.shape).toEqual([want.length, want[0]!.length, want[0]![0]!.length, want[0]![0]![0]!.length]);
        const flat = want.flat(3);
        const largest = flat.reduce((most, value) => Math.max(most, value));
        const gap = flat.reduce((most, value, index) => Math.max(most, Math.abs(value - got.data[index]!)), 0);
        expect(gap).toBeLessThanOrEqual(1e-5 * largest);
      }
      expect(Object.keys(await model.forward(inputs as never))).not.toContain("kernels");
    },
  );

  it("leave no memory behind, and are those of the heads that pruning leaves", async () => {
    const folder = join(keptRoot, "default/ConvBertForSequenceClassification");
    using model = await loadModel(folder, { backend });
    const inputs = { input_ids: [[3, 14, 15, 9]], output_kernels: true };
    const whole = (await model.forward(inputs as never)) as WithKernels;
    const { liveBytes } = model.backend.memory();
    await model.forward(inputs as never);
    expect(model.backend.memory().liveBytes).toBe(liveBytes);
    const [, , heads, taps] = whole.kernels![0]!.shape as [number, number, number, number];
    model.pruneHeads({ 0: [0] });
    const pruned = (await model.forward(inputs as never)) as WithKernels;
    expect(pruned.kernels![0]!.shape).toEqual([1, 4, heads - 1, taps]);
    // The first layer's input has not changed, so neither have its remaining kernels.
    for (let token = 0; token < 4; token++) {
      for (let tap = 0; tap < taps; tap++) {
        expect(pruned.kernels![0]!.get(0, token, 0, tap)).toBeCloseTo(whole.kernels![0]!.get(0, token, 1, tap), 5);
      }
    }
  });
});
