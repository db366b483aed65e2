import { ndarrayOf } from "@convbert/model";
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
  TEXT_RULES,
  type TextOptions,
} from "./engine.js";
import { type FloatArray, rowAt } from "./numbers.js";
import { choice, flag, type OptionRules, orDefault } from "./options.js";

export interface FeatureExtractionOptions extends TextOptions {
  /**
   * "none" (default): a vector for each token, special ones included; "mean": the mean of them; "cls": the first one.
   */
  readonly pooling?: "none" | "mean" | "cls";
  /** Scale every vector to length 1, so that a dot product is the cosine; false by default. */
  readonly normalize?: boolean;
}

export const FEATURE_EXTRACTION_RULES: OptionRules<FeatureExtractionOptions> = {
  ...TEXT_RULES,
  pooling: orDefault(choice("none", "mean", "cls")),
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
 * @param defaults options of calls that do not give their own.
 */
export function createFeatureExtraction(
  parts: PipelineParts<FeatureModel>,
  defaults: FeatureExtractionOptions = {},
): FeatureExtractionPipeline {
  const job = (options: FeatureExtractionOptions) => {
    const { pooling = "none" } = options;
    return makeJob(options, {
      prepare: (text: unknown) => ({ rows: [encodeText(parts, text, undefined, options)] }),
      compute: (rows) => parts.model.forwardRagged(raggedInputs(rows), options),
      answer(_text, _prepared, [output]): FloatArray {
        const states = output!.last_hidden_state;
        const [tokens = 0, size = 0] = states.shape;
        const rows = Array.from({ length: tokens }, (_, token) => rowAt(states, token));
        const vectors = pooling === "none" ? rows : pooling === "cls" ? rows.slice(0, 1) : [meanOf(rows, size)];
        const data = new Float32Array(vectors.length * size);
        for (const [i, vector] of vectors.entries()) {
          const length = options.normalize ? Math.hypot(...vector) : 1;
          // A vector of zeros has no direction; it stays as it is.
          data.set(length === 1 || length === 0 ? vector : vector.map((value) => value / length), i * size);
        }
        return ndarrayOf(data, pooling === "none" ? [tokens, size] : [size]);
      },
    });
  };
  return makePipeline(parts, { task: "feature-extraction", rules: FEATURE_EXTRACTION_RULES, defaults, job });
}

function meanOf(rows: readonly Float32Array[], size: number): Float32Array {
  const sums = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) sums[i]! += row[i]!;
  return Float32Array.from(sums, (sum) => sum / rows.length);
}
