// `node tooling/scripts/tool.mjs NAME ...ARGUMENTS`: runs a tool of the workspace (turbo, biome, pnpm, ...), with the pinned
// Node and pnpm, after installing the workspace where that has not been done.
import { install, run } from "./toolchain.mjs";

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  process.stderr.write("usage: node tooling/scripts/tool.mjs NAME ...ARGUMENTS, for instance turbo run build\n");
  process.exit(2);
}
await install();
process.exit(await run(name, args));
