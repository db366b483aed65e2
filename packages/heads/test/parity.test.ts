import { describe, expect, it } from "vitest";
import { type AnyConvBert, loadModel, verifyCases } from "../src/index.js";
import { goldenModels } from "./fixtures.js";

async function expectParity(model: AnyConvBert, head: string, folder: string): Promise<void> {
  expect(model.modelName).toBe(head);
  expect(model.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
  let compared = 0;
  for await (const result of verifyCases(model, folder)) {
    expect(result).toMatchObject({ ok: true });
    compared++;
  }
  expect(compared).toBeGreaterThan(10);
}

describe.each(["reference", "wasm"] as const)("%s backend", (backend) => {
  it.each(goldenModels())("equals the reference on every case of $variant/$head", async ({ folder, head }) => {
    using model = await loadModel(folder, { backend });
    await expectParity(model, head, folder);
  });
});

describe("pytorch_model.bin", () => {
  it.each(goldenModels(undefined, "pytorch_model.bin"))(
    "equals the reference on every case of $variant/$head",
    async ({ folder, head }) => {
      using model = await loadModel(folder, { useSafetensors: false });
      await expectParity(model, head, folder);
    },
  );
});
