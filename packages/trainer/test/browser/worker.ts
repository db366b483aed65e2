import { directoryCheckpoints, memoryCheckpoints } from "@convbert/trainer";
import { run } from "./run.js";

// Runs in a browser's worker, and posts the result or what went wrong.

async function runHere() {
  const folder = await navigator.storage.getDirectory();
  return run({ memory: memoryCheckpoints(), "private file system": directoryCheckpoints(folder) });
}

runHere().then(
  (result) => postMessage({ result }),
  (error: Error) => postMessage({ error: error.stack ?? String(error) }),
);
