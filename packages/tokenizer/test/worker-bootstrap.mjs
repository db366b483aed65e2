// The worker's script of the sources.
import "./source-hooks.mjs";

await import("../src/parallel/worker.ts");
