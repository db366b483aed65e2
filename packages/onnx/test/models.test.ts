import { describe, expect, it } from "vitest";
import { goldenModels } from "../../heads/test/fixtures.js";
import {
  OnnxConvBertForSequenceClassification,
  OnnxConvBertModel,
  type OnnxFromPretrainedOptions,
  type OnnxRuntime,
} from "../src/index.js";
import { RUNTIMES } from "./runtimes.js";

const runtime = RUNTIMES["onnxruntime-node"];
const { folder } = goldenModels().find(({ head }) => head === "ConvBertModel")!;
const input_ids = [[5, 6, 7]];

describe("a model on ONNX Runtime", () => {
  it("says what computes", async () => {
    const session = { executionProviders: ["cpu"], intraOpNumThreads: 1 };
    using model = await OnnxConvBertModel.fromPretrained(folder, { runtime, session });
    expect(model.backend).toEqual({ description: "onnxruntime cpu, own graph, float32", threads: 1 });
    expect(model.modelName).toBe("ConvBertModel");
  });

  it("wants the runtime itself", async () => {
    for (const wrong of [undefined, null, "onnxruntime-node", {}]) {
      const options = { runtime: wrong } as unknown as OnnxFromPretrainedOptions;
      await expect(OnnxConvBertModel.fromPretrained(folder, options)).rejects.toMatchObject({
        name: "InputError",
        argument: "runtime",
      });
    }
    await expect(OnnxConvBertModel.fromPretrained(folder, undefined as never)).rejects.toMatchObject({
      argument: "runtime",
    });
  });

  it("refuses options that make no sense before anything is loaded", async () => {
    for (const [argument, value] of [
      ["dtype", "int4"],
      ["batchTokens", 0],
      ["batchTokens", "many"],
    ] as const) {
      const options = { runtime, [argument]: value } as unknown as OnnxFromPretrainedOptions;
      await expect(OnnxConvBertModel.fromPretrained("/nowhere", options)).rejects.toMatchObject({ argument });
    }
  });

  it("has the errors of the same model on our engine", async () => {
    using model = await OnnxConvBertModel.fromPretrained(folder, { runtime });
    await expect(model.forward({ input_ids: [[5, 100_000]] })).rejects.toMatchObject({ argument: "input_ids" });
    await expect(model.forward({ inputIds: input_ids } as never)).rejects.toThrow(/did you mean input_ids/);
    await expect(model.forward({ input_ids, output_hidden_states: true })).rejects.toThrow(
      /graph: \{ hiddenStates: true \}/,
    );
    await expect(model.forward({ input_ids, output_attentions: true })).rejects.toThrow(
      /graph: \{ attentions: true \}/,
    );
    await expect(
      model.forward({ input_ids, head_mask: model.config.attentionHeads === 2 ? [1, 0] : [0] }),
    ).rejects.toMatchObject({ argument: "head_mask" });
    await expect(model.forwardRagged({ sequences: [] })).rejects.toMatchObject({ argument: "sequences" });
    await expect(OnnxConvBertForSequenceClassification.fromPretrained(folder, { runtime })).rejects.toMatchObject({
      name: "MissingWeightsError",
    });
  });

  it("stops where it is told to, and goes on afterwards", async () => {
    using model = await OnnxConvBertModel.fromPretrained(folder, { runtime });
    const stopped = AbortSignal.abort(new Error("enough"));
    await expect(model.forward({ input_ids }, { signal: stopped })).rejects.toThrow("enough");
    await expect(model.forwardRagged({ sequences: input_ids }, { signal: stopped })).rejects.toThrow("enough");
    await expect(OnnxConvBertModel.fromPretrained(folder, { runtime, signal: stopped })).rejects.toThrow("enough");
    const controller = new AbortController();
    const running = model.forward({ input_ids }, { signal: controller.signal });
    controller.abort(new Error("later"));
    await expect(running).rejects.toThrow("later");
    expect((await model.forward({ input_ids })).last_hidden_state.shape).toEqual([1, 3, model.config.hidden_size]);
  });

  it("takes calls while others run", async () => {
    for (const each of Object.values(RUNTIMES)) {
      using model = await OnnxConvBertModel.fromPretrained(folder, { runtime: each });
      const [first, ...others] = await Promise.all([1, 2, 3].map(() => model.forward({ input_ids })));
      for (const other of others) expect(other.last_hidden_state.data).toEqual(first!.last_hidden_state.data);
    }
  });

  it("frees its session once, after the calls that run", async () => {
    let released = 0;
    const counting: OnnxRuntime = {
      Tensor: runtime.Tensor,
      InferenceSession: {
        async create(bytes, options) {
          const session = await runtime.InferenceSession.create(bytes, options);
          return {
            inputNames: session.inputNames,
            outputNames: session.outputNames,
            run: (feeds) => session.run(feeds),
            release: async () => {
              released++;
              await session.release();
            },
          };
        },
      },
    };
    const model = await OnnxConvBertModel.fromPretrained(folder, { runtime: counting });
    const running = model.forward({ input_ids });
    model.dispose();
    model.dispose();
    await expect(running).rejects.toMatchObject({ name: "DisposedModelError" });
    await expect(model.forward({ input_ids })).rejects.toMatchObject({ name: "DisposedModelError" });
    await expect(model.forwardRagged({ sequences: input_ids })).rejects.toMatchObject({ name: "DisposedModelError" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(released).toBe(1);
  });
});
