import {
  encodeText,
  type Inputs,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  raggedInputs,
  type TextOptions,
} from "./engine.js";
import { atLeast, oneOf, PipelineError } from "./errors.js";
import { argmax, type FloatArray, largest, sigmoid, softmax, type Values, valuesOf } from "./numbers.js";

/** Two texts that are judged together. */
export interface TextPair {
  readonly text: string;
  readonly text_pair?: string;
}

/** A text, or a pair of them. */
export type ClassificationInput = string | TextPair;

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
   * What turns logits into scores. By default sigmoid for multi-label models and those with one label, else softmax.
   */
  readonly function_to_apply?: ScoreFunction;
}

type WithTopK = TextClassificationOptions & { readonly top_k: number | null };
type WithoutTopK = TextClassificationOptions & { readonly top_k?: undefined };

export type SequenceClassifier = PipelineModel<{ readonly logits: FloatArray }>;

/**
 * Labels texts. As in the reference a single text gives a list: its best label alone, or the `top_k` best. A list or a
 * stream of texts gives one label each, or with `top_k` a list each.
 */
export interface TextClassificationPipeline extends PipelineBase<"text-classification", SequenceClassifier> {
  (input: ClassificationInput, options?: TextClassificationOptions): Promise<LabelScore[]>;
  (inputs: readonly ClassificationInput[], options: WithTopK): Promise<LabelScore[][]>;
  (inputs: readonly ClassificationInput[], options?: WithoutTopK): Promise<LabelScore[]>;
  /** Answers one by one, in bounded memory. */
  stream(inputs: Inputs<ClassificationInput>, options: WithTopK): Results<LabelScore[]>;
  stream(inputs: Inputs<ClassificationInput>, options?: WithoutTopK): Results<LabelScore>;
}

/** The pipeline over a model that is loaded already (the reference's `TextClassificationPipeline`). */
export function createTextClassification(parts: PipelineParts<SequenceClassifier>): TextClassificationPipeline {
  const { config } = parts.model;
  const job = (options: TextClassificationOptions = {}) => {
    const { top_k: topK, function_to_apply: name = defaultFunction(config) } = options;
    const apply = FUNCTIONS[oneOf("function_to_apply", name, ["sigmoid", "softmax", "none"])];
    if (topK !== undefined && topK !== null) atLeast("top_k", topK, 1);

    return makeJob(options, {
      prepare: (item: ClassificationInput) => ({ rows: [encodeText(parts, ...textsOf(item), options)] }),
      compute: (rows) => parts.model.forwardRagged(raggedInputs(rows), options),
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
  return makePipeline("text-classification", parts, job, (labels, options) =>
    options?.top_k === undefined ? labels[0] : labels,
  );
}

const FUNCTIONS: Readonly<Record<ScoreFunction, (logits: Values) => Values>> = {
  sigmoid,
  softmax,
  none: (logits) => logits,
};

function defaultFunction(config: SequenceClassifier["config"]): ScoreFunction {
  return config.problem_type === "multi_label_classification" || config.num_labels === 1 ? "sigmoid" : "softmax";
}

function textsOf(input: ClassificationInput): readonly [unknown, unknown] {
  if (typeof input !== "object" || input === null) return [input, undefined];
  if (Array.isArray(input)) {
    throw new PipelineError("invalid-input", 'a pair is written { text: "...", text_pair: "..." }, not as a list');
  }
  return [input.text, input.text_pair];
}
