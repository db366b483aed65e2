import type { SentenceModules } from "@convbert/heads";
import {
  encodeText,
  type Inputs,
  longestRow,
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
import type { FloatArray } from "./numbers.js";
import { choice, flag, type OptionRules, orDefault } from "./options.js";
import { pooled, prompted } from "./pooling.js";

export interface FeatureExtractionOptions extends TextOptions {
  /**
   * "none" (default): a vector for each token, special ones included; "mean": the mean of them; "cls": the first one; "max":
   * the largest of each component. The default of a sentence-transformers folder is its own.
   */
  readonly pooling?: "none" | "mean" | "cls" | "max";
  /**
   * Scale every vector to length 1, so that a dot product is the cosine; false by default, and what a sentence-transformers
   * folder says.
   */
  readonly normalize?: boolean;
}

export const FEATURE_EXTRACTION_RULES: OptionRules<FeatureExtractionOptions> = {
  ...TEXT_RULES,
  pooling: orDefault(choice("none", "mean", "cls", "max")),
  normalize: flag,
};

type Words = FeatureExtractionOptions & { readonly is_split_into_words: true };

export type FeatureModel = PipelineModel<{ readonly last_hidden_state: FloatArray }>;

/**
 * Turns texts into vectors: an ndarray `[tokens, hidden_size]` for each text, or `[hidden_size]` with pooling. (The
 * reference has a further axis of 1 in front.)
 */
export interface FeatureExtractionPipeline extends PipelineBase<"feature-extraction", FeatureModel> {
  (words: readonly string[], options: Words): Promise<FloatArray>;
  (texts: readonly (readonly string[])[], options: Words): Promise<FloatArray[]>;
  (text: string, options?: FeatureExtractionOptions): Promise<FloatArray>;
  (texts: readonly string[], options?: FeatureExtractionOptions): Promise<FloatArray[]>;
  /** Answers one by one, in bounded memory. */
  stream(texts: Inputs<string>, options?: FeatureExtractionOptions): Results<FloatArray>;
}

/**
 * The pipeline over a model that is loaded already (the reference's `FeatureExtractionPipeline`).
 * @param given options of calls that do not give their own.
 * @param modules of a sentence-transformers folder (`readSentenceModules`): its pooling, scaling, longest text, prompt and
 *   linear maps, in place of plain vectors of tokens; texts are cut where they are too long, as there.
 */
export function createFeatureExtraction(
  parts: PipelineParts<FeatureModel>,
  given: FeatureExtractionOptions = {},
  modules: SentenceModules | null = null,
): FeatureExtractionPipeline {
  const defaults = { ...(modules && defaultsOf(modules, parts)), ...given };
  const { dense = [], prompt = "" } = modules ?? {};
  const job = (options: FeatureExtractionOptions) => {
    const { pooling = "none" } = options;
    return makeJob(options, {
      prepare: (text: unknown) => ({ rows: [encodeText(parts, prompted(text, prompt), undefined, options)] }),
      compute: (rows) => parts.model.forwardRagged(sequencesOf(rows), options),
      answer: (_text, _prepared, [output]): FloatArray =>
        pooled(output!.last_hidden_state, { pooling, normalize: options.normalize ?? false }, dense),
    });
  };
  return makePipeline(parts, { task: "feature-extraction", rules: FEATURE_EXTRACTION_RULES, defaults, job });
}

function defaultsOf(
  { pooling, normalize, maxLength }: SentenceModules,
  parts: PipelineParts<FeatureModel>,
): FeatureExtractionOptions {
  const max_length = Math.min(maxLength ?? Number.POSITIVE_INFINITY, longestRow(parts));
  return { pooling: pooling === "first" ? "cls" : pooling, normalize, truncation: true, max_length };
}
