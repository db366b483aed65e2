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
  type TextOptions,
} from "./engine.js";
import { oneOf } from "./errors.js";
import { type FloatArray, rowAt } from "./numbers.js";

export interface FeatureExtractionOptions extends TextOptions {
  /**
   * "none" (default): a vector for each token, special ones included; "mean": the mean of them; "cls": the first one.
   */
  readonly pooling?: "none" | "mean" | "cls";
  /** Scale every vector to length 1, so that a dot product is the cosine; false by default. */
  readonly normalize?: boolean;
}

export type FeatureModel = PipelineModel<{ readonly last_hidden_state: FloatArray }>;

/**
 * Turns texts into vectors: an ndarray `[tokens, hidden_size]` for each text, or `[hidden_size]` with pooling. (The
 * reference has a further axis of 1 in front.)
 */
export interface FeatureExtractionPipeline extends PipelineBase<"feature-extraction", FeatureModel> {
  (text: string, options?: FeatureExtractionOptions): Promise<FloatArray>;
  (texts: readonly string[], options?: FeatureExtractionOptions): Promise<FloatArray[]>;
  /** Answers one by one, in bounded memory. */
  stream(texts: Inputs<string>, options?: FeatureExtractionOptions): Results<FloatArray>;
}

/** The pipeline over a model that is loaded already (the reference's `FeatureExtractionPipeline`). */
export function createFeatureExtraction(parts: PipelineParts<FeatureModel>): FeatureExtractionPipeline {
  const job = (options: FeatureExtractionOptions = {}) => {
    const pooling = oneOf("pooling", options.pooling ?? "none", ["none", "mean", "cls"]);
    return makeJob(options, {
      prepare: (text: string) => ({ rows: [encodeText(parts, text, undefined, options)] }),
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
  return makePipeline("feature-extraction", parts, job);
}

function meanOf(rows: readonly Float32Array[], size: number): Float32Array {
  const sums = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) sums[i]! += row[i]!;
  return Float32Array.from(sums, (sum) => sum / rows.length);
}
