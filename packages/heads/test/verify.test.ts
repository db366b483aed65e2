import { namedTensor, writeSafetensors } from "@convbert/converter";
import { InputError } from "@convbert/model";
import { beforeAll, describe, expect, it } from "vitest";
import { ConvBertForSequenceClassification, type FieldComparison, verifyCases } from "../src/index.js";

const TINY = {
  vocab_size: 31,
  hidden_size: 16,
  embedding_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  intermediate_size: 20,
  max_position_embeddings: 16,
  initializer_range: 0.4,
};

interface Values {
  data: Float32Array | Int32Array;
  shape: number[];
}
type Tensors = Record<string, Values>;

async function pack(tensors: Tensors, json?: string): Promise<Record<string, Blob | string>> {
  const parts: BlobPart[] = [];
  const list = Object.entries(tensors).map(([name, { data, shape }]) => namedTensor(name, data, shape));
  for await (const piece of writeSafetensors(list)) {
    parts.push(piece.slice());
  }
  return { "cases.safetensors": new Blob(parts), ...(json !== undefined && { "cases.json": json }) };
}

describe("verifyCases", () => {
  let model: ConvBertForSequenceClassification;
  let recorded: Tensors;

  beforeAll(async () => {
    model = await ConvBertForSequenceClassification.fromConfig(TINY, { seed: 9 });
    const input_ids = { data: Int32Array.of(3, 4, 5, 6), shape: [2, 2] };
    const labels = { data: Float32Array.of(0.5, 1, 0, 0.25), shape: [2, 2] };
    const outputs = await model.forward({ input_ids, labels, problem_type: "regression", output_hidden_states: true });
    // The mean of four squares: each logit's derivative is half of its error, a bias gets those of its column.
    const errors = outputs.logits.data.map((logit, index) => (logit - labels.data[index]!) / 2);
    const biasGradient = Float32Array.of(errors[0]! + errors[2]!, errors[1]! + errors[3]!);
    recorded = {
      "one/in/input_ids": input_ids,
      "one/in/labels": labels,
      "one/out/logits": { data: outputs.logits.data, shape: outputs.logits.shape },
      "one/out/loss": { data: Float32Array.of(outputs.loss!), shape: [] },
      "one/out/hidden_states.1": { data: outputs.hidden_states![1]!.data, shape: outputs.hidden_states![1]!.shape },
      "one/grad/classifier.out_proj.bias": { data: biasGradient, shape: [2] },
    };
    return () => model.dispose();
  });

  const json = '{"one": {"problem_type": "regression"}}';

  async function verify(change: (tensors: Tensors) => void, scalars: string | undefined = json) {
    const tensors = structuredClone(recorded);
    change(tensors);
    const results: FieldComparison[] = [];
    for await (const result of verifyCases(model, await pack(tensors, scalars))) {
      results.push(result);
    }
    return new Map(results.map((result) => [result.field, result]));
  }

  it("passes what was recorded, gradients included", async () => {
    const results = await verify(() => undefined);
    expect([...results].map(([field, { ok }]) => [field, ok]).sort()).toEqual([
      ["grad/classifier.out_proj.bias", true],
      ["hidden_states.1", true],
      ["logits", true],
      ["loss", true],
    ]);
  });

  it.each(["out/logits", "out/loss", "out/hidden_states.1", "grad/classifier.out_proj.bias"])(
    "fails when one value of %s is altered",
    async (tensor) => {
      const field = tensor.replace("out/", "");
      const results = await verify((tensors) => {
        const { data } = tensors[`one/${tensor}`]!;
        data[data.length - 1]! *= 1.001;
        data[data.length - 1]! += 1e-3;
      });
      expect(results.get(field)!.ok).toBe(false);
      expect(results.get(field)!.max_abs_diff).toBeGreaterThan(0);
      expect([...results.values()].filter(({ ok }) => ok === false)).toHaveLength(1);
    },
  );

  it.each([Number.NaN, Infinity, -Infinity])("fails when a value is %s", async (value) => {
    const results = await verify((tensors) => {
      tensors["one/out/logits"]!.data[1] = value;
    });
    expect(results.get("logits")).toMatchObject({ ok: false, max_abs_diff: Number.NaN });
    expect(results.get("logits")!.reason).toContain("at element 1");
    expect(results.get("logits")!.max_abs_expected).toBeLessThan(Infinity);
  });

  it("fails for a field that the model does not return, and for another shape", async () => {
    const results = await verify((tensors) => {
      tensors["one/out/start_logits"] = { data: Float32Array.of(1), shape: [1] };
      tensors["one/out/hidden_states.7"] = { data: Float32Array.of(1), shape: [1] };
      tensors["one/out/logits"]!.shape = [4, 1];
    });
    expect(results.get("start_logits")).toMatchObject({ ok: false, max_abs_diff: null });
    expect(results.get("hidden_states.7")).toMatchObject({ ok: false, max_abs_diff: null });
    expect(results.get("logits")).toMatchObject({ ok: false, reason: "shape [2, 2] instead of [4, 1]" });
  });

  it("takes the scalar arguments from cases.json", async () => {
    const results = await verify(() => undefined, '{"one": {"problem_type": "multi_label_classification"}}');
    expect(results.get("loss")!.ok).toBe(false);
  });

  it.each([
    ["{", "not valid JSON"],
    ["[]", "object of objects"],
    ['{"one": 3}', "object of objects"],
    ["null", "object of objects"],
  ])("answers %j as cases.json with one clear error", async (scalars, message) => {
    const answer = verify(() => undefined, scalars);
    await expect(answer).rejects.toThrow(InputError);
    await expect(answer).rejects.toThrow(new RegExp(`^cases.json: .*${message}`));
  });

  it.each([
    ["one/otu/logits", "is none of a case"],
    ["two/out/logits", '"two" lacks inputs'],
  ])("refuses a file with the tensor %s", async (name, message) => {
    const answer = verify((tensors) => {
      tensors[name] = { data: Float32Array.of(1), shape: [1] };
    });
    await expect(answer).rejects.toThrow(InputError);
    await expect(answer).rejects.toThrow(message);
  });

  it("refuses a file without cases", async () => {
    const answer = verify((tensors) => {
      for (const name of Object.keys(tensors)) {
        delete tensors[name];
      }
    });
    await expect(answer).rejects.toThrow("no cases");
  });
});
