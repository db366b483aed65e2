import ndarray from "ndarray";
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

export type FeatureModel = PipelineModel<RowInputs, { readonly last_hidden_state: FloatArray }>;

/**
 * Turns texts into vectors: an ndarray `[tokens, hidden_size]` for each text, or `[hidden_size]` with pooling. (The
 * reference has a further axis of 1 in front.)
 */
export interface FeatureExtractionPipeline extends PipelineBase<"feature-extraction", FeatureModel> {
  (text: string, options?: FeatureExtractionOptions): Promise<FloatArray>;
  (texts: readonly string[], options?: FeatureExtractionOptions): Promise<FloatArray[]>;
}

/** The pipeline over a model that is loaded already (the reference's `FeatureExtractionPipeline`). */
export function createFeatureExtraction(parts: PipelineParts<FeatureModel>): FeatureExtractionPipeline {
  const call = async (
    input: string | readonly string[],
    options: FeatureExtractionOptions = {},
  ): Promise<FloatArray | FloatArray[]> => {
    const pooling = oneOf("pooling", options.pooling ?? "none", ["none", "mean", "cls"]);
    return eachOrOne(input, (inputs) =>
      runSteps(inputs, options, {
        prepare: (text) => ({ rows: [encodeText(parts, text, undefined, options)] }),
        compute: (row) => parts.model.forward(rowInputs(row), options),
        answer(_text, _prepared, [output]) {
          const states = output!.last_hidden_state;
          const [, tokens = 0, size = 0] = states.shape;
          const rows = Array.from({ length: tokens }, (_, token) => rowAt(states, 0, token));
          const vectors = pooling === "none" ? rows : pooling === "cls" ? rows.slice(0, 1) : [meanOf(rows, size)];
          const data = new Float32Array(vectors.length * size);
          for (const [i, vector] of vectors.entries()) {
            const length = options.normalize ? Math.hypot(...vector) : 1;
            // A vector of zeros has no direction; it stays as it is.
            data.set(length === 1 || length === 0 ? vector : vector.map((value) => value / length), i * size);
          }
          return ndarray(data, pooling === "none" ? [tokens, size] : [size]);
        },
      }),
    );
  };
  return makePipeline("feature-extraction", parts, call as FeatureExtractionPipeline);
}

function meanOf(rows: readonly Float32Array[], size: number): Float32Array {
  const sums = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) sums[i]! += row[i]!;
  return Float32Array.from(sums, (sum) => sum / rows.length);
}
