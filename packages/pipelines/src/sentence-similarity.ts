import type { SentenceModules } from "@convbert/heads";
import {
  encodeText,
  type Inputs,
  longestRow,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineParts,
  type Results,
  RUN_RULES,
  sequencesOf,
} from "./engine.js";
import { PipelineError, recordOf } from "./errors.js";
import type { FeatureModel } from "./feature-extraction.js";
import { checkName } from "./names.js";
import { count, type OptionRules, orDefault } from "./options.js";
import { pooled, prompted } from "./pooling.js";
import type { PipelineRunOptions } from "./schedule.js";

/** A sentence, and others that it is compared with; the fields are those of the hub's task. */
export interface SimilarityInput {
  readonly source_sentence: string;
  readonly sentences: readonly string[];
}

/** A sentence and how like the source it is. */
export interface SentenceScore {
  /** Cosine of both vectors, from -1 to 1. */
  score: number;
  /** Its index among the sentences. */
  index: number;
  sentence: string;
}

export interface SentenceSimilarityOptions extends PipelineRunOptions {
  /** Only so many, the best; all by default. */
  readonly top_k?: number;
}

export const SENTENCE_SIMILARITY_RULES: OptionRules<SentenceSimilarityOptions> = {
  ...RUN_RULES,
  top_k: orDefault(count(1)),
};

/** Scores sentences by how like another one they are, the best first. */
export interface SentenceSimilarityPipeline extends PipelineBase<"sentence-similarity", FeatureModel> {
  (input: SimilarityInput, options?: SentenceSimilarityOptions): Promise<SentenceScore[]>;
  (inputs: readonly SimilarityInput[], options?: SentenceSimilarityOptions): Promise<SentenceScore[][]>;
  /** Answers one by one, in bounded memory. */
  stream(inputs: Inputs<SimilarityInput>, options?: SentenceSimilarityOptions): Results<SentenceScore[]>;
}

/**
 * The pipeline over an encoder that is loaded already. Texts that are too long for it are cut.
 * @param defaults options of calls that do not give their own.
 * @param modules of a sentence-transformers folder; without them a text's vector is the mean of its tokens'.
 */
export function createSentenceSimilarity(
  parts: PipelineParts<FeatureModel>,
  defaults: SentenceSimilarityOptions = {},
  modules: SentenceModules | null = null,
): SentenceSimilarityPipeline {
  const { pooling = "mean", dense = [], prompt = "", maxLength = null } = modules ?? {};
  const longest = Math.min(maxLength ?? Number.POSITIVE_INFINITY, longestRow(parts));
  const row = (text: string) =>
    encodeText(parts, prompted(text, prompt), undefined, { truncation: true, max_length: longest });
  const how = { pooling: pooling === "first" ? "cls" : pooling, normalize: true } as const;
  const job = (options: SentenceSimilarityOptions) =>
    makeJob(options, {
      prepare(input: unknown) {
        const { source, sentences } = checked(input);
        return { sentences, rows: [source, ...sentences].map(row) };
      },
      async compute(rows) {
        const outputs = await parts.model.forwardRagged(sequencesOf(rows), options);
        return outputs.map(({ last_hidden_state: states }) => pooled(states, how, dense).data);
      },
      answer(_input, { sentences }, [source, ...others]): SentenceScore[] {
        const scores = others.map((vector, index) => ({
          score: dot(source!, vector),
          index,
          sentence: sentences[index]!,
        }));
        return scores.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, options.top_k);
      },
    });
  return makePipeline(parts, { task: "sentence-similarity", rules: SENTENCE_SIMILARITY_RULES, defaults, job });
}

const FORM = 'it is written { source_sentence: "...", sentences: ["...", "..."] }';

function checked(input: unknown): { source: string; sentences: readonly string[] } {
  const given = recordOf(input, FORM);
  for (const name of Object.keys(given)) checkName("an input", "field", name, ["source_sentence", "sentences"]);
  const { source_sentence: source, sentences } = given;
  if (typeof source !== "string" || !isTexts(sentences) || sentences.length === 0) {
    throw new PipelineError("invalid-input", `source_sentence must be a text and sentences a list of texts: ${FORM}`);
  }
  return { source, sentences };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
