import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderHandler } from "./model-json.js";
import { classOf, FIXTURES, fixture, useBackend } from "./support.ts";

const script = fileURLToPath(new URL("fresh-process/load.mjs", import.meta.url));
const run = promisify(execFile);
const IDS = [
  [1, 2, 3, 4],
  [5, 6, 7, 0],
];
const CHOICES = [IDS, IDS.map((row) => row.toReversed())];

/** Labels for {@link IDS}, and the inputs where they are others. */
const BATCHES = {
  sequence: { labels: [0, 1] },
  regression: { labels: [0.5, -1] },
  token: {
    labels: [
      [0, 1, -100, 1],
      [1, 0, 0, -1],
    ],
  },
  "masked-lm": {
    labels: [
      [4, -100, -100, 3],
      [-100, 2, -100, -100],
    ],
  },
  span: { start_positions: [0, 2], end_positions: [1, 3] },
  choice: { input_ids: CHOICES, labels: [1, 0] },
} as const;

let server: Server;
let folder: string;

beforeAll(async () => {
  await useBackend("wasm");
  folder = await mkdtemp(join(tmpdir(), "convbert-tfjs-fresh-"));
  server = createServer(async ({ url = "/" }, response) => {
    response.end(await readFile(join(folder, url)).catch(() => ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

test.each(Object.entries(BATCHES))(
  "%s: model.json loads in a process of its own, and its training goes on",
  async (name, own) => {
    const config = {
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
      classifier_dropout: 0,
      summary_last_dropout: 0,
    };
    const Model = classOf(FIXTURES[name as keyof typeof FIXTURES]);
    const model = await Model.fromPretrained(fixture(name), { config });
    const { input_ids = IDS, ...labels } = own as { input_ids?: number[][]; labels?: number[] };
    model.compile({ optimizer: tf.train.adam(0.01) });
    await model.fit(input_ids, labels, { verbose: 0, shuffle: false, epochs: 2 });
    await model.save(folderHandler(join(folder, name)), { includeOptimizer: true });
    const expected = [model.predict(input_ids)].flat().map((tensor) => Array.from(tensor.dataSync()));

    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}/model.json`;
    const { stdout } = await run(process.execPath, [script, address, JSON.stringify({ input_ids, ...labels })]);
    const there = JSON.parse(stdout.trim().split("\n").at(-1)!);
    expect(there).toMatchObject({ className: model.getClassName(), name: model.name, outputs: expected });

    const steps: unknown[] = [];
    for (let step = 0; step < 2; step++) {
      const { history } = await model.fit(input_ids, labels, { verbose: 0, shuffle: false });
      steps.push(history["loss"]![0]);
    }
    expect(there.steps[0]).toBe(steps[0]);
    // TensorFlow.js's Adam saves its number of steps, and makes powers of its rates from it anew: they round otherwise.
    expect(Math.abs(there.steps[1] / (steps[1] as number) - 1)).toBeLessThan(1e-4);
    expect(Math.abs((steps[1] as number) / (steps[0] as number) - 1)).toBeGreaterThan(1e-2);
    model.dispose();
  },
);
