import { wrap } from "comlink";
import { job } from "../jobs.js";
import { settled } from "../outcome.js";
import type { Measured, ModelRef, RuntimeSetting, TaskInput, TaskName } from "../protocol.js";
import { share } from "../sources.js";
import type { Bench } from "./bench.js";

/**
 * Measures one setting in a worker of its own, which ends with it: a runtime that has once been given its threads cannot be
 * given others, and what one holds in memory does not slow the next one down.
 */
export function measure(task: TaskName, model: ModelRef, input: TaskInput, setting: RuntimeSetting): Promise<Measured> {
  return job("measure", async (signal) => {
    const worker = new Worker(new URL("./bench.ts", import.meta.url), { type: "module", name: "convbert-measure" });
    signal.addEventListener("abort", () => worker.terminate());
    const failed = new Promise<never>((_, reject) => {
      worker.addEventListener("error", ({ message }) =>
        reject(new Error(message || "The runtime could not be started.")),
      );
    });
    try {
      return await Promise.race([settled(wrap<Bench>(worker).run(task, share(model), input, setting)), failed]);
    } finally {
      worker.terminate();
    }
  });
}
