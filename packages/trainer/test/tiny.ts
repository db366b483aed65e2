import {
  ConvBertForMaskedLM,
  ConvBertForSequenceClassification,
  type SequenceClassificationInputs,
} from "@convbert/heads";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import {
  fillMaskCollator,
  memoryDataset,
  type TextExample,
  type TrainerOptions,
  textClassificationCollator,
} from "../src/index.js";

const WORDS = ["good", "fine", "great", "bad", "dull", "poor", "film", "book", "a", "the", "very", "is", "it", "was"];

export const tokenizer = new ConvBertTokenizerFast(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ...WORDS].join("\n"));

/** A model of a few thousand numbers, with every kind of layer and dropout. */
export const tinyConfig = {
  vocab_size: tokenizer.length,
  hidden_size: 16,
  embedding_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 24,
  max_position_embeddings: 32,
  initializer_range: 0.2,
  pad_token_id: 0,
  id2label: { 0: "bad", 1: "good" },
  label2id: { bad: 0, good: 1 },
};

export const labels = ["bad", "good"];

/** Sentences of a grammar in which one word decides; some longer, so that batches are padded. */
export function sentences(count: number, offset = 0): TextExample[] {
  const kinds = { good: ["good", "fine", "great"], bad: ["bad", "dull", "poor"] };
  return Array.from({ length: count }, (_, index) => {
    const i = index + offset;
    const label = i % 2 === 0 ? "good" : "bad";
    const word = kinds[label][i % 3]!;
    const subject = i % 5 < 2 ? "the film" : "the book";
    return { text: `${subject} ${i % 7 < 3 ? "is" : "was very"} ${word}${i % 4 === 0 ? " it is a film" : ""}`, label };
  });
}

export function tinyModel(seed = 1): Promise<ConvBertForSequenceClassification> {
  return ConvBertForSequenceClassification.fromConfig(tinyConfig, { seed });
}

export function tinyMaskedModel(seed = 1): Promise<ConvBertForMaskedLM> {
  return ConvBertForMaskedLM.fromConfig(tinyConfig, { seed });
}

export const collator = textClassificationCollator(tokenizer, { labels });
export const maskCollator = fillMaskCollator(tokenizer, { maxLength: 16 });

/** A short run: 3 epochs of 4 batches. */
export function tinyRun(
  model: ConvBertForSequenceClassification,
  options: Partial<TrainerOptions<TextExample, SequenceClassificationInputs>> = {},
): TrainerOptions<TextExample, SequenceClassificationInputs> {
  return {
    model,
    train: memoryDataset(sentences(30)),
    collate: collator.collate,
    epochs: 3,
    batchSize: 8,
    learningRate: 3e-3,
    seed: 7,
    ...options,
  };
}

/** All weights as bytes, by name. */
export function weightsOf(model: {
  parameters(): Iterable<{ readonly name: string; read(): Float32Array }>;
}): Record<string, string> {
  return Object.fromEntries(
    [...model.parameters()].map(({ name, read }) => [name, Buffer.from(read().buffer).toString("base64")]),
  );
}
