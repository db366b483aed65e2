// Compiled, not run: each line marked is a mistake that the declarations must refuse, in a project that installed the
// packages. Should one of them compile, its mark is an error.
import { type FileSet, openFiles } from "@convbert/files";
import { ConvBertForSequenceClassification } from "@convbert/heads";
import { ConvBertConfig, ConvBertModel } from "@convbert/model";
import { linear, sharedBackend, tidy } from "@convbert/tensor";
import { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { fineTune, Trainer } from "@convbert/trainer";
import { pipeline } from "convbert";

declare const files: FileSet;

export async function pipelines(): Promise<void> {
  // @ts-expect-error: no such task
  await pipeline("translation", files);
  // @ts-expect-error: no such option
  await pipeline("text-classification", files, { treads: 2 });
  // @ts-expect-error: a count is a number
  await pipeline("text-classification", files, { threads: "2" });
  const classify = await pipeline("text-classification", files);
  // @ts-expect-error: a number is no text
  await classify(7);
  // @ts-expect-error: the answer is a list of labels with scores
  (await classify("a text")).label;
  const answer = await pipeline("question-answering", files);
  // @ts-expect-error: a question without its context
  await answer({ question: "Who?" });
}

export async function models(): Promise<void> {
  // @ts-expect-error: a size is a number
  new ConvBertConfig({ hidden_size: "8" });
  const config = new ConvBertConfig();
  // @ts-expect-error: a configuration does not change under the models made from it
  config.hidden_size = 8;
  const model = await ConvBertModel.fromConfig(config);
  // @ts-expect-error: ids are whole numbers, not text
  await model.forward({ input_ids: "text" });
  const output = await model.forward({ input_ids: [[101, 102]] });
  // @ts-expect-error: the encoder has no logits
  output.logits;
  // @ts-expect-error: hidden states are there only where they were asked for
  output.hidden_states.length;
  const head = await ConvBertForSequenceClassification.fromPretrained(files);
  // @ts-expect-error: the argument is called labels
  await head.forward({ input_ids: [[101]], label: [1] });
}

export async function tensors(): Promise<void> {
  const backend = await sharedBackend();
  // @ts-expect-error: an operation takes tensors
  tidy(() => linear([[1]], [[1]]));
  // @ts-expect-error: no such method
  backend.matmul();
}

export async function tokens(): Promise<void> {
  const tokenizer = await ConvBertTokenizerFast.fromPretrained(files);
  // @ts-expect-error: no such strategy
  tokenizer("a text", { padding: "shortest" });
}

export async function training(): Promise<void> {
  // @ts-expect-error: no such task
  await fineTune("summarization", {});
  // @ts-expect-error: a trainer without a model
  new Trainer({ epochs: 1 });
  // @ts-expect-error: files are opened from a source
  await openFiles();
}
