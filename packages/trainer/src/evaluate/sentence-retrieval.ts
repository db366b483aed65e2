import type { ConvBertTokenizerFast } from "@convbert/tokenizer";
import { exampleError } from "../collate/labels.js";
import type { Evaluate } from "../loop/options.js";
import { turnWhenDue } from "../loop/turn-when-due.js";
import { TrainerOptionError } from "../option-error.js";
import { dot, type MeasuredEncoder, type SentenceEvaluationOptions, unitVectors } from "./sentence-vectors.js";

/** The ranks whose recall is told. */
const RANKS = [1, 5, 10];

/**
 * How well first texts (questions) find their second ones (passages) among all second texts of the data: recall@1, @5 and
 * @10, and the mean reciprocal rank. A passage that stands several times counts once; of a question that stands several times
 * with different passages the best-placed one counts. Passages with the very same cosine are counted as better.
 */
export function evaluateSentenceRetrieval(
  encoder: MeasuredEncoder,
  tokenizer: ConvBertTokenizerFast,
  { dataset, batchSize = 32, maxLength = encoder.config.max_position_embeddings }: SentenceEvaluationOptions,
): Evaluate {
  return async ({ signal, onProgress }) => {
    const passages = new Map<string, number>();
    const wanted = new Map<string, Set<number>>();
    for await (const example of dataset) {
      const [query, passage] = example.texts;
      if (query === undefined || passage === undefined) {
        throw exampleError(example, "evaluation by retrieval needs two texts, a query and its passage", "text");
      }
      if (!passages.has(passage)) passages.set(passage, passages.size);
      const own = wanted.get(query) ?? new Set();
      wanted.set(query, own.add(passages.get(passage)!));
    }
    if (wanted.size === 0) throw new TrainerOptionError("evaluation data", 0, "there are no examples to evaluate on");
    const total = passages.size + wanted.size;
    let done = 0;
    const vectorsOf = async (texts: readonly string[]): Promise<Float32Array[]> => {
      const found: Float32Array[] = [];
      for (let at = 0; at < texts.length; at += batchSize) {
        await turnWhenDue();
        const part = texts.slice(at, at + batchSize);
        found.push(...(await unitVectors(encoder, tokenizer, part, { maxLength, signal })));
        done += part.length;
        onProgress?.(done, total);
      }
      return found;
    };
    const corpus = await vectorsOf([...passages.keys()]);
    const queries = await vectorsOf([...wanted.keys()]);
    const ranks = [...wanted.values()].map((own, i) => {
      const scores = corpus.map((passage) => dot(queries[i]!, passage));
      const best = Math.max(...[...own].map((index) => scores[index]!));
      return scores.filter((score, index) => score >= best && !own.has(index)).length + 1;
    });
    const mean = (of: (rank: number) => number) => ranks.reduce((sum, rank) => sum + of(rank), 0) / ranks.length;
    return {
      ...Object.fromEntries(RANKS.map((k) => [`recall@${k}`, mean((rank) => Number(rank <= k))])),
      mrr: mean((rank) => 1 / rank),
    };
  };
}
