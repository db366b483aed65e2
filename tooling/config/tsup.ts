import type { Options } from "tsup";

/**
 * One build for every package: ES modules only. Node 20.19 and newer can `require` them, and a single format
 * keeps one WebAssembly memory and one class identity per process.
 */
export function library(entry: Record<string, string>, overrides: Options = {}): Options {
  return {
    entry,
    format: "esm",
    outExtension: () => ({ js: ".js" }),
    target: "es2022",
    platform: "neutral",
    external: [/^node:/],
    // Without its "node:" a built-in looks like a package, to browser bundlers and to Deno.
    removeNodeProtocol: false,
    splitting: true,
    sourcemap: true,
    clean: true,
    dts: false,
    silent: true,
    ...overrides,
  };
}
