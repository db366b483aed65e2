import { createInterface } from "node:readline";
import type { PlainArray } from "../cases.ts";

export interface LoadRequest {
  readonly model: string;
  readonly threads: number;
  readonly dtype: string;
}

export interface Engine {
  /** Name and version, for people. */
  readonly version: string;
  /** Convert the inputs to what the engine takes, and give the call to be timed. */
  prepare(inputs: Record<string, PlainArray>): () => Promise<{ data: Float32Array; shape: readonly number[] }>;
}

/** Answer the requests of ../contender.ts until stdin ends. Loading includes the import of the engine's library. */
export async function serve(load: (request: LoadRequest) => Promise<Engine>): Promise<void> {
  let engine: Engine | undefined;
  let run: ReturnType<Engine["prepare"]> | undefined;
  const peakBytes = () => process.resourceUsage().maxRSS * 1024;

  const answer = async (request: { op: string; inputs: Record<string, PlainArray> } & LoadRequest) => {
    const start = performance.now();
    if (request.op === "load") {
      engine = await load(request);
      return { version: engine.version, loadMs: performance.now() - start, peakBytes: peakBytes() };
    }
    if (request.op === "prepare") {
      run = engine!.prepare(request.inputs);
      const { data, shape } = await run();
      return { output: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"), shape };
    }
    await run!();
    return { ms: performance.now() - start, peakBytes: peakBytes() };
  };

  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(JSON.parse(line)).catch((error) => ({ error: String(error?.message ?? error) }));
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  process.exit(); // worker threads of a runtime must not keep it alive
}
