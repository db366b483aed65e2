import { SentenceEncoder } from "@convbert/heads";
import { sentenceModuleFiles } from "@convbert/heads/internal";
import { ConvBertModel } from "@convbert/model";
import { sentenceCollator } from "../collate/sentences.js";
import type { IndexedDataset } from "../data/dataset.js";
import type { SentenceExample } from "../data/examples.js";
import { sentenceFields } from "../data/fields/sentences.js";
import { evaluateSentencePairs } from "../evaluate/sentence-pairs.js";
import { evaluateSentenceRetrieval } from "../evaluate/sentence-retrieval.js";
import { preparedTraining } from "./prepared.js";
import type { TaskDefinition } from "./task.js";

const MODULES = { dense: [], normalize: true, prompt: "" };

/** A vector for each text. */
export const sentenceEmbedding: TaskDefinition<"sentence-embedding"> = {
  name: "sentence-embedding",
  model: ConvBertModel,
  fields: () => sentenceFields(),
  maxLength: 128,
  async prepare(context) {
    const { splits, tokenizer, settings, maxLength } = context;
    const { loss = { kind: "regression" }, pooling = "mean", textsAtOnce } = settings;
    const { measure = loss.kind === "pairs" || loss.kind === "triplets" ? "retrieval" : "scores" } = settings;
    const collator = sentenceCollator(tokenizer, { maxLength });
    const model = await context.makeModel<ConvBertModel>(ConvBertModel, {});
    const encoder = new SentenceEncoder(model, { pooling, loss, ...(textsAtOnce !== undefined && { textsAtOnce }) });
    const measured = measure === "scores" ? evaluateSentencePairs : evaluateSentenceRetrieval;
    const evaluate = (dataset: IndexedDataset<SentenceExample>, of: ConvBertModel) =>
      measured(new SentenceEncoder(of, { pooling }), tokenizer, {
        dataset,
        maxLength,
        batchSize: context.evaluation.batchSize,
      });
    return {
      ...preparedTraining(model, encoder, splits, evaluate, collator.collate),
      metric: measure === "scores" ? "spearman" : "mrr",
      files: sentenceModuleFiles({ ...MODULES, pooling, maxLength }, model.config.hidden_size),
    };
  },
};
