/** What makes V8 put neighbouring 128-bit instructions of WebAssembly together. */
const FLAG = "--experimental-wasm-revectorize";
const WITHOUT = "--no-experimental-wasm-revectorize";

/** Unknown: what Node's command line says holds. */
let state: "unknown" | "on" | "refused" = "unknown";
let pending: Promise<void> | undefined;

/** How {@link enableWideVectors} goes about it. */
export interface WideVectorsOptions {
  /**
   * Compares products of wide tiles with those of the usual ones bit for bit before they are used, which takes some
   * milliseconds. Where a bit differs they stay off, and `Backend.description` says so.
   */
  readonly check?: boolean;
}

/**
 * Lets WebAssembly compute in 256 bits where this engine can: x64 with AVX2, Node from 24. Products of float32 and of
 * int8 then take little more than half their time, and results stay the same bit for bit. It sets V8's experimental flag
 * `--experimental-wasm-revectorize`, which holds for all WebAssembly that the process compiles from then on, so call it
 * before the first model is loaded, and only where you trust an experimental pass of V8. Starting Node with the flag does
 * the same.
 * @returns whether models loaded from now on use it; false elsewhere, where nothing changes.
 */
export async function enableWideVectors({ check = false }: WideVectorsOptions = {}): Promise<boolean> {
  if (state !== "on" && canRevectorize()) {
    pending ??= turnOn(check).finally(() => {
      pending = undefined;
    });
    await pending;
  }
  return usesWideVectors();
}

async function turnOn(check: boolean): Promise<void> {
  if (!(await hasAvx2())) {
    return;
  }
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString(FLAG);
  if (check) {
    const { wideTilesAgree } = await import("./kernels/wasm/wide-check.js");
    const agree = await wideTilesAgree((on) => setFlagsFromString(on ? "--no-liftoff" : "--liftoff"));
    if (agree !== true) {
      setFlagsFromString(WITHOUT);
      state = agree === false ? "refused" : "unknown";
      return;
    }
  }
  state = "on";
}

/** Whether the processor has vectors of 256 bits for integers as well; true where the system does not tell. */
async function hasAvx2(): Promise<boolean> {
  const { platform, execArgv } = globalThis.process;
  if (execArgv.some((flag) => /^--no-enable[-_]avx2?$/.test(flag))) {
    return false;
  }
  if (platform !== "linux") {
    return true;
  }
  try {
    const { readFile } = await import("node:fs/promises");
    const flags = /^flags\s*:(.*)$/m.exec(await readFile("/proc/cpuinfo", "utf8"))?.[1];
    return flags === undefined || flags.split(" ").includes("avx2");
  } catch {
    // A container may hide it.
    return true;
  }
}

/** Whether WebAssembly of this process is compiled for 256 bits, as far as can be told. */
export function usesWideVectors(): boolean {
  if (state === "unknown") {
    return canRevectorize() && globalThis.process.execArgv.includes(FLAG);
  }
  return state === "on";
}

/** What a backend has to say about vectors that are off although they were wanted. */
export function wideVectorsRemark(): string {
  return state === "refused" ? " (256-bit vectors gave other results and are off)" : "";
}

/**
 * Only Node's own V8 on x64; Bun and Deno call themselves Node as well. The pass of version 12, in Node 22, leaves wide
 * tiles at 128 bits, where they are slower than the usual ones.
 */
function canRevectorize(): boolean {
  const { process } = globalThis as { process?: Partial<NodeJS.Process> };
  const { node, v8, bun, deno } = (process?.versions ?? {}) as Record<string, string | undefined>;
  return (
    node !== undefined &&
    bun === undefined &&
    deno === undefined &&
    process?.arch === "x64" &&
    Number.parseInt(v8!, 10) >= 13
  );
}
