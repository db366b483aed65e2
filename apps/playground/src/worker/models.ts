import type { FileSet } from "@convbert/files";
import { modelNameOf } from "@convbert/heads";
import { readConfig } from "@convbert/model";
import { type Pipeline, type PipelineTask, pipeline } from "@convbert/pipelines";
import { graphOf } from "./graph.js";
import { job } from "./jobs.js";
import { summed } from "./progress.js";
import type { LoadProgress, ModelRef, Running, TaskName } from "./protocol.js";
import { keyOf, openModel } from "./sources.js";

interface Loaded {
  readonly pipeline: Pipeline;
  readonly running: Running;
}

/** Models that stay in memory; the one unused for longest goes first. */
const MOST = 3;

const loaded = new Map<string, Promise<Loaded>>();

/** The pipeline of a task over a model, loaded once. */
export function pipelineFor(
  task: TaskName,
  model: ModelRef,
  onLoad: (progress: LoadProgress) => void,
): Promise<Loaded> {
  const key = `${task} ${keyOf(model)}`;
  const found = loaded.get(key) ?? load(task, model, onLoad);
  // Last in the order of the map, which is the order of use.
  loaded.delete(key);
  loaded.set(key, found);
  found.catch(() => loaded.get(key) === found && loaded.delete(key));
  for (const [old, entry] of loaded) {
    if (loaded.size <= MOST) break;
    loaded.delete(old);
    entry.then(
      ({ pipeline: unused }) => unused.dispose(),
      () => undefined,
    );
  }
  return found;
}

function load(task: TaskName, model: ModelRef, onLoad: (progress: LoadProgress) => void): Promise<Loaded> {
  return job("load", async (signal) => {
    const started = performance.now();
    const files = await openModel(model, { signal, onProgress: summed(onLoad) });
    try {
      const graph = await graphOf(files);
      const foreign = graph === null ? null : await (await import("./run-graph.js")).runGraph(graph);
      const made: Pipeline = await pipeline(await pipelineTask(task, files), files, {
        signal,
        onWarning: () => undefined,
        ...(foreign && { runtime: foreign.runtime }),
      });
      const parts = made.model as unknown as { numParameters?(): number };
      return {
        pipeline: made,
        running: {
          backend: foreign?.words ?? made.model.backend.description,
          parameters: parts.numParameters?.() ?? null,
          loadMilliseconds: performance.now() - started,
        },
      };
    } finally {
      await files.close();
    }
  });
}

/** Labels of one's own are asked of a classifier of entailment; an encoder is asked how alike their meanings are. */
async function pipelineTask(task: TaskName, files: FileSet): Promise<PipelineTask> {
  if (task !== "zero-shot-classification") return task;
  const { architectures } = await readConfig(files);
  return modelNameOf(architectures) === "ConvBertModel" ? "sentence-similarity" : task;
}
