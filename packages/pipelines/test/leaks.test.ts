import { fileURLToPath } from "node:url";
import { ConvBertModel } from "@convbert/model";
import { expect, test } from "vitest";
import { PIPELINE_TASKS, type PipelineTask, pipeline } from "../src/index.js";

/** The model of each task, and inputs of several lengths with what follows them. */
const CASES: Readonly<Record<PipelineTask, { folder: string; inputs: unknown[]; rest?: unknown[] }>> = {
  "text-classification": { folder: "multi-label", inputs: ["a film", "the queen of the north wrote a fine book"] },
  "token-classification": { folder: "entities", inputs: ["anna lives in paris", "x"] },
  "question-answering": {
    folder: "question-answering",
    inputs: [
      { question: "who?", context: "anna painted the museum" },
      { question: "where is it?", context: "paris" },
    ],
  },
  "fill-mask": { folder: "masked", inputs: ["the [MASK] of the north", "[MASK] lives in [MASK]"] },
  "multiple-choice": { folder: "choices", inputs: [{ prompt: "the king", choices: ["lives", "wrote a book"] }] },
  "feature-extraction": { folder: "base", inputs: ["a film", "", "the queen of the north"] },
  "sentence-similarity": {
    folder: "base",
    inputs: [{ source_sentence: "a film", sentences: ["the queen of the north", "a book"] }],
  },
  "zero-shot-classification": { folder: "entailment", inputs: ["a film", "x"], rest: ["music,food"] },
};

type Call = ((input: unknown, ...rest: unknown[]) => Promise<unknown>) & {
  stream(inputs: unknown, ...rest: unknown[]): AsyncIterable<unknown>;
};

test.each(PIPELINE_TASKS)("%s takes no more memory call after call, and gives all of it back", async (task) => {
  const { folder, inputs, rest = [] } = CASES[task];
  // All models share one backend; this one only shows it.
  using other = await ConvBertModel.fromPretrained(fileURLToPath(new URL("fixtures/base/", import.meta.url)));
  const { backend } = other;
  const before = backend.memory();
  {
    using made = await pipeline(task, fileURLToPath(new URL(`fixtures/${folder}/`, import.meta.url)));
    const run = made as unknown as Call;
    const round = async () => {
      await run(inputs, ...rest);
      for (const input of inputs) await run(input, ...rest);
      for await (const _ of run.stream(inputs, ...rest)) break;
      await expect(run([...inputs, 7], ...rest)).rejects.toThrow();
      await expect(run(inputs, ...rest, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    };
    await round();
    const warm = backend.memory();
    for (let i = 0; i < 25; i++) await round();
    const { liveBlocks, liveBytes, reservedBytes } = backend.memory();
    expect({ liveBlocks, liveBytes, reservedBytes }).toEqual({
      liveBlocks: warm.liveBlocks,
      liveBytes: warm.liveBytes,
      reservedBytes: warm.reservedBytes,
    });
    made.dispose();
    made.dispose();
    await expect(run(inputs, ...rest)).rejects.toThrow(/disposed/);
  }
  const { liveBlocks, liveBytes } = backend.memory();
  expect([liveBlocks, liveBytes]).toEqual([before.liveBlocks, before.liveBytes]);
});
