import type { Encoding } from "@convbert/tokenizer";
import {
  type Inputs,
  longestRow,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  raggedInputs,
} from "./engine.js";
import { atLeast, oneOf, PipelineError, textOf } from "./errors.js";
import { type FloatArray, rowAt, softmax } from "./numbers.js";
import type { RunOptions } from "./schedule.js";
import {
  type AggregationStrategy,
  type EntityGroup,
  groupTokens,
  type LabelledToken,
  type Labelling,
  labelTokens,
  type TokenEntity,
  withoutOverlaps,
} from "./token-groups.js";

/** Options under the reference's names. */
export interface TokenClassificationOptions extends RunOptions {
  /**
   * How tokens become entities:
   * - "none" (default): a result for each token;
   * - "simple": adjacent tokens of one kind are joined, by their BIO labels;
   * - "first", "average", "max": first every word gets one label, that of its first token, of the mean of its tokens'
   *   probabilities, or of its surest token; then adjacent words are joined.
   */
  readonly aggregation_strategy?: AggregationStrategy;
  /** Labels left out of the results, as "O", or "PER" for a group; ["O"] by default. */
  readonly ignore_labels?: readonly string[];
  /**
   * Read a text that is longer than the model takes in windows that overlap by this many tokens. Without it the rest
   * of such a text is cut off, as in the reference. Needs an `aggregation_strategy`.
   */
  readonly stride?: number;
}

type Grouped = TokenClassificationOptions & { readonly aggregation_strategy: Exclude<AggregationStrategy, "none"> };
type Single = TokenClassificationOptions & { readonly aggregation_strategy?: "none" };

export type TokenClassifier = PipelineModel<{ readonly logits: FloatArray }>;

/** Labels the tokens of texts: entities, phrases, parts of speech. */
export interface TokenClassificationPipeline extends PipelineBase<"token-classification", TokenClassifier> {
  (text: string, options: Grouped): Promise<EntityGroup[]>;
  (texts: readonly string[], options: Grouped): Promise<EntityGroup[][]>;
  (text: string, options?: Single): Promise<TokenEntity[]>;
  (texts: readonly string[], options?: Single): Promise<TokenEntity[][]>;
  (text: string, options?: TokenClassificationOptions): Promise<TokenEntity[] | EntityGroup[]>;
  (texts: readonly string[], options?: TokenClassificationOptions): Promise<TokenEntity[][] | EntityGroup[][]>;
  /** Answers one by one, in bounded memory. */
  stream(texts: Inputs<string>, options: Grouped): Results<EntityGroup[]>;
  stream(texts: Inputs<string>, options?: Single): Results<TokenEntity[]>;
  stream(texts: Inputs<string>, options?: TokenClassificationOptions): Results<TokenEntity[] | EntityGroup[]>;
}

/** The pipeline over a model that is loaded already (the reference's `TokenClassificationPipeline`). */
export function createTokenClassification(parts: PipelineParts<TokenClassifier>): TokenClassificationPipeline {
  const { model, tokenizer } = parts;
  const labelling: Labelling = {
    label: (id) => model.config.id2label[id] ?? `LABEL_${id}`,
    join: (tokens) => tokenizer.convertTokensToString(tokens),
  };
  const job = (options: TokenClassificationOptions = {}) => {
    const { aggregation_strategy: strategy = "none", ignore_labels: ignored = ["O"], stride } = options;
    oneOf("aggregation_strategy", strategy, ["none", "simple", "first", "average", "max"]);
    if (stride !== undefined) checkStride(stride, strategy, longestRow(parts));

    return makeJob(options, {
      prepare: (text: string) => ({ rows: windows(parts, textOf("text", text), stride) }),
      compute: (rows) => model.forwardRagged(raggedInputs(rows), options),
      answer(text, { rows }, outputs): (TokenEntity | EntityGroup)[] {
        const tokensOf = (row: Encoding, i: number) => labelledTokens(parts, text, row, outputs[i]!.logits);
        if (strategy === "none") {
          const entities = rows.flatMap((row, i) => labelTokens(tokensOf(row, i), labelling));
          return entities.filter(({ entity }) => !ignored.includes(entity));
        }
        const groups = rows.flatMap((row, i) => groupTokens(tokensOf(row, i), strategy, labelling));
        const kept = groups.filter((group) => !ignored.includes(group.entity_group));
        return rows.length > 1 ? withoutOverlaps(kept) : kept;
      },
    });
  };
  return makePipeline("token-classification", parts, job);
}

function checkStride(stride: number, strategy: AggregationStrategy, limit: number): void {
  atLeast("stride", stride, 0);
  if (strategy === "none") {
    throw new PipelineError("invalid-option", "stride joins windows by their entities: set an aggregation_strategy", {
      option: "stride",
    });
  }
  if (stride >= limit - 2) {
    throw new PipelineError(
      "invalid-option",
      `stride is ${stride}; windows of ${limit} tokens, 2 of them special, can overlap by ${limit - 3} at most`,
      { option: "stride", value: stride, limit: limit - 3 },
    );
  }
}

function windows(parts: PipelineParts<TokenClassifier>, text: string, stride: number | undefined): readonly Encoding[] {
  return parts.tokenizer(text, {
    truncation: true,
    max_length: longestRow(parts),
    stride: stride ?? 0,
    return_overflowing_tokens: stride !== undefined,
    offset_unit: "utf16",
    verbose: false,
  }).encodings;
}

/**
 * The tokens of a row, special ones left out. Which ones continue a word is known from the tokenizer; the reference
 * guesses it from lengths, and errs where normalizing changes them (Hangul, decomposed accents).
 */
function labelledTokens(
  { tokenizer }: PipelineParts<TokenClassifier>,
  text: string,
  row: Encoding,
  logits: FloatArray,
): LabelledToken[] {
  const tokens: LabelledToken[] = [];
  for (const [index, id] of row.ids.entries()) {
    if (row.specialTokensMask[index]) continue;
    const [start, end] = row.offsets[index]!;
    const isUnknown = id === tokenizer.unkTokenId;
    tokens.push({
      word: isUnknown ? text.slice(start, end) : (tokenizer.convertIdsToTokens(id) ?? row.tokens[index]!),
      scores: softmax(rowAt(logits, index)),
      start,
      end,
      index,
      isSubword: !isUnknown && row.wordIds[index] !== null && row.wordIds[index] === row.wordIds[index - 1],
    });
  }
  return tokens;
}
