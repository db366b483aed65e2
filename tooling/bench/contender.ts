import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Case, FloatArray } from "./cases.ts";

/** Arrays through the model, or texts through tokenizer, model and the mean over tokens. */
export type Task = "forward" | "sentences";

/** How to start a contender, which weights it takes, and how far from the reference it may be. */
export interface ContenderKind {
  readonly script: string;
  readonly flags?: readonly string[];
  /** Of Node. */
  readonly nodeFlags?: readonly string[];
  readonly tasks: readonly Task[];
  readonly dtype: "float32" | "int8" | "q8";
  /** Largest difference allowed, as a part of the largest expected value. */
  readonly tolerance: number;
  /** Whether texts run as one padded batch, which gives other numbers than each text alone. */
  readonly isPadded?: boolean;
}

const float32 = { dtype: "float32", tolerance: 1e-5 } as const;
const int8 = { dtype: "int8", tolerance: 0.05 } as const;
const q8 = { dtype: "q8", tolerance: 0.05 } as const;
const forward = { tasks: ["forward"] } as const;
const sentences = { tasks: ["sentences"] } as const;
const both = { tasks: ["forward", "sentences"] } as const;
/** Makes 256-bit instructions of pairs of 128-bit ones; off by default in V8. What it does for others is measured as well. */
const wide = { nodeFlags: ["--experimental-wasm-revectorize"] } as const;

/** q8 and int8 are transformers.js's names for two dynamic int8 exports; make_base_model.py tells their difference. */
export const contenderKinds: Readonly<Record<string, ContenderKind>> = {
  ours: { script: "ours.ts", ...both, ...float32 },
  "ours-int8": { script: "ours.ts", ...both, ...int8 },
  "ours-wide": { script: "ours.ts", ...wide, ...both, ...float32 },
  "ours-int8-wide": { script: "ours.ts", ...wide, ...both, ...int8 },
  "ort-web": { script: "onnxruntime-web.ts", ...forward, ...float32 },
  "ort-web-q8": { script: "onnxruntime-web.ts", ...forward, ...q8 },
  "ort-web-int8": { script: "onnxruntime-web.ts", ...forward, ...int8 },
  "ort-web-wide": { script: "onnxruntime-web.ts", ...wide, ...forward, ...float32 },
  "ort-web-int8-wide": { script: "onnxruntime-web.ts", ...wide, ...forward, ...int8 },
  "ort-node": { script: "onnxruntime-node.ts", ...forward, ...float32 },
  "ort-node-q8": { script: "onnxruntime-node.ts", ...forward, ...q8 },
  "ort-node-int8": { script: "onnxruntime-node.ts", ...forward, ...int8 },
  "ort-node-own": { script: "onnx-own.ts", ...forward, ...float32 },
  "ort-node-own-int8": { script: "onnx-own.ts", ...forward, ...int8 },
  "ort-web-own": { script: "onnx-own.ts", flags: ["--web"], ...forward, ...float32 },
  "ort-web-own-int8": { script: "onnx-own.ts", flags: ["--web"], ...forward, ...int8 },
  "tfjs-wasm": { script: "tfjs-wasm.ts", ...forward, ...float32 },
  "transformers-js": { script: "transformers-js.ts", ...sentences, ...float32, isPadded: true },
  "transformers-js-q8": { script: "transformers-js.ts", ...sentences, ...q8, isPadded: true },
  "transformers-js-own": { script: "transformers-js.ts", flags: ["--own"], ...sentences, ...float32, isPadded: true },
  "transformers-js-own-q8": { script: "transformers-js.ts", flags: ["--own"], ...sentences, ...q8, isPadded: true },
  "transformers-js-single": { script: "transformers-js.ts", flags: ["--single"], ...sentences, ...float32 },
  pytorch: { script: "pytorch.py", ...both, ...float32 },
};

/**
 * A contender in a process of its own, so that one runtime's threads and heap do not disturb another.
 * It reads one JSON request a line on stdin and answers each with one JSON line on stdout; see contenders/serve.ts.
 */
export class Contender {
  readonly name: string;
  readonly kind: ContenderKind;
  readonly #process: ChildProcess;
  #pending: { resolve: (reply: unknown) => void; reject: (error: Error) => void } | undefined;

  constructor(name: string, kind: ContenderKind, { python, nodeFlags }: { python: string; nodeFlags: string[] }) {
    const flags = kind.flags ?? [];
    const script = fileURLToPath(new URL(`./contenders/${kind.script}`, import.meta.url));
    this.name = name;
    this.kind = kind;
    this.#process = script.endsWith(".py")
      ? spawn(python, [script, ...flags], { stdio: ["pipe", "pipe", "inherit"] })
      : spawn(process.execPath, [...nodeFlags, ...(kind.nodeFlags ?? []), script, ...flags], {
          stdio: ["pipe", "pipe", "inherit"],
        });
    this.#process.on("error", (error) => this.#fail(error));
    this.#process.on("exit", (code, signal) => this.#fail(new Error(`ended with ${signal ?? `code ${code}`}`)));
    this.#process.stdin!.on("error", () => {}); // the exit that follows tells more than EPIPE
    createInterface({ input: this.#process.stdout! }).on("line", (line) => this.#receive(line));
  }

  load(model: string, threads: number, task: Task): Promise<{ version: string; loadMs: number; peakBytes: number }> {
    return this.#ask({ op: "load", model, threads, task, dtype: this.kind.dtype });
  }

  /** Take the inputs of a workload, run it once and give the output. */
  async prepare(inputs: Case["inputs"]): Promise<FloatArray> {
    const reply = await this.#ask<{ output: string; shape: number[] }>({ op: "prepare", inputs });
    return { data: new Float32Array(new Uint8Array(Buffer.from(reply.output, "base64")).buffer), shape: reply.shape };
  }

  /** Time one run of the prepared workload. */
  run(): Promise<{ ms: number; peakBytes: number }> {
    return this.#ask({ op: "run" });
  }

  stop(): void {
    this.#process.removeAllListeners("exit");
    this.#process.stdin!.end();
  }

  #ask<Reply>(request: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve: (reply) => resolve(reply as Reply), reject };
      const { exitCode, signalCode } = this.#process;
      if (exitCode !== null || signalCode !== null)
        this.#fail(new Error(`ended with ${signalCode ?? `code ${exitCode}`}`));
      else this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    });
  }

  #receive(line: string): void {
    if (!line.startsWith("{")) {
      console.error(`[${this.name}] ${line}`); // a library that logs on stdout
      return;
    }
    const reply = JSON.parse(line) as { error?: string };
    if (reply.error !== undefined) this.#fail(new Error(reply.error));
    else this.#pending?.resolve(reply);
  }

  #fail(error: Error): void {
    this.#pending?.reject(new Error(`${this.name}: ${error.message}`, { cause: error }));
  }
}
