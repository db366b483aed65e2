/** Runs in a worker: tokenizes what the pool sends. Imported on a main thread it waits for nothing and does nothing. */
import { hasNode } from "@convbert/files/internal";
import { addSamples } from "../fast/rows.js";
import { ConvBertTokenizerFast } from "../fast/tokenizer.js";
import { TokenSink } from "../token-sink.js";
import { type Job, READY, type Reply, type Start } from "./protocol.js";

interface Port {
  postMessage(message: Reply, transfer: ArrayBufferLike[]): void;
  onMessage(listener: (message: Start | Job) => void): void;
}

async function openPort(): Promise<Port> {
  if (!hasNode()) {
    const self = globalThis as unknown as Worker;
    return {
      postMessage: (message, transfer) => self.postMessage(message, transfer as ArrayBuffer[]),
      onMessage: (listener) => self.addEventListener("message", (event) => listener(event.data)),
    };
  }
  const { parentPort } = await import("node:worker_threads");
  return {
    postMessage: (message, transfer) => parentPort!.postMessage(message, transfer as ArrayBuffer[]),
    onMessage: (listener) => void parentPort?.on("message", listener),
  };
}

type ReplyError = NonNullable<Reply["error"]>;

function errorOf(error: unknown): ReplyError {
  const { code = "unknown", message, details = {} } = error as Partial<ReplyError> & Error;
  return { code, message, details };
}

function reply(tokenizer: ConvBertTokenizerFast, job: Job): [Reply, ArrayBufferLike[]] {
  try {
    const sink = new TokenSink(job.detail);
    const samples = job.sequences.map((first) => ({ first, second: undefined }));
    const { pipeline } = tokenizer["saveState"]();
    const ends = addSamples({ pipeline: pipeline!, call: { offset_unit: job.offset_unit } }, samples, sink);
    const cut = (array: Int32Array): Int32Array => array.slice(0, sink.length);
    const found = { id: job.id, ids: cut(sink.ids), ends: Int32Array.from(ends) };
    if (!job.detail) return [found, [found.ids.buffer, found.ends.buffer]];
    const detail = { starts: cut(sink.starts), stops: cut(sink.ends), words: cut(sink.words) };
    const buffers = [found.ids, found.ends, ...Object.values(detail)].map((array) => array.buffer);
    return [{ ...found, ...detail, strings: sink.strings }, buffers];
  } catch (error) {
    return [{ id: job.id, error: errorOf(error) }, []];
  }
}

openPort().then((port) => {
  let tokenizer: ConvBertTokenizerFast;
  port.onMessage(async (message) => {
    if (!("files" in message)) {
      port.postMessage(...reply(tokenizer, message));
      return;
    }
    try {
      tokenizer = await ConvBertTokenizerFast.fromPretrained(message.files);
      port.postMessage({ id: READY }, []);
    } catch (error) {
      port.postMessage({ id: READY, error: errorOf(error) }, []);
    }
  });
});
