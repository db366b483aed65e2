import {
  eachOrOne,
  encodeText,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type RowInputs,
  rowInputs,
  runSteps,
  type TextOptions,
} from "./engine.js";
import { atLeast, oneOf, PipelineError } from "./errors.js";
import { argmax, type FloatArray, largest, rowAt, sigmoid, softmax, type Values } from "./numbers.js";

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

export type SequenceClassifier = PipelineModel<RowInputs, { readonly logits: FloatArray }>;

/**
 * Labels texts. As in the reference a single text gives a list: its best label alone, or the `top_k` best. A list of
 * texts gives one label each, or with `top_k` a list each.
 */
export interface TextClassificationPipeline extends PipelineBase<"text-classification", SequenceClassifier> {
  (input: ClassificationInput, options?: TextClassificationOptions): Promise<LabelScore[]>;
  (inputs: readonly ClassificationInput[], options: WithTopK): Promise<LabelScore[][]>;
  (inputs: readonly ClassificationInput[], options?: WithoutTopK): Promise<LabelScore[]>;
}

/** The pipeline over a model that is loaded already (the reference's `TextClassificationPipeline`). */
export function createTextClassification(parts: PipelineParts<SequenceClassifier>): TextClassificationPipeline {
  const { config } = parts.model;
  const call = async (
    input: ClassificationInput | readonly ClassificationInput[],
    options: TextClassificationOptions = {},
  ): Promise<LabelScore[] | LabelScore[][]> => {
    const { top_k: topK, function_to_apply: name = defaultFunction(config) } = options;
    const apply = FUNCTIONS[oneOf("function_to_apply", name, ["sigmoid", "softmax", "none"])];
    if (topK !== undefined && topK !== null) atLeast("top_k", topK, 1);

    const results = await eachOrOne(input, (inputs) =>
      runSteps(inputs, options, {
        prepare: (item) => ({ rows: [encodeText(parts, ...textsOf(item), options)] }),
        compute: (row) => parts.model.forward(rowInputs(row), options),
        answer(_item, _prepared, [output]) {
          const scores = apply(rowAt(output!.logits, 0));
          const label = (id: number): LabelScore => ({
            label: config.id2label[id] ?? `LABEL_${id}`,
            score: scores[id]!,
          });
          if (topK === undefined) return [label(argmax(scores))];
          return largest(scores, topK ?? scores.length).map(label);
        },
      }),
    );
    return Array.isArray(input) && topK === undefined ? (results as LabelScore[][]).flat() : results;
  };
  return makePipeline("text-classification", parts, call as TextClassificationPipeline);
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
