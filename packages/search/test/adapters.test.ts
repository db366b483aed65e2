import type { EmbeddingModelV3, RerankingModelV3 } from "@ai-sdk/provider";
import { Document } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { FakeVectorStore } from "@langchain/core/utils/testing";
import { cosineSimilarity, embed, embedMany, rerank } from "ai";
import { describe, expect, it } from "vitest";
import { aiEmbeddingModel, aiRerankingModel } from "../src/ai-sdk.js";
import { SearchError } from "../src/index.js";
import { type EncodeTexts, langchainCompressor, langchainEmbeddings } from "../src/langchain.js";

/** Counts letters: texts of the same letters are alike. */
const encode: EncodeTexts = async (texts, options) => {
  options?.signal?.throwIfAborted();
  return texts.map((text) => {
    const data = new Float32Array(26);
    for (const letter of text.toLowerCase()) {
      const at = letter.charCodeAt(0) - 97;
      if (at >= 0 && at < 26) data[at]! += 1;
    }
    return { data, shape: [26] };
  });
};
const tokens: EncodeTexts = async (texts) => texts.map(() => ({ data: new Float32Array(8), shape: [2, 4] }));
const TEXTS = ["zoo", "listen", "silent night", "tinsel"];

describe("the AI SDK", () => {
  // The types of the real package take them.
  const model: EmbeddingModelV3 = aiEmbeddingModel(encode);
  const reranker: RerankingModelV3 = aiRerankingModel(encode, "letters");

  it("embeds one and many", async () => {
    const { embedding } = await embed({ model, value: "listen" });
    expect(embedding).toHaveLength(26);
    const { embeddings, warnings } = await embedMany({ model, values: TEXTS });
    expect(embeddings).toHaveLength(4);
    expect(warnings ?? []).toEqual([]);
    expect(cosineSimilarity(embedding, embeddings[3]!)).toBeCloseTo(1, 6);
    expect(cosineSimilarity(embedding, embeddings[0]!)).toBe(0);
    await expect(embed({ model, value: "x", abortSignal: AbortSignal.abort(), maxRetries: 0 })).rejects.toThrow();
    await expect(embed({ model: aiEmbeddingModel(tokens), value: "x", maxRetries: 0 })).rejects.toThrow(SearchError);
  });

  it("ranks texts and objects", async () => {
    const { ranking, rerankedDocuments } = await rerank({
      model: reranker,
      documents: TEXTS,
      query: "enlist",
      topN: 3,
    });
    expect(rerankedDocuments).toEqual(["listen", "tinsel", "silent night"]);
    expect(ranking[0]).toMatchObject({ originalIndex: 1 });
    expect(ranking[0]!.score).toBeCloseTo(1, 6);
    const objects = [{ name: "zzz" }, { name: "listen" }];
    const ranked = await rerank({ model: reranker, documents: objects, query: "name listen" });
    expect(ranked.rerankedDocuments[0]).toEqual({ name: "listen" });
  });
});

describe("LangChain", () => {
  const embeddings: EmbeddingsInterface = langchainEmbeddings(encode);

  it("embeds for its stores", async () => {
    expect(await embeddings.embedDocuments([])).toEqual([]);
    const [first] = await embeddings.embedDocuments(TEXTS);
    expect(first).toEqual(await embeddings.embedQuery("zoo"));
    expect(first!.filter((value) => value > 0)).toEqual([2, 1]);
    const store = new FakeVectorStore(embeddings);
    await store.addDocuments(TEXTS.map((pageContent) => new Document({ pageContent })));
    const [found] = await store.similaritySearch("enlist", 1);
    expect(["listen", "tinsel"]).toContain(found!.pageContent);
    await expect(langchainEmbeddings(tokens).embedQuery("x")).rejects.toThrow("a vector for each token");
  });

  it("compresses documents", async () => {
    const documents = TEXTS.map((pageContent, index) => new Document({ pageContent, metadata: { index } }));
    const compressor = langchainCompressor(encode, { topN: 2 });
    expect(BaseDocumentCompressor.isBaseDocumentCompressor(compressor)).toBe(true);
    const best = await compressor.compressDocuments(documents, "enlist");
    expect(best.map(({ pageContent }) => pageContent)).toEqual(["listen", "tinsel"]);
    expect(best[0]!.metadata).toEqual({ index: 1, relevanceScore: expect.closeTo(1, 5) });
    expect(documents[1]!.metadata).toEqual({ index: 1 });
    const alike = await langchainCompressor(encode, { minScore: 0.5 }).compressDocuments(documents, "enlist");
    expect(alike).toHaveLength(3);
    expect(() => langchainCompressor(encode, { topN: 0 })).toThrow(SearchError);
  });
});
