// The worker's script of the sources.
import "../../../tooling/config/source-hooks.mjs";

await import("../src/parallel/worker.ts");
