import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { performance } from "node:perf_hooks";
import { type AnyConvBert, loadModel, MODEL_CLASSES } from "@convbert/heads";
import type { ConvBertConfig, FromPretrainedOptions } from "@convbert/model";
import { seededRandom } from "@convbert/tensor/internal";
import { UsageError } from "../errors.js";

/** Untimed runs before the timed ones: the engine compiles its best code, and every buffer is there. */
const WARMUP = 3;
/** Without a number of rounds: as many as fit in this many milliseconds, within these bounds. */
const ENOUGH = { time: 1500, least: 5, most: 100 };

export const DTYPES = ["float32", "int8"] as const;

/** What is run: `batch` texts of `length` tokens each. */
export interface Workload {
  readonly batch: number;
  readonly length: number;
}

/** How it is run. */
export interface Setting {
  readonly dtype: (typeof DTYPES)[number];
  readonly threads: number;
}

/** Times of one workload, in milliseconds. Field names are those of `--json`. */
export interface Timed {
  readonly batch: number;
  readonly length: number;
  readonly lowest_ms: number;
  readonly median_ms: number;
  /** Tokens of the batch by the median time. */
  readonly tokens_per_second: number;
  readonly times_ms: readonly number[];
}

/** What one setting gave. Field names are those of `--json`. */
export interface Measurement extends Setting {
  /** What computed: kernels, and the threads that really run. */
  readonly backend: string;
  readonly load_ms: number;
  /** Weights in memory, in the form in which they compute. */
  readonly weight_bytes: number;
  /** The process's largest resident set so far, the engine itself included. */
  readonly peak_bytes: number;
  readonly results: readonly Timed[];
}

/** The model that was measured. Field names are those of `--json`. */
export interface MeasuredModel {
  readonly name: string;
  readonly parameters: number;
  readonly num_hidden_layers: number;
  readonly hidden_size: number;
}

/** This machine and what runs on it. Field names are those of `--json`. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_bytes: number;
  readonly system: string;
  readonly engine: string;
  /** Runnable threads in the last minute; above 0 by much, the machine had other work. */
  readonly load_average: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || "unknown CPU",
    cores: availableParallelism(),
    memory_bytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    engine: describeEngine(),
    load_average: Number(loadavg()[0]!.toFixed(2)),
  };
}

function describeEngine(): string {
  const { bun, deno, node, v8 } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno !== undefined ? `Deno ${deno}, V8 ${v8}` : `Node ${node}, V8 ${v8}`;
}

export interface MeasureOptions {
  readonly source: string | URL;
  readonly loading: FromPretrainedOptions;
  readonly workloads: readonly Workload[];
  /** Timed runs of each workload; as many as fit in a moment where undefined. */
  readonly rounds: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** Loads the model as one setting says, and times every workload. Throws UsageError for a text that does not fit. */
export async function measure(
  setting: Setting,
  { source, loading, workloads, rounds, signal, onProgress }: MeasureOptions,
): Promise<{ readonly model: MeasuredModel; readonly measurement: Measurement }> {
  const title = `${setting.dtype}, ${setting.threads} ${setting.threads === 1 ? "thread" : "threads"}`;
  onProgress(`${title}: loading`);
  const begun = performance.now();
  using model = await loadModel(source, { ...loading, ...setting, allowNewHead: true });
  const loadMs = performance.now() - begun;
  checkLengths(workloads, model.config);
  const weightBytes = model.backend.memory().liveBytes;
  const results: Timed[] = [];
  for (const { batch, length } of workloads) {
    const run = prepare(model, { batch, length });
    const times: number[] = [];
    for (let i = 0; i < WARMUP; i++) await run();
    const deadline = performance.now() + ENOUGH.time;
    const isEnough = () =>
      rounds === undefined
        ? times.length >= ENOUGH.most || (times.length >= ENOUGH.least && performance.now() >= deadline)
        : times.length >= rounds;
    while (!isEnough()) {
      const start = performance.now();
      await run();
      times.push(performance.now() - start);
      onProgress(`${title}: ${batch} x ${length} tokens, round ${times.length}`);
      signal.throwIfAborted();
    }
    const median = medianOf(times);
    results.push({
      batch,
      length,
      lowest_ms: Math.min(...times),
      median_ms: median,
      tokens_per_second: (batch * length * 1000) / median,
      times_ms: times,
    });
  }
  const { config, modelName } = model;
  return {
    model: {
      name: modelName,
      parameters: model.numParameters(),
      num_hidden_layers: config.num_hidden_layers,
      hidden_size: config.hidden_size,
    },
    measurement: {
      ...setting,
      backend: model.backend.description,
      load_ms: loadMs,
      weight_bytes: weightBytes,
      peak_bytes: peakBytes(),
      results,
    },
  };
}

function checkLengths(workloads: readonly Workload[], { max_position_embeddings: most }: ConvBertConfig): void {
  for (const { length } of workloads) {
    if (length > most) {
      throw new UsageError(`--lengths: ${length} tokens do not fit this model, whose texts have at most ${most}`);
    }
  }
}

/** A call over random words, the same ones every time. */
function prepare(model: AnyConvBert, { batch, length }: Workload): () => Promise<unknown> {
  const random = seededRandom(1);
  const nextWord = (): number => 1 + Math.floor(random() * (model.config.vocab_size - 1));
  const data = Int32Array.from({ length: batch * length }, nextWord);
  // A choice is a text too: a batch of texts is one choice each.
  const shape = model instanceof MODEL_CLASSES.ConvBertForMultipleChoice ? [batch, 1, length] : [batch, length];
  const encoder = model as InstanceType<typeof MODEL_CLASSES.ConvBertModel>;
  return () => encoder.forward({ input_ids: { data, shape } });
}

function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function peakBytes(): number {
  const { maxRSS } = process.resourceUsage();
  // Node counts kilobytes on every system.
  return Math.max(maxRSS * 1024, process.memoryUsage().rss);
}
