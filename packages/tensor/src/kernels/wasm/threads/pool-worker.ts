import { hasNode } from "../../../platform.js";
import { WORKER_SOURCE } from "../../generated/worker.js";
import type { WorkerSetup } from "./worker.js";

/** The part of Node's and the web's workers that the pool uses. */
export interface PoolWorker {
  /** Resolves when the worker waits for jobs; rejects when it could not start. */
  readonly ready: Promise<void>;
  terminate(): void;
}

/** Starts a worker of Node's or of the web, whichever there is. It keeps no process alive once it is ready. */
export async function startWorker(setup: WorkerSetup): Promise<PoolWorker> {
  return hasNode() ? startInNode(setup) : startOnWeb(setup);
}

async function startInNode(setup: WorkerSetup): Promise<PoolWorker> {
  const { Worker } = await import("node:worker_threads");
  const worker = new Worker(WORKER_SOURCE, { eval: true, workerData: setup, name: "convbert" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("the worker ended")));
  });
  // From the start it must not keep the process alive, but until it is ready the start itself has to.
  ready.then(
    () => worker.unref(),
    () => undefined,
  );
  return { ready, terminate: () => void worker.terminate() };
}

async function startOnWeb(setup: WorkerSetup): Promise<PoolWorker> {
  const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "convbert" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => reject(new Error(event.message));
  }).finally(() => URL.revokeObjectURL(url));
  worker.postMessage(setup);
  return { ready, terminate: () => worker.terminate() };
}
