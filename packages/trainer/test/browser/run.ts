import { ConvBertForMaskedLM, type MaskedLMInputs } from "@convbert/heads";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import {
  type CheckpointStorage,
  evaluateFillMask,
  fillMaskCollator,
  MemoryLog,
  memoryDataset,
  type PlainExample,
  type TokenBlock,
  Trainer,
  type TrainerEvent,
  type TrainerOptions,
} from "@convbert/trainer";

// What is run in Node and in a browser's worker alike, through the packages' entries.

/** One training run, from its beginning or from a checkpoint to its end or an abort. */
export interface Part {
  readonly resumedFrom: string | null;
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  /** The steps that evaluations came after, with their losses. */
  readonly evaluations: readonly (readonly [number, number])[];
  /** Name and message of what ended the run early. */
  readonly ended: string | null;
}

export interface Result {
  readonly backend: string;
  readonly whole: Part;
  /** The same run, aborted in its fifth step, then in its ninth, in each storage. */
  readonly resumed: Readonly<Record<string, readonly Part[]>>;
  /** Lines of the log that the last storage's parts have written together. */
  readonly logged: number;
  /** Whether the weights at the end are those of the run in one go, bit for bit, in each storage. */
  readonly sameWeights: Readonly<Record<string, boolean>>;
}

const WORDS = "good fine great bad dull poor film book a the very is it was".split(" ");
const tokenizer = new ConvBertTokenizerFast(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n"));
const CONFIG = {
  vocab_size: tokenizer.length,
  hidden_size: 16,
  embedding_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 24,
  max_position_embeddings: 32,
  initializer_range: 0.2,
  pad_token_id: 0,
};

function texts(count: number): PlainExample[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `${i % 5 < 2 ? "the film" : "the book"} ${i % 7 < 3 ? "is" : "was very"} ${WORDS[i % 6]}`,
  }));
}

type Options = TrainerOptions<PlainExample | TokenBlock, MaskedLMInputs>;

async function runPart(seed: number, changes: Partial<Options>, abortAfter = Number.POSITIVE_INFINITY) {
  using model = await ConvBertForMaskedLM.fromConfig(CONFIG, { seed });
  const collator = fillMaskCollator(tokenizer, { maxLength: 16 });
  const abort = new AbortController();
  const losses: number[] = [];
  const norms: number[] = [];
  const evaluations: [number, number][] = [];
  let resumedFrom: string | null = null;
  let ended: string | null = null;
  const onEvent = (event: TrainerEvent): void => {
    if (event.type === "start") ({ resumedFrom } = event);
    if (event.type === "evaluation") evaluations.push([event.step, event.metrics["loss"]!]);
    if (event.type !== "step") return;
    losses.push(event.loss);
    norms.push(event.gradientNorm);
    if (event.step === abortAfter) abort.abort(new DOMException(`after step ${abortAfter}`, "AbortError"));
  };
  const trainer = new Trainer({
    model,
    train: memoryDataset(texts(45)),
    collate: collator.collate,
    evaluate: evaluateFillMask(model, collator, { dataset: memoryDataset(texts(12)) }),
    epochs: 2,
    batchSize: 8,
    learningRate: 2e-3,
    evaluateEvery: 6,
    metric: "perplexity",
    seed: 3,
    signal: abort.signal,
    onEvent,
    ...changes,
  });
  try {
    await trainer.train();
  } catch (error) {
    ended = `${(error as Error).name}: ${(error as Error).message}`;
  }
  const weights = [...model.parameters()].flatMap((parameter) => [...parameter.read()]);
  return {
    part: { resumedFrom, losses, norms, evaluations, ended } satisfies Part,
    weights,
    backend: model.backend.description,
  };
}

/** A run in one go, and the same in three parts in each storage; each part begins with other weights. */
export async function run(storages: Readonly<Record<string, CheckpointStorage>>): Promise<Result> {
  const { part: whole, weights, backend } = await runPart(1, {});
  const resumed: Record<string, Part[]> = {};
  const sameWeights: Record<string, boolean> = {};
  let logged = 0;
  for (const [name, checkpoints] of Object.entries(storages)) {
    const log = new MemoryLog();
    const options = { checkpoints, log, resume: true };
    const parts = [await runPart(1, options, 5), await runPart(2, options, 9), await runPart(3, options)];
    resumed[name] = parts.map(({ part }) => part);
    sameWeights[name] = parts[2]!.weights.every((weight, index) => Object.is(weight, weights[index]));
    logged = log.lines.length;
  }
  return { backend, whole, resumed, logged, sameWeights };
}
