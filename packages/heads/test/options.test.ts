import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConvBertConfigInit, FloatArray } from "@convbert/model";
import { describe, expect, it } from "vitest";
import { type AnyConvBert, loadModel } from "../src/index.js";
import { keptRoot } from "./fixtures.js";

interface Recorded {
  readonly model: string;
  readonly config: ConvBertConfigInit;
  readonly inputs: Record<string, unknown>;
  readonly expected: Record<string, number | "NaN" | unknown[]>;
}

const recorded: Recorded[] = JSON.parse(readFileSync(join(keptRoot, "..", "head-options.json"), "utf8"));

/** The weights that a configuration adds, by the formula of tooling/reference/make_head_options.py. */
function fillNewWeights(model: AnyConvBert): void {
  const { missing, mismatched } = model.loadReport!;
  for (const name of [...missing, ...mismatched.map((entry) => entry.name)]) {
    const parameter = model.parameter(name)!;
    parameter.write(
      0,
      parameter.read().map((_, index) => Math.sin(index + 1) / 8),
    );
  }
}

describe.each(["reference", "wasm"] as const)("%s backend", (backend) => {
  it.each(recorded.map((row) => ({ ...row, title: `${row.model} ${JSON.stringify(row.config)} ${labelsOf(row)}` })))(
    "equals the reference: $title",
    async ({ model: folder, config, inputs, expected }) => {
      using model = await loadModel(join(keptRoot, folder), {
        backend,
        config,
        ignoreMismatchedSizes: true,
        allowNewHead: true,
        onWarning: () => undefined,
      });
      fillNewWeights(model);
      const outputs = (await model.forward(inputs as never)) as unknown as Record<string, FloatArray | number>;
      expect(Object.keys(outputs).sort()).toEqual(Object.keys(expected).sort());
      for (const [field, want] of Object.entries(expected)) {
        const got = outputs[field]!;
        if (typeof got === "number") {
          expect([field, got]).toEqual([field, want === "NaN" ? Number.NaN : expect.closeTo(want as number, 5)]);
        } else {
          const flat = (want as unknown[]).flat(4) as number[];
          expect(got.shape).toEqual(shapeOf(want));
          expect(flat.map((value, index) => Math.abs(value - got.data[index]!) < 1e-5)).not.toContain(false);
        }
      }
    },
  );
});

function labelsOf({ inputs: { labels, start_positions, end_positions } }: Recorded): string {
  return JSON.stringify(labels ?? [start_positions, end_positions]);
}

function shapeOf(list: unknown): number[] {
  return Array.isArray(list) ? [list.length, ...shapeOf(list[0])] : [];
}
