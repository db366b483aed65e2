import { describe, expect, it } from "vitest";
import { loadModel, verifyCases } from "../src/index.js";
import { goldenModels } from "./fixtures.js";

describe.each(["reference", "wasm"] as const)("%s backend", (backend) => {
  it.each(goldenModels())("equals the reference on every case of $variant/$head", async ({ folder, head }) => {
    using model = await loadModel(folder, { backend });
    expect(model.constructor.name).toBe(head);
    expect(model.loadReport).toEqual({ missing: [], unexpected: [], mismatched: [] });
    let compared = 0;
    for await (const result of verifyCases(model, folder)) {
      if (result.ok !== null) {
        expect(result).toMatchObject({ ok: true });
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(10);
  });
});
