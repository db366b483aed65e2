import { ConvBertForSequenceClassification, ConvBertForTokenClassification } from "@convbert/heads";
import { createTextClassification, createTokenClassification } from "@convbert/pipelines";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { expose } from "comlink";
import chunkingConfig from "convbert/models/chunking/config.json?url";
import chunkingWeights from "convbert/models/chunking/model.safetensors?url";
import questionConfig from "convbert/models/question-classification/config.json?url";
import questionWeights from "convbert/models/question-classification/model.safetensors?url";
import tokenizerConfig from "convbert/models/question-classification/tokenizer_config.json?url";
import vocabulary from "convbert/models/question-classification/vocab.txt?url";
import { download } from "./download.js";
import type { Analysis, Chunk, LoadProgress, PlaygroundWorker, Ready } from "./protocol.js";

async function load(onProgress: (progress: LoadProgress) => void) {
  const files = await download(
    {
      "question/config.json": questionConfig,
      "question/model.safetensors": questionWeights,
      "chunking/config.json": chunkingConfig,
      "chunking/model.safetensors": chunkingWeights,
      "tokenizer_config.json": tokenizerConfig,
      "vocab.txt": vocabulary,
    },
    onProgress,
  );
  // Both models were trained with the same vocabulary, so one tokenizer serves them.
  const tokenizer = await ConvBertTokenizerFast.fromPretrained({
    "tokenizer_config.json": files["tokenizer_config.json"],
    "vocab.txt": files["vocab.txt"],
  });
  const [questions, phrases] = await Promise.all([
    ConvBertForSequenceClassification.fromPretrained({
      "config.json": files["question/config.json"],
      "model.safetensors": files["question/model.safetensors"],
    }),
    ConvBertForTokenClassification.fromPretrained({
      "config.json": files["chunking/config.json"],
      "model.safetensors": files["chunking/model.safetensors"],
    }),
  ]);
  return {
    tokenizer,
    backend: questions.backend.description,
    parameters: questions.numParameters() + phrases.numParameters(),
    classify: createTextClassification({ model: questions, tokenizer }),
    chunk: createTokenClassification({ model: phrases, tokenizer }),
  };
}

let loaded: Awaited<ReturnType<typeof load>> | undefined;

const api: PlaygroundWorker = {
  async load(onProgress): Promise<Ready> {
    const started = performance.now();
    loaded = await load(onProgress);
    const { backend, parameters } = loaded;
    return { backend, parameters, milliseconds: performance.now() - started };
  },

  async analyse(text): Promise<Analysis> {
    if (loaded === undefined) {
      throw new Error("The models are not loaded yet.");
    }
    const { tokenizer, classify, chunk } = loaded;
    const started = performance.now();
    const classes = await classify(text, { top_k: null, truncation: true });
    const groups = await chunk(text, { aggregation_strategy: "first", stride: 32 });
    const milliseconds = performance.now() - started;
    const ids = tokenizer.encode(text, { truncation: true });
    const special = new Set(tokenizer.allSpecialIds);
    const chunks = groups
      .filter(({ entity_group: kind }) => kind !== "O")
      .map(({ entity_group: kind, score, start, end }): Chunk => ({ kind, score, start, end }));
    const pieces = tokenizer.convertIdsToTokens(ids) as string[];
    const tokens = pieces.map((piece, index) => ({
      text: piece,
      id: ids[index]!,
      special: special.has(ids[index]!),
    }));
    return { text, tokens, classes, chunks, milliseconds };
  },
};

expose(api);
