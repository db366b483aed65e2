// The check in a page, and in a worker of a page. Bundled; the page's address has the mode: `?mode=full&worker`.
import * as convbert from "convbert";
import { check } from "./check.mjs";

const parameters = new URL(globalThis.location.href).searchParams;

async function run() {
  const recorded = await (await fetch("/recorded.json")).json();
  const models = new URL("/models/", globalThis.location.origin);
  return check({
    mode: parameters.get("mode"),
    recorded,
    sources: Object.fromEntries(Object.keys(recorded).map((name) => [name, new URL(`${name}/`, models)])),
    importPackage: async () => convbert,
    isWasmForbidden: parameters.has("forbidden"),
    isAlone: parameters.has("alone"),
  });
}

const answer = () =>
  run().then(
    (lines) => ({ lines }),
    (error) => ({ error: `${error?.name}: ${error?.message}\n${error?.stack}` }),
  );
if (typeof document === "undefined") {
  answer().then((result) => globalThis.postMessage(result));
} else if (parameters.has("worker")) {
  const worker = new Worker(`/page.js?mode=${parameters.get("mode")}`, { type: "module" });
  worker.onmessage = ({ data }) => show(data);
  worker.onerror = (event) => show({ error: `the worker failed: ${event.message}` });
} else {
  answer().then(show);
}

function show(result) {
  document.body.textContent = JSON.stringify(result);
  document.body.dataset["done"] = "";
}
