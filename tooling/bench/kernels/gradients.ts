/**
 * Time each kernel of training, the forward product beside them: GFLOPS of products, GB/s of what moves memory.
 * Usage: node tooling/bench/kernels/gradients.ts --help
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import type { Backend } from "../../../packages/tensor/src/index.ts";
import { type Case, cases } from "./gradient-cases.ts";

const help = `node tooling/bench/kernels/gradients.ts [options]   (Node 22.18 or newer; needs packages/tensor/dist)
  --threads LIST   thread counts, one after the other (default: 1)
  --only TEXT      kernels whose name contains it
  --shapes LIST    tokens x hidden x heads (default: 640x128x2,1024x256x4,1024x384x6,1024x768x12)
  --ms N           time spent on each kernel (default: 200)
  --tensor FILE    another build of @convbert/tensor`;

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    shapes: { type: "string", default: "640x128x2,1024x256x4,1024x384x6,1024x768x12" },
    ms: { type: "string", default: "200" },
    tensor: { type: "string", default: new URL("../../../packages/tensor/dist/index.js", import.meta.url).href },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(help);
  process.exit();
}

/** Lowest milliseconds of one call. */
function time(run: () => void, budget: number): number {
  const until = performance.now() + budget;
  let lowest = Number.POSITIVE_INFINITY;
  for (let calls = 0; calls < 5 || performance.now() < until; calls++) {
    const start = performance.now();
    run();
    lowest = Math.min(lowest, performance.now() - start);
  }
  return lowest;
}

function rate({ flops, bytes }: Case, milliseconds: number): string {
  const giga = (count: number) => (count / milliseconds / 1e6).toFixed(1);
  return [flops ? `${giga(flops)} GFLOPS` : "", bytes ? `${giga(bytes)} GB/s` : ""].filter(Boolean).join(", ");
}

const { createBackend } = (await import(options.tensor)) as typeof import("../../../packages/tensor/src/index.ts");
console.log(`${cpus()[0]?.model ?? "unknown CPU"}, Node ${process.version}`);
for (const threads of options.threads.split(",").map(Number)) {
  const backend: Backend = await createBackend({ threads });
  for (const shape of options.shapes.split(",")) {
    const [tokens, hidden, heads] = shape.split("x").map(Number) as [number, number, number];
    console.log(`\n${backend.description}: ${tokens} tokens, hidden ${hidden}, ${heads} heads`);
    for (const entry of cases(backend, tokens, hidden, heads)) {
      if (entry.name.includes(options.only)) {
        const milliseconds = time(entry.run, Number(options.ms));
        console.log(
          `  ${entry.name.padEnd(32)}${milliseconds.toFixed(3).padStart(9)} ms  ${rate(entry, milliseconds)}`,
        );
      }
    }
  }
  backend.dispose();
}
