// `npm start`: installs, builds and answers real sentences. Text piped in is answered instead; arguments go to the command.
import { install, quietly, run } from "./toolchain.mjs";

await install();
await quietly("Building", "turbo", ["run", "build", "--filter=convbert", "--output-logs=errors-only"]);

const args = process.argv.slice(2);
process.exit(await run("node", ["packages/convbert/dist/cli.js", ...(args.length > 0 ? args : ["demo"])]));
