import { existsSync, readdirSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { sharedFolder } from "../../../tooling/config/machine.ts";
import { casesOf, classOf, difference, fieldOf, readRecordings, useBackend } from "./support.ts";

const root = sharedFolder("fixtures/models");

describe.runIf(root !== undefined)("every recorded case of the reference's TensorFlow models", () => {
  const folders = (root === undefined ? [] : readdirSync(root)).flatMap((variant) =>
    readdirSync(`${root}${variant}`).flatMap((head) =>
      existsSync(`${root}${variant}/${head}/tf_cases.safetensors`) ? [[`${variant}/${head}`, head] as const] : [],
    ),
  );

  test.each(["cpu", "wasm"] as const)("on %s, from PyTorch's weights", async (backend) => {
    await useBackend(backend);
    const worst: [string, number][] = [];
    for (const [path, head] of folders) {
      const folder = `${root}${path}`;
      const model = await classOf(head).fromPretrained(folder, { useSafetensors: false });
      for (const [title, recorded] of casesOf(await readRecordings(folder, "tf_cases.safetensors"))) {
        const got = model.forward({ ...recorded.in, output_attentions: true, output_hidden_states: true });
        for (const [field, expected] of Object.entries(recorded.out)) {
          worst.push([`${path} ${title} ${field}`, difference(fieldOf(got, field), expected)]);
        }
        tf.dispose(Object.values(got).flat());
      }
      model.dispose();
    }
    expect(worst.length).toBeGreaterThan(300);
    expect(worst.filter(([, distance]) => !(distance <= 1e-5))).toEqual([]);
  });

  // The reference's TensorFlow code knows a ratio of 2 alone; PyTorch's has recorded these.
  test.each(["head-ratio-1", "head-ratio-4", "head-ratio-above-heads", "silu-one-layer"])("%s", async (variant) => {
    await useBackend("wasm");
    const folder = `${root}${variant}/ConvBertModel`;
    const model = await classOf("ConvBertModel").fromPretrained(folder);
    const cases = casesOf(await readRecordings(folder, "cases.safetensors"));
    for (const title of ["single", "token-types", "inputs-embeds", "padded"]) {
      const { last_hidden_state } = model.forward(cases.get(title)!.in);
      expect(difference(last_hidden_state, cases.get(title)!.out["last_hidden_state"]!)).toBeLessThan(1e-5);
    }
    model.dispose();
  });
});
