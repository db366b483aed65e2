import { expose } from "comlink";
import { stop } from "./jobs.js";
import { attempt } from "./outcome.js";
import type { PlaygroundWorker } from "./protocol.js";

// Everything is loaded when it is asked for: a visitor who only looks gets a page and no models' code.
const api: PlaygroundWorker = {
  answer: (...request) => attempt(async () => (await import("./answer/answer.js")).answer(...request)),
  tokens: (...request) => attempt(async () => (await import("./look.js")).tokens(...request)),
  layers: (...request) => attempt(async () => (await import("./look.js")).layers(...request)),
  keep: (...request) => attempt(async () => (await import("./own.js")).keep(...request)),
  describe: (...request) => attempt(async () => (await import("./own.js")).describe(...request)),
  train: (...request) => attempt(async () => (await import("./train.js")).train(...request)),
  convert: (...request) => attempt(async () => (await import("./convert/convert.js")).convert(...request)),
  formats: () => attempt(async () => (await import("./convert/formats.js")).formats()),
  measure: (...request) => attempt(async () => (await import("./measure/measure.js")).measure(...request)),
  stop,
  holdLock: (name) =>
    new Promise((resolve) => {
      void navigator.locks.request(name, () => {
        resolve();
        return new Promise(() => undefined);
      });
    }),
};

expose(api);
