import type { SentenceModules } from "@convbert/heads";
import { applyDense } from "@convbert/heads/internal";
import { ndarrayOf } from "@convbert/model";
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
  raggedInputs,
  TEXT_RULES,
  type TextOptions,
} from "./engine.js";
import { type FloatArray, rowAt } from "./numbers.js";
import { choice, flag, type OptionRules, orDefault } from "./options.js";

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
      compute: (rows) => parts.model.forwardRagged(raggedInputs(rows), options),
      answer(_text, _prepared, [output]): FloatArray {
        const states = output!.last_hidden_state;
        const [tokens = 0, size = 0] = states.shape;
        const rows = Array.from({ length: tokens }, (_, token) => rowAt(states, token));
        // Linear maps are for texts, not for tokens.
        const vectors = pooling === "none" ? rows : [dense.reduce(applyDense, POOLINGS[pooling](rows, size))];
        const width = vectors[0]?.length ?? size;
        const data = new Float32Array(vectors.length * width);
        for (const [i, vector] of vectors.entries()) {
          const length = options.normalize ? Math.hypot(...vector) : 1;
          // A vector of zeros has no direction; it stays as it is.
          data.set(length === 1 || length === 0 ? vector : vector.map((value) => value / length), i * width);
        }
        return ndarrayOf(data, pooling === "none" ? [tokens, width] : [width]);
      },
    });
  };
  return makePipeline(parts, { task: "feature-extraction", rules: FEATURE_EXTRACTION_RULES, defaults, job });
}

const POOLINGS = {
  mean: meanOf,
  cls: (rows: readonly Float32Array[]) => rows[0]!,
  max: (rows: readonly Float32Array[], size: number) =>
    Float32Array.from({ length: size }, (_, i) => rows.reduce((most, row) => Math.max(most, row[i]!), -Infinity)),
};

function defaultsOf(
  { pooling, normalize, maxLength }: SentenceModules,
  parts: PipelineParts<FeatureModel>,
): FeatureExtractionOptions {
  const max_length = Math.min(maxLength ?? Number.POSITIVE_INFINITY, longestRow(parts));
  return { pooling: pooling === "first" ? "cls" : pooling, normalize, truncation: true, max_length };
}

/** What stands before every text of a model that was trained so. */
function prompted(text: unknown, prompt: string): unknown {
  if (prompt === "") return text;
  return typeof text === "string" ? prompt + text : Array.isArray(text) ? [prompt.trim(), ...text] : text;
}

function meanOf(rows: readonly Float32Array[], size: number): Float32Array {
  const sums = new Float64Array(size);
  for (const row of rows) for (let i = 0; i < size; i++) sums[i]! += row[i]!;
  return Float32Array.from(sums, (sum) => sum / rows.length);
}
