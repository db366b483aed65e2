import { MODEL_CLASSES, type ModelName } from "@convbert/heads";
import type { ConvBertModel } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { goldenModels } from "../../heads/test/fixtures.js";
import { ONNX_MODEL_CLASSES, type OnnxConvBertModel, type OnnxFromPretrainedOptions } from "../src/index.js";
import { fieldOf, type RecordedCase, recordedCases, relativeDifference } from "./cases.js";
import { RUNTIMES } from "./runtimes.js";

function load(folder: string, head: string, options: OnnxFromPretrainedOptions): Promise<OnnxConvBertModel> {
  return (ONNX_MODEL_CLASSES[head as ModelName] as typeof OnnxConvBertModel).fromPretrained(folder, options);
}

/** Runs recorded calls; compares every recorded field that was asked for. */
async function expectParity(model: OnnxConvBertModel, cases: readonly RecordedCase[], asked: object): Promise<number> {
  let compared = 0;
  for (const { name, inputs, outputs } of cases) {
    const result = await model.forward({ ...inputs, ...asked } as never);
    for (const [field, expected] of Object.entries(outputs)) {
      const isExtra = /^(hidden_states|attentions)\./.test(field);
      if (isExtra && Object.keys(asked).length === 0) continue;
      const actual = fieldOf(result, field);
      expect(actual, `${name}/${field}`).toBeDefined();
      expect(relativeDifference(actual!, expected), `${name}/${field}`).toBeLessThanOrEqual(1e-5);
      compared++;
    }
  }
  return compared;
}

describe.each(Object.keys(RUNTIMES) as (keyof typeof RUNTIMES)[])("%s", (name) => {
  const runtime = RUNTIMES[name];

  it.each(goldenModels())("gives the convolution's kernels of $variant/$head", async ({ folder, head }) => {
    using ours = await (MODEL_CLASSES[head as ModelName] as typeof ConvBertModel).fromPretrained(folder);
    using model = await load(folder, head, { runtime, graph: { kernels: true } });
    const rows = [[5, 6, 7, 8]];
    const inputs = { input_ids: head === "ConvBertForMultipleChoice" ? [rows] : rows, output_kernels: true } as never;
    const [actual, expected] = [await model.forward(inputs), await ours.forward(inputs)];
    expect(actual.kernels).toHaveLength(ours.config.num_hidden_layers);
    for (const [layer, kernels] of expected.kernels!.entries()) {
      expect(relativeDifference(actual.kernels![layer]!, kernels)).toBeLessThan(1e-5);
    }
  });

  it.each(goldenModels())("equals the reference on the cases of $variant/$head", async ({ folder, head }) => {
    const cases = await recordedCases(folder);
    const takes = (argument: string) => cases.filter(({ inputs }) => argument in inputs);
    const usual = cases.filter(({ inputs }) => !("inputs_embeds" in inputs || "head_mask" in inputs));
    using model = await load(folder, head, { runtime });
    expect(await expectParity(model, usual, {})).toBeGreaterThanOrEqual(usual.length);
    expect(usual.length).toBeGreaterThan(1);

    // The attention's operator gives no probabilities, so that these graphs compute it step by step.
    const graph = { hiddenStates: true, attentions: true, headMask: true };
    using whole = await load(folder, head, { runtime, graph });
    const everything = { output_hidden_states: true, output_attentions: true };
    const words = cases.filter(({ inputs }) => !("inputs_embeds" in inputs));
    expect(await expectParity(whole, words, everything)).toBeGreaterThan(10);

    const embedded = takes("inputs_embeds");
    if (embedded.length > 0) {
      using other = await load(folder, head, { runtime, graph: { inputsEmbeds: true } });
      expect(await expectParity(other, embedded, {})).toBeGreaterThan(0);
    }
  });
});
