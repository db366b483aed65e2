import { type EncodeTexts, embed, similarities } from "./embed.js";

export type { EncodeTexts } from "./embed.js";

/** The AI SDK's `EmbeddingModelV3`. */
export interface AiEmbeddingModel {
  readonly specificationVersion: "v3";
  readonly provider: string;
  readonly modelId: string;
  readonly maxEmbeddingsPerCall: number;
  readonly supportsParallelCalls: boolean;
  doEmbed(options: { values: string[]; abortSignal?: AbortSignal }): Promise<{
    embeddings: number[][];
    warnings: [];
  }>;
}

/** The AI SDK's `RerankingModelV3`. */
export interface AiRerankingModel {
  readonly specificationVersion: "v3";
  readonly provider: string;
  readonly modelId: string;
  doRerank(options: {
    documents: { type: "text"; values: string[] } | { type: "object"; values: object[] };
    query: string;
    topN?: number;
    abortSignal?: AbortSignal;
  }): Promise<{ ranking: { index: number; relevanceScore: number }[] }>;
}

const PROVIDER = "convbert";

/**
 * A model for the AI SDK's `embed` and `embedMany` (version 6).
 * @param modelId a name for logs; "sentence-encoder" by default.
 */
export function aiEmbeddingModel(encode: EncodeTexts, modelId = "sentence-encoder"): AiEmbeddingModel {
  return {
    specificationVersion: "v3",
    provider: PROVIDER,
    modelId,
    maxEmbeddingsPerCall: Number.POSITIVE_INFINITY,
    // One call keeps all threads busy.
    supportsParallelCalls: false,
    async doEmbed({ values, abortSignal }) {
      const vectors = await embed(encode, values, abortSignal);
      return { embeddings: vectors.map((vector) => Array.from(vector)), warnings: [] };
    },
  };
}

/**
 * A model for the AI SDK's `rerank` (version 6): documents by their cosine with the query, objects by that of their JSON.
 * @param modelId a name for logs; "sentence-encoder" by default.
 */
export function aiRerankingModel(encode: EncodeTexts, modelId = "sentence-encoder"): AiRerankingModel {
  return {
    specificationVersion: "v3",
    provider: PROVIDER,
    modelId,
    async doRerank({ documents, query, topN, abortSignal }) {
      const texts =
        documents.type === "text" ? documents.values : documents.values.map((value) => JSON.stringify(value));
      const scores = await similarities(encode, query, texts, abortSignal);
      const ranking = scores.map((relevanceScore, index) => ({ index, relevanceScore }));
      ranking.sort((a, b) => b.relevanceScore - a.relevanceScore || a.index - b.index);
      return { ranking: ranking.slice(0, topN) };
    },
  };
}
