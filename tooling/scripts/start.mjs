// `npm start`: installs, builds and answers real sentences. Text piped in is answered instead; arguments go to the command.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { install, quietly, root } from "./toolchain.mjs";

await install();
await quietly("Building", ["exec", "turbo", "run", "build", "--filter=convbert", "--output-logs=errors-only"]);

const args = process.argv.slice(2);
const command = join(root, "packages/convbert/dist/cli.js");
const child = spawn(process.execPath, [command, ...(args.length > 0 ? args : ["demo"])], { stdio: "inherit" });
child.on("close", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
