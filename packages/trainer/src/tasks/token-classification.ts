import { ConvBertForTokenClassification } from "@convbert/heads";
import { tokenClassificationCollator } from "../collate/token-classification.js";
import type { IndexedDataset } from "../data/dataset.js";
import { show } from "../data/error.js";
import type { TokenExample } from "../data/examples.js";
import { tokenFields } from "../data/fields/tokens.js";
import { evaluateTokenClassification } from "../evaluate/token-classification.js";
import { tagOutsideSchemes } from "../metrics/schemes.js";
import { labelConfig, labelsOf, preparedTask } from "./prepared.js";
import type { TaskDefinition } from "./task.js";

/** A tag for each word. */
export const tokenClassification: TaskDefinition<"token-classification"> = {
  name: "token-classification",
  model: ConvBertForTokenClassification,
  fields: () => tokenFields(),
  maxLength: 128,
  async prepare(context) {
    const { splits, tokenizer, settings, maxLength } = context;
    const { labelAllTokens = false, scheme, scoreBy } = settings;
    const { labels, names, areIds } = await labelsOf(context);
    const scored = areIds ? names : labels.names;
    const options = { maxLength, labels, labelAllTokens };
    const collator = tokenClassificationCollator(tokenizer, options);
    // Tags that training has never seen are counted as what they are, mistakes.
    const held = tokenClassificationCollator(tokenizer, { ...options, unknownTags: "ignore" });
    const model = await context.makeModel<ConvBertForTokenClassification>(
      ConvBertForTokenClassification,
      labelConfig(names),
    );
    const evaluate = (dataset: IndexedDataset<TokenExample>, measured: ConvBertForTokenClassification) =>
      evaluateTokenClassification(measured, held, {
        dataset,
        labels,
        names: scored,
        scheme,
        scoreBy,
        ...context.evaluation,
      });
    const odd = scheme === undefined && scoreBy === undefined ? tagOutsideSchemes(scored) : undefined;
    return {
      ...preparedTask(model, splits, evaluate, collator.collate),
      labels,
      labelNames: names,
      metric: "f1",
      ...(odd !== undefined && { notes: [scoredByWord(odd, areIds)] }),
    };
  },
};

function scoredByWord(tag: string, areNamed: boolean): string {
  const unnamed = /^\d+$/.test(tag) && !areNamed;
  const remedy = unnamed ? "; name the tags (labelNames), if they are numbers of such" : "";
  return `the tag ${show(tag)} is of no scheme such as B-, I- and O, so every word counts alone, not whole entities${remedy}`;
}
