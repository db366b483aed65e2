import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  sequencesOf,
  TEXT_RULES,
  type TextOptions,
} from "./engine.js";
import { PipelineError } from "./errors.js";
import { checkName } from "./names.js";
import { argmax, type FloatArray, largest, sigmoid, softmax, type Values, valuesOf } from "./numbers.js";
import { choice, count, type OptionRules, orDefault, orNull } from "./options.js";

/** Two texts that are judged together. */
export interface TextPair {
  readonly text: string;
  readonly text_pair?: string;
}

/** A text, or a pair of them. */
export type ClassificationInput = string | TextPair;

/** The same as lists of words, with `is_split_into_words`. */
export type ClassificationWords =
  | readonly string[]
  | { readonly text: readonly string[]; readonly text_pair?: readonly string[] };

/** A label with its score. */
export interface LabelScore {
  label: string;
  /** A probability, unless `function_to_apply` is "none". */
  score: number;
}

export type ScoreFunction = "sigmoid" | "softmax" | "none";

/** Options under the reference's names. */
export interface TextClassificationOptions extends TextOptions {
  /** How many labels to return, best first; null for all. Without it: the best one. */
  readonly top_k?: number | null;
  /**
   * What turns logits into scores. By default none for regression (as in 4.57), sigmoid for multi-label models and others
   * with one label, else softmax.
   */
  readonly function_to_apply?: ScoreFunction;
}

type WithTopK = TextClassificationOptions & { readonly top_k: number | null };
type WithoutTopK = TextClassificationOptions & { readonly top_k?: undefined };
type Words = { readonly is_split_into_words: true };

export const TEXT_CLASSIFICATION_RULES: OptionRules<TextClassificationOptions> = {
  ...TEXT_RULES,
  top_k: orNull(count(1)),
  function_to_apply: orDefault(choice("sigmoid", "softmax", "none")),
};

export type SequenceClassifier = PipelineModel<{ readonly logits: FloatArray }>;

/**
 * Labels texts. As in the reference a single text gives a list: its best label alone, or the `top_k` best. A list or a
 * stream of texts gives one label each, or with `top_k` a list each.
 */
export interface TextClassificationPipeline extends PipelineBase<"text-classification", SequenceClassifier> {
  (words: readonly ClassificationWords[], options: WithTopK & Words): Promise<LabelScore[][]>;
  (words: ClassificationWords, options: TextClassificationOptions & Words): Promise<LabelScore[]>;
  (words: readonly ClassificationWords[], options: WithoutTopK & Words): Promise<LabelScore[]>;
  (input: ClassificationInput, options?: TextClassificationOptions): Promise<LabelScore[]>;
  (inputs: readonly ClassificationInput[], options: WithTopK): Promise<LabelScore[][]>;
  (inputs: readonly ClassificationInput[], options?: WithoutTopK): Promise<LabelScore[]>;
  /** Answers one by one, in bounded memory. */
  stream(inputs: Inputs<ClassificationInput>, options: WithTopK): Results<LabelScore[]>;
  stream(inputs: Inputs<ClassificationInput>, options?: WithoutTopK): Results<LabelScore>;
}

/**
 * The pipeline over a model that is loaded already (the reference's `TextClassificationPipeline`).
 * @param defaults options of calls that do not give their own.
 */
export function createTextClassification(
  parts: PipelineParts<SequenceClassifier>,
  defaults: TextClassificationOptions = {},
): TextClassificationPipeline {
  const { config } = parts.model;
  const job = (options: TextClassificationOptions) => {
    const { top_k: topK, function_to_apply: name = defaultFunction(config) } = options;
    const apply = FUNCTIONS[name];

    return makeJob(options, {
      prepare: (item: ClassificationInput) => ({ rows: [encodeText(parts, ...textsOf(item, options), options)] }),
      compute: (rows) => parts.model.forwardRagged(sequencesOf(rows), options),
      answer(_item, _prepared, [output]) {
        const scores = apply(valuesOf(output!.logits));
        const label = (id: number): LabelScore => ({
          label: config.id2label[id] ?? `LABEL_${id}`,
          score: scores[id]!,
        });
        if (topK === undefined) return [label(argmax(scores))];
        return largest(scores, topK ?? scores.length).map(label);
      },
    });
  };
  return makePipeline(parts, {
    task: "text-classification",
    rules: TEXT_CLASSIFICATION_RULES,
    defaults,
    job,
    among: (labels, { top_k: topK }) => (topK === undefined ? labels[0] : labels),
  });
}

const FUNCTIONS: Readonly<Record<ScoreFunction, (logits: Values) => Values>> = {
  sigmoid,
  softmax,
  none: (logits) => logits,
};

function defaultFunction(config: SequenceClassifier["config"]): ScoreFunction {
  if (config.problem_type === "regression") return "none";
  return config.problem_type === "multi_label_classification" || config.num_labels === 1 ? "sigmoid" : "softmax";
}

function textsOf(input: unknown, { is_split_into_words: isWords }: TextOptions): readonly [unknown, unknown] {
  if (typeof input !== "object" || input === null || (isWords && Array.isArray(input))) return [input, undefined];
  if (Array.isArray(input)) {
    throw new PipelineError(
      "invalid-input",
      'a pair is written { text: "...", text_pair: "..." }, not as a list; for words set is_split_into_words',
    );
  }
  for (const name of Object.keys(input)) checkName("a text", "field", name, ["text", "text_pair"]);
  const { text, text_pair: pair } = input as Readonly<Record<string, unknown>>;
  return [text, pair ?? undefined];
}
