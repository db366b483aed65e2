import { type Remote, wrap } from "comlink";
import type { Failure, Outcome, PlaygroundWorker } from "../worker/protocol.js";

/** The one worker that computes. */
export const worker: Remote<PlaygroundWorker> = wrap<PlaygroundWorker>(
  new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module", name: "convbert" }),
);

/** A request that failed, with words for the screen. */
export class RequestFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "RequestFailed";
    this.failure = failure;
  }
}

/** The value of an outcome. Throws RequestFailed. */
export async function settled<Value>(outcome: Promise<Outcome<Value>>): Promise<Value> {
  const settled = await outcome;
  if ("failure" in settled) throw new RequestFailed(settled.failure);
  return settled.value;
}

/** Words for whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestFailed) return error.failure;
  return { code: "failed", message: error instanceof Error ? error.message : String(error) };
}
