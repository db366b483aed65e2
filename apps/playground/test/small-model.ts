import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConvBertForMaskedLM, ConvBertForSequenceClassification } from "@convbert/heads";
import { ConvBertModel } from "@convbert/model";
import { exportOnnx } from "@convbert/onnx";

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
const VOCABULARY = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  ...LETTERS,
  ...LETTERS.map((letter) => `##${letter}`),
];

const SIZES = {
  vocab_size: VOCABULARY.length,
  hidden_size: 32,
  embedding_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 64,
};

/** Formats of weights that can be dropped and written. */
export const FORMATS = ["safetensors", "pytorch", "tensorflow", "tensorflow-safetensors", "tf1", "onnx"] as const;
export type Format = (typeof FORMATS)[number];

async function addTokenizer(folder: string): Promise<void> {
  await writeFile(join(folder, "vocab.txt"), `${VOCABULARY.join("\n")}\n`);
  const settings = { do_lower_case: true, model_max_length: 64, tokenizer_class: "ConvBertTokenizer" };
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify(settings));
}

/** An encoder that spells, with random weights; the same in each format. */
export async function makeEncoder(folder: string, format: Format): Promise<void> {
  await mkdir(folder, { recursive: true });
  using model = await ConvBertModel.fromConfig(SIZES, { seed: 7 });
  if (format === "onnx") await exportOnnx(model, folder);
  else await model.savePretrained(folder, { format });
  await addTokenizer(folder);
}

/** A classifier as an 8-bit graph alone, as optimum lays it: no weights can be told from it. */
export async function makeQuantizedGraph(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  using model = await ConvBertForSequenceClassification.fromConfig(
    { ...SIZES, id2label: { 0: "left", 1: "right" }, label2id: { left: 0, right: 1 } },
    { seed: 5 },
  );
  await exportOnnx(model, folder, { dtype: "uint8" });
  await addTokenizer(folder);
}

/** A masked language model that spells, with random weights. */
export async function makeMasked(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  using model = await ConvBertForMaskedLM.fromConfig(SIZES, { seed: 6 });
  await model.savePretrained(folder);
  await addTokenizer(folder);
}

/** A classifier of entailment that spells, with random weights. */
export async function makeEntailment(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  using model = await ConvBertForSequenceClassification.fromConfig(
    {
      ...SIZES,
      id2label: { 0: "contradiction", 1: "neutral", 2: "entailment" },
      label2id: { contradiction: 0, neutral: 1, entailment: 2 },
    },
    { seed: 3 },
  );
  await model.savePretrained(folder, { format: "pytorch" });
  await addTokenizer(folder);
}
