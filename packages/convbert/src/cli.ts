#!/usr/bin/env node
import { main } from "./cli/main.js";
import { processTerminal } from "./cli/process-terminal.js";
import { useProxies } from "./cli/proxies.js";

async function run(): Promise<void> {
  await useProxies();
  const code = await main(process.argv.slice(2), processTerminal());
  // Pipes are written asynchronously: what is still on its way must arrive before the process ends.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write("", done))));
  process.exit(code);
}

void run();
