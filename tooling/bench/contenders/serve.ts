import { createInterface } from "node:readline";
import type { Case, PlainArray } from "../cases.ts";

export interface LoadRequest {
  readonly model: string;
  readonly threads: number;
  readonly dtype: string;
  /** "forward" runs arrays through the model, "sentences" texts through tokenizer, model and the mean over tokens. */
  readonly task: "forward" | "sentences";
}

export interface Output {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

export interface Engine {
  /** Name and version, for people. */
  readonly version: string;
  /** Convert the arrays to what the engine takes, and give the call to be timed. */
  prepare?(inputs: Record<string, PlainArray>): () => Promise<Output>;
  /** The call to be timed gives a row for each text. */
  prepareTexts?(texts: readonly string[]): () => Promise<Output>;
}

/** The request that is timed is "run"; "load" includes the import of the engine's library. */
type Request = ({ op: "load" } & LoadRequest) | { op: "prepare"; inputs: Case["inputs"] } | { op: "run" };

/** Answer the requests of ../contender.ts until stdin ends. */
export async function serve(load: (request: LoadRequest) => Promise<Engine>): Promise<void> {
  let engine: Engine | undefined;
  let run: (() => Promise<Output>) | undefined;
  const peakBytes = () => process.resourceUsage().maxRSS * 1024;

  const answer = async (request: Request) => {
    const start = performance.now();
    if (request.op === "load") {
      engine = await load(request);
      return { version: engine.version, loadMs: performance.now() - start, peakBytes: peakBytes() };
    }
    if (request.op === "prepare") {
      const { inputs } = request;
      run = "texts" in inputs ? engine!.prepareTexts!(inputs.texts) : engine!.prepare!(inputs.arrays);
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

/** Rows below each other. */
export function stack(rows: readonly ArrayLike<number>[]): Output {
  const size = rows[0]!.length;
  const data = new Float32Array(rows.length * size);
  for (const [i, row] of rows.entries()) data.set(row, i * size);
  return { data, shape: [rows.length, size] };
}
