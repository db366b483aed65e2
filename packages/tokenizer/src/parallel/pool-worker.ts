import { hasNode } from "@convbert/files/internal";
import { TokenizerError, type TokenizerErrorCode } from "../errors.js";
import { type Job, READY, type Reply } from "./protocol.js";

/** A worker that cannot start, or ended by itself: the work has to be done elsewhere. */
export class WorkerGone extends Error {}

/** A worker of Node's or of the web, whichever there is. */
export class PoolWorker {
  readonly #post: (message: unknown) => void;
  readonly #pending = new Map<number, { resolve: (reply: Reply) => void; reject: (error: unknown) => void }>();
  #next = 0;
  #error: WorkerGone | undefined;
  /** Ends the worker. */
  readonly end: () => void;
  /** Whether the process has to stay for it. */
  readonly #hold: (on: boolean) => void;

  private constructor(post: (message: unknown) => void, end: () => void, hold: (on: boolean) => void) {
    this.#post = post;
    this.end = end;
    this.#hold = hold;
  }

  /**
   * @param url of the worker's script, this package's `worker.js` unless given.
   * @returns a worker whose tokenizer is loaded.
   * @throws WorkerGone where there are no workers, or the script is not there.
   */
  static async start(files: Readonly<Record<string, string>>, url: URL | string | undefined): Promise<PoolWorker> {
    let worker: PoolWorker;
    try {
      worker = hasNode() ? await PoolWorker.#startInNode(url) : PoolWorker.#startOnWeb(url);
    } catch (error) {
      throw new WorkerGone(`no worker can be made: ${(error as Error).message}`, { cause: error });
    }
    try {
      await worker.#ask(READY, { files }, undefined);
    } catch (error) {
      worker.end();
      throw error;
    }
    return worker;
  }

  static async #startInNode(url: URL | string | undefined): Promise<PoolWorker> {
    const { Worker: NodeWorker } = await import("node:worker_threads");
    const { execArgv } = await import("node:process");
    const script = new URL(url ?? "./worker.js", import.meta.url);
    const start = (flags?: readonly string[]) => new NodeWorker(script, flags && { execArgv: [...flags] });
    let thread: ReturnType<typeof start>;
    try {
      // One flag of the process is about a script on the command line, and not for workers.
      const flags = execArgv.filter((flag) => !flag.startsWith("--input-type"));
      thread = start(flags.length < execArgv.length ? flags : undefined);
    } catch (error) {
      // Of those that are named, only some may be; the rest, such as --max-old-space-size, hold for the whole process.
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "ERR_WORKER_INVALID_EXEC_ARGV") throw error;
      thread = start(execArgv.filter((flag) => !flag.startsWith("--input-type") && !message.includes(flag)));
    }
    const worker = new PoolWorker(
      (message) => thread.postMessage(message),
      () => void thread.terminate(),
      // A script must be able to end while workers wait.
      (on) => (on ? thread.ref() : thread.unref()),
    );
    thread.on("message", (reply: Reply) => worker.#settle(reply));
    thread.on("error", (error) => worker.#fail(error.message));
    thread.on("exit", (code) => worker.#fail(`a worker ended with code ${code}`));
    return worker;
  }

  static #startOnWeb(url: URL | string | undefined): PoolWorker {
    // Written out, because bundlers look for just these words.
    const thread = url
      ? new Worker(url, { type: "module" })
      : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const worker = new PoolWorker(
      (message) => thread.postMessage(message),
      () => thread.terminate(),
      () => {},
    );
    thread.addEventListener("message", (event: MessageEvent<Reply>) => worker.#settle(event.data));
    thread.addEventListener("error", (event) => worker.#fail(event.message || "a worker's script did not load"));
    return worker;
  }

  /** @throws the worker's TokenizerError, the signal's reason, or a WorkerGone. */
  run(job: Omit<Job, "id">, signal: AbortSignal | undefined): Promise<Reply> {
    const id = this.#next++;
    return this.#ask(id, { ...job, id }, signal);
  }

  async #ask(id: number, message: unknown, signal: AbortSignal | undefined): Promise<Reply> {
    signal?.throwIfAborted();
    if (this.#error) throw this.#error;
    const reply = new Promise<Reply>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    const abort = (): void => this.#finish(id)?.reject(signal!.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#hold(true);
    this.#post(message);
    try {
      return await reply;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #settle(reply: Reply): void {
    const pending = this.#finish(reply.id);
    const { error } = reply;
    if (error) pending?.reject(new TokenizerError(error.code as TokenizerErrorCode, error.message, error.details));
    else pending?.resolve(reply);
  }

  #fail(message: string): void {
    this.#error ??= new WorkerGone(message);
    for (const id of [...this.#pending.keys()]) this.#finish(id)?.reject(this.#error);
  }

  #finish(id: number) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#hold(false);
    return pending;
  }
}
