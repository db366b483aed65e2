import { type EncodeTexts, embed, similarities } from "./embed.js";
import { SearchError } from "./errors.js";

export type { EncodeTexts } from "./embed.js";

/** LangChain's `EmbeddingsInterface`: what its vector stores take. */
export interface LangChainEmbeddings {
  embedDocuments(documents: string[]): Promise<number[][]>;
  embedQuery(document: string): Promise<number[]>;
}

/** Vectors for LangChain's stores and retrievers. */
export function langchainEmbeddings(encode: EncodeTexts): LangChainEmbeddings {
  const embedDocuments = async (documents: string[]) =>
    (await embed(encode, documents)).map((vector) => Array.from(vector));
  return { embedDocuments, embedQuery: async (document) => (await embedDocuments([document]))[0]! };
}

/** The parts of LangChain's documents that count here. */
interface LangChainDocument {
  pageContent: string;
  // biome-ignore lint/suspicious/noExplicitAny: LangChain's own type.
  metadata: Record<string, any>;
  id?: string;
}

export interface CompressorOptions {
  /** Documents that stay; default all. */
  readonly topN?: number;
  /** Documents below this cosine go; default none. */
  readonly minScore?: number;
}

/** LangChain's `BaseDocumentCompressor`, as an object. */
export interface LangChainCompressor {
  compressDocuments<Document extends LangChainDocument>(documents: Document[], query: string): Promise<Document[]>;
}

/**
 * Puts documents in the order of their likeness to the query, the best first, and leaves out the others: for LangChain's
 * `ContextualCompressionRetriever`. The cosine goes into each document's metadata as `relevanceScore`.
 * @throws SearchError for options out of range.
 */
export function langchainCompressor(encode: EncodeTexts, options: CompressorOptions = {}): LangChainCompressor {
  const { topN, minScore = -Infinity } = options;
  if (topN !== undefined && !(Number.isSafeInteger(topN) && topN > 0)) {
    throw new SearchError("invalid-option", `topN is ${topN}; give 1 or more`, { topN });
  }
  return {
    async compressDocuments(documents, query) {
      const texts = documents.map(({ pageContent }) => pageContent);
      const scores = await similarities(encode, query, texts);
      return documents
        .map((document, index) => ({ document, index, score: scores[index]! }))
        .filter(({ score }) => score >= minScore)
        .sort((a, b) => b.score - a.score || a.index - b.index)
        .slice(0, topN)
        .map(({ document, score }) => ({ ...document, metadata: { ...document.metadata, relevanceScore: score } }));
    },
  };
}
