/** What makes V8 put neighbouring 128-bit instructions of WebAssembly together. */
const FLAG = "--experimental-wasm-revectorize";

let enabled = false;

/**
 * Lets WebAssembly compute in 256 bits where this engine can: x64 with AVX2, Node from 24. Products of float32 and of
 * int8 then take little more than half their time, and results stay the same bit for bit. It sets V8's experimental flag
 * `--experimental-wasm-revectorize`, which holds for all WebAssembly that the process compiles from then on, so call it
 * before the first model is loaded, and only where you trust an experimental pass of V8. Returns whether models loaded
 * from now on use it; false elsewhere, where nothing changes. Starting Node with the flag does the same.
 */
export async function enableWideVectors(): Promise<boolean> {
  if (!enabled && canRevectorize()) {
    const { setFlagsFromString } = await import("node:v8");
    setFlagsFromString(FLAG);
    enabled = true;
  }
  return usesWideVectors();
}

/** Whether WebAssembly of this process is compiled for 256 bits, as far as can be told. */
export function usesWideVectors(): boolean {
  return enabled || (canRevectorize() && globalThis.process.execArgv.includes(FLAG));
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
