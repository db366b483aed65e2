import { wrap } from "comlink";
import { render } from "preact";
import { App } from "./app.js";
import type { PlaygroundWorker } from "./protocol.js";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "convbert" });

render(<App worker={wrap<PlaygroundWorker>(worker)} />, document.querySelector("#app")!);
