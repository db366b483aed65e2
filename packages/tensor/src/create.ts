import type { Backend } from "./backend.js";
import { defaultThreads } from "./default-threads.js";
import { BackendError } from "./errors.js";
import { ReferenceBackend } from "./kernels/reference/backend.js";
import { usesWideVectors, wideVectorsRemark } from "./wide-vectors.js";

/** A backend's name: one that is here, or one that was registered. */
export type BackendName = "wasm" | "reference" | (string & {});

/** Which backend, and how it runs. */
export interface BackendOptions {
  /**
   * `wasm` (the default) falls back to `reference` where WebAssembly is forbidden or lacks SIMD. Others go by the name that
   * {@link registerBackend} was given.
   */
  readonly backend?: BackendName;
  /**
   * Threads that compute together; for `wasm` only. By default the environment variable `CONVBERT_THREADS`, else the
   * physical cores, at most 8. Results are the same bit for bit, work too small to share stays on one thread, and waiting
   * threads keep no process alive. In a page more than one needs cross-origin isolation; `Backend.description` says
   * what is running.
   */
  readonly threads?: number;
  /**
   * Whether products are laid out for 256-bit vectors: faster by far where V8's revectorizer makes them, slower where it
   * does not, the same numbers in either case. By default true where `enableWideVectors` or Node's command line turned
   * it on; say it where that cannot be told, as in Chromium and Deno started with V8's flag.
   */
  readonly wideVectors?: boolean;
  /**
   * Bits that the inputs of int8 products keep. By default as many as this processor's fastest product has: 8 on Arm and on
   * x64 with VNNI, else 7 (`Backend.description` says so). With 7 or 8 every processor gives the same sums; where 8 are not
   * the default, products take about twice the time.
   */
  readonly activationBits?: 7 | 8;
}

/** Makes a backend of its kind. Throws BackendError where it cannot, or for options that it does not take. */
export type BackendFactory = (options: BackendOptions) => Backend | Promise<Backend>;

const factories = new Map<string, BackendFactory>([
  ["wasm", createWasm],
  ["reference", ({ activationBits }) => new ReferenceBackend(activationBits)],
]);

/** More threads than any machine gains from. */
const MOST_THREADS = 256;

const shared = new Map<string, Promise<Backend>>();

/**
 * Makes a further backend known: from then on `{ backend: name }` means it, in {@link createBackend} and wherever a model is
 * loaded. `Backend` is what it implements; the reference backend defines each kernel.
 * @throws BackendError for a name that another factory has.
 */
export function registerBackend(name: string, factory: BackendFactory): void {
  if ((factories.get(name) ?? factory) !== factory) {
    throw new BackendError("registerBackend", `there is a backend "${name}" already; give this one another name`);
  }
  factories.set(name, factory);
}

/** A new backend of its own; most callers want {@link sharedBackend}. */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const { backend: name = "wasm", activationBits } = options;
  const factory = factories.get(name);
  if (factory === undefined) {
    const known = [...factories.keys()].map((one) => `"${one}"`).join(", ");
    throw new BackendError("createBackend", `there is no backend "${String(name)}"; known are ${known}`);
  }
  if (activationBits !== undefined && activationBits !== 7 && activationBits !== 8) {
    throw new BackendError("createBackend", `activationBits is ${String(activationBits)}; give 7 or 8`);
  }
  checkThreads(options.threads);
  return factory(options);
}

/** The backend that all models with the same options share, made at first use. */
export async function sharedBackend(options: BackendOptions = {}): Promise<Backend> {
  const threads = await threadCount(options);
  const key = `${options.backend ?? "wasm"} ${threads} ${options.wideVectors ?? usesWideVectors()} ${options.activationBits}`;
  let backend = shared.get(key);
  if (backend === undefined) {
    backend = createBackend(options);
    shared.set(key, backend);
    backend.catch(() => shared.delete(key));
  }
  return backend;
}

async function createWasm(options: BackendOptions): Promise<Backend> {
  const { activationBits, wideVectors = usesWideVectors() } = options;
  const { createWasmBackend } = await import("./kernels/wasm/create.js");
  const required = options.threads !== undefined;
  const remark = options.wideVectors === undefined ? wideVectorsRemark() : "";
  const choice = { wideVectors, required, remark, ...(activationBits !== undefined && { activationBits }) };
  const backend = await createWasmBackend(await threadCount(options), choice);
  return backend ?? createBackend({ ...options, backend: "reference" });
}

/** Those that were asked for, or what this machine has. */
async function threadCount({ threads }: BackendOptions): Promise<number> {
  checkThreads(threads);
  return threads ?? defaultThreads();
}

function checkThreads(threads: number | undefined): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new BackendError(
      "createBackend",
      `threads is ${String(threads)}; give a whole number from 1 to ${MOST_THREADS}`,
    );
  }
}
