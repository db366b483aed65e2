import type { FileSet } from "@convbert/files";
import type { ModelName } from "@convbert/heads";
import type { RuntimeSetting } from "../protocol.js";

/** A loaded model, ready to run the same tokens again and again. */
export interface Ready extends Disposable {
  /** What runs, in words. */
  readonly backend: string;
  /** Runs once and gives the first output's numbers. */
  run(inputIds: number[][] | number[][][]): Promise<Float32Array>;
}

/** Loads a model of that class on a runtime. */
export type Prepare = (files: FileSet, name: ModelName, setting: RuntimeSetting) => Promise<Ready>;

/** Numbers of the first output that is an array. */
export function firstOutput(outputs: object): Float32Array {
  for (const output of Object.values(outputs)) {
    const { data } = (output ?? {}) as { data?: unknown };
    if (data instanceof Float32Array) return Float32Array.from(data);
  }
  throw new Error("The model has given no numbers.");
}
