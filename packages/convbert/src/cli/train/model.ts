import { readFile } from "node:fs/promises";
import { ConvBertConfig, type ConvBertConfigInit, type ConvBertPreTrainedModel } from "@convbert/model";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import type { TrainableClass } from "@convbert/trainer/internal";
import { oneLine, UsageError } from "../errors.js";
import { loadingOptions } from "../model-options.js";
import type { ProgressLine } from "../progress.js";
import { anyModel, modelSource } from "../shipped-models.js";
import type { Terminal } from "../terminal.js";
import type { TrainFlags } from "./flags.js";

/** The small model of the reference runs: 4.3 million numbers, trained in minutes on one core. */
const SMALL: ConvBertConfigInit = {
  hidden_size: 128,
  embedding_size: 128,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 256,
  // The last position, the reference's default, is padding in most rows.
  summary_type: "first",
};

/** The tokenizer of the run: the model's, the one that was named, or that of our models. */
export async function loadTokenizer(flags: TrainFlags, terminal: Terminal): Promise<ConvBertTokenizerFast> {
  const { model, tokenizer, vocab, cased } = flags;
  const casing = cased ? { do_lower_case: false } : {};
  if (vocab !== undefined) {
    const text = await readFile(vocab, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new UsageError(`cannot read --vocab ${vocab}: ${error.message}`);
    });
    return new ConvBertTokenizerFast(text, { ...casing, model_max_length: flags.maxPositions ?? 512 });
  }
  const { revision, cacheDir, offline } = flags;
  const named = model ?? tokenizer;
  const source = named === undefined ? anyModel("give --vocab FILE or --tokenizer SOURCE") : modelSource(named);
  return ConvBertTokenizerFast.fromPretrained(source, {
    signal: terminal.signal,
    ...(model === undefined && casing),
    // A new model has positions of its own.
    ...(named === undefined && { model_max_length: flags.maxPositions ?? 512 }),
    ...(revision !== undefined && { revision }),
    ...(cacheDir !== undefined && { cacheDirectory: cacheDir }),
    ...(offline && { offline }),
  });
}

/** `config.json` of `--model`. */
export async function readModelConfig(
  flags: TrainFlags,
  terminal: Terminal,
  progress: ProgressLine,
): Promise<ConvBertConfig | null> {
  if (flags.model === undefined) return null;
  const [{ readConfig }, { withModelFiles }] = await Promise.all([
    import("@convbert/model"),
    import("@convbert/model/internal"),
  ]);
  return withModelFiles(modelSource(flags.model), loadingOptions(flags, terminal, progress), (files) =>
    readConfig(files),
  );
}

/** The model with the labels of the data: loaded, or new. */
export async function makeModel<M extends ConvBertPreTrainedModel>(
  Model: TrainableClass<M>,
  changes: ConvBertConfigInit,
  tokenizer: ConvBertTokenizerFast,
  flags: TrainFlags,
  terminal: Terminal,
  progress: ProgressLine,
): Promise<M> {
  const { dropout, seed = 0 } = flags;
  const all: ConvBertConfigInit = {
    ...changes,
    ...(dropout !== undefined && {
      hidden_dropout_prob: dropout,
      attention_probs_dropout_prob: dropout,
      classifier_dropout: null,
    }),
  };
  if (flags.model !== undefined) {
    // Heads of other labels have other shapes: they are made anew, and warned about.
    const model = await Model.fromPretrained.call(Model as never, modelSource(flags.model), {
      ...loadingOptions(flags, terminal, progress),
      dtype: "float32",
      config: all,
      seed,
      ignoreMismatchedSizes: true,
      allowNewHead: true,
    });
    return model as unknown as M;
  }
  const config = newConfig(await readConfigFile(flags.config), tokenizer, flags, all);
  const { backend, threads } = flags;
  const model = await Model.fromConfig.call(Model as never, config, {
    ...(backend && { backend }),
    ...(threads !== undefined && { threads }),
    seed,
  });
  return model as unknown as M;
}

function newConfig(
  base: ConvBertConfigInit,
  tokenizer: ConvBertTokenizerFast,
  flags: TrainFlags,
  changes: ConvBertConfigInit,
): ConvBertConfig {
  const shape: Record<string, number | undefined> = {
    hidden_size: flags.hiddenSize,
    embedding_size: flags.embeddingSize,
    num_hidden_layers: flags.layers,
    num_attention_heads: flags.heads,
    head_ratio: flags.headRatio,
    intermediate_size: flags.intermediateSize,
    conv_kernel_size: flags.kernelSize,
    num_groups: flags.groups,
    max_position_embeddings: flags.maxPositions,
  };
  const { vocab_size: rows = tokenizer.length } = base;
  if (rows < tokenizer.length) {
    throw new UsageError(`--config has vocab_size ${rows}, but the tokenizer has ${tokenizer.length} tokens`);
  }
  return new ConvBertConfig({
    ...SMALL,
    pad_token_id: tokenizer.padTokenId ?? null,
    ...base,
    vocab_size: rows,
    ...Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)),
    ...changes,
  });
}

async function readConfigFile(file: string | undefined): Promise<ConvBertConfigInit> {
  if (file === undefined) return {};
  try {
    const json: unknown = JSON.parse(await readFile(file, "utf8"));
    if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("it is no JSON object");
    return json as ConvBertConfigInit;
  } catch (error) {
    throw new UsageError(`cannot read --config ${file}: ${oneLine(error)}`);
  }
}
