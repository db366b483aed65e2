import { type Remote, wrap } from "comlink";
import type { Failure, Outcome, PlaygroundWorker } from "../worker/protocol.js";

/** A request that failed, with words for the screen. */
export class RequestFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = "RequestFailed";
    this.failure = failure;
  }
}

interface Running {
  readonly remote: Remote<PlaygroundWorker>;
  /** Rejects when the worker is no more. */
  readonly ended: Promise<never>;
  end(): void;
}

let running: Running | null = null;
let count = 0;

function start(): Running {
  count++;
  const name = `convbert-${count}-${crypto.randomUUID()}`;
  const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module", name });
  const remote = wrap<PlaygroundWorker>(worker);
  const ended = new Promise<never>((_, reject) => {
    const end = (message: string) => {
      if (running?.remote === remote) running = null;
      worker.terminate();
      reject(new RequestFailed({ code: "worker-ended", message }));
    };
    worker.addEventListener("error", ({ message }) =>
      end(`What computes in this page could not go on${message ? `: ${message}` : ", or could not be loaded."}`),
    );
    // A worker that the browser ends, for want of memory for instance, says nothing: but what it has locked comes free.
    navigator.locks &&
      remote.holdLock(name).then(
        () =>
          navigator.locks.request(name, () =>
            end("The browser has ended what computes in this page, perhaps for want of memory."),
          ),
        () => undefined,
      );
  });
  ended.catch(() => undefined);
  const end = () => {
    running = null;
    worker.terminate();
  };
  return { remote, ended, end };
}

function call(method: keyof PlaygroundWorker, request: readonly unknown[]): Promise<unknown> {
  running ??= start();
  const { remote, ended } = running;
  const ask = remote[method] as (...request: readonly unknown[]) => Promise<unknown>;
  return Promise.race([ask(...request), ended]);
}

/** The one worker that computes; another is started where it has ended. */
export const worker = new Proxy({} as Remote<PlaygroundWorker>, {
  get:
    (_, method) =>
    (...request: unknown[]) =>
      call(method as keyof PlaygroundWorker, request),
});

/** Ends what the worker does under that name, where it does something. */
export function stop(job: string): void {
  // With the worker its work has ended as well.
  running?.remote.stop(job).catch(() => undefined);
}

/** The value of an outcome. Throws RequestFailed. */
export async function settled<Value>(outcome: Promise<Outcome<Value>>): Promise<Value> {
  const settled = await outcome;
  if ("failure" in settled) {
    // A worker asks for a script that did not come once only.
    if (settled.failure.code === "code-missing") running?.end();
    throw new RequestFailed(settled.failure);
  }
  return settled.value;
}

/** Words for whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestFailed) return error.failure;
  return { code: "failed", message: error instanceof Error ? error.message : String(error) };
}
