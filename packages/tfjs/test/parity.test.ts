import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { casesOf, classOf, difference, FIXTURES, fieldOf, fixture, readRecordings, useBackend } from "./support.ts";

/** Some gradients are zero but for rounding: they are compared relative to this part of the case's largest one. */
const CANCELLING = 0.1;

describe.each(["cpu", "wasm"] as const)("the reference's TensorFlow models on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(Object.entries(FIXTURES))("%s: outputs, losses, hidden states and gradients", async (name, head) => {
    const folder = fixture(name);
    const distances: [string, number][] = [];
    for (const [title, recorded] of casesOf(await readRecordings(folder, "cases.safetensors"))) {
      if (title === "fit") {
        continue;
      }
      const config = { tf_legacy_loss: title.startsWith("legacy") };
      const model = await classOf(head).fromPretrained(folder, { config });
      const got = model.forward({ ...recorded.in, output_attentions: true, output_hidden_states: true });
      for (const [field, expected] of Object.entries(recorded.out)) {
        distances.push([`${title} ${field}`, difference(fieldOf(got, field), expected)]);
      }
      if (Object.keys(recorded.grad).length > 0) {
        const { grads } = tf.variableGrads(() => {
          const outputs = model.forward({ ...recorded.in }) as unknown as Record<string, tf.Tensor>;
          return tf.mean(outputs["loss"] ?? tf.square(outputs["last_hidden_state"]!)) as tf.Scalar;
        });
        const sizes = Object.values(recorded.grad).map(({ data }) => Math.max(...Array.from(data, Math.abs)));
        const floor = CANCELLING * Math.max(...sizes);
        const names = model.weights.map(({ originalName }) => originalName);
        expect(names.toSorted()).toEqual(Object.keys(recorded.grad).toSorted());
        for (const weight of model.weights) {
          const gradient = grads[weight.name]!;
          distances.push([
            `${title} grad ${weight.originalName}`,
            difference(gradient, recorded.grad[weight.originalName]!, floor),
          ]);
        }
      }
      model.dispose();
    }
    expect(distances.length).toBeGreaterThan(10);
    expect(distances.filter(([, distance]) => !(distance <= 1e-5))).toEqual([]);
  });
});
