import {
  type Inputs,
  longestRow,
  makeJob,
  makePipeline,
  type PipelineBase,
  type PipelineModel,
  type PipelineParts,
  type Results,
  RUN_RULES,
  sequencesOf,
} from "./engine.js";
import { PipelineError } from "./errors.js";
import { schemeOf } from "./label-scheme.js";
import { type FloatArray, rowAt, softmax } from "./numbers.js";
import { choice, count, flag, type OptionRules, orDefault, text, texts } from "./options.js";
import type { PipelineRunOptions } from "./schedule.js";
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
import { type TextRow, textRows } from "./token-rows.js";

/** Options under the reference's names. */
export interface TokenClassificationOptions extends PipelineRunOptions {
  /**
   * How tokens become entities:
   * - "none" (default): a result for each token;
   * - "simple": adjacent tokens of one kind are joined, by the marks of their labels (BIO, BIOES, BILOU);
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
  /** Cut a text that is longer than the model takes; true by default, and otherwise such a text is an error. */
  readonly truncation?: boolean;
  /**
   * Every text is given as the list of its words, as data sets of tagged words have it; false by default. With the
   * strategies "first", "average" and "max" each of them gets one label. Offsets are those in the words joined by `delimiter`.
   */
  readonly is_split_into_words?: boolean;
  /** What stands between words that were given as a list; a space by default. */
  readonly delimiter?: string;
}

export const TOKEN_CLASSIFICATION_RULES: OptionRules<TokenClassificationOptions> = {
  ...RUN_RULES,
  aggregation_strategy: orDefault(choice("none", "simple", "first", "average", "max")),
  ignore_labels: orDefault(texts),
  stride: orDefault(count(0)),
  truncation: orDefault(choice(true, false)),
  is_split_into_words: flag,
  delimiter: orDefault(text),
};

type Grouped = TokenClassificationOptions & { readonly aggregation_strategy: Exclude<AggregationStrategy, "none"> };
type Single = TokenClassificationOptions & { readonly aggregation_strategy?: "none" };

type Words = { readonly is_split_into_words: true };

export type TokenClassifier = PipelineModel<{ readonly logits: FloatArray }>;

/** Labels the tokens of texts: entities, phrases, parts of speech. */
export interface TokenClassificationPipeline extends PipelineBase<"token-classification", TokenClassifier> {
  (words: readonly string[], options: Grouped & Words): Promise<EntityGroup[]>;
  (texts: readonly (readonly string[])[], options: Grouped & Words): Promise<EntityGroup[][]>;
  (words: readonly string[], options: Single & Words): Promise<TokenEntity[]>;
  (texts: readonly (readonly string[])[], options: Single & Words): Promise<TokenEntity[][]>;
  (text: string, options: Grouped): Promise<EntityGroup[]>;
  (texts: readonly string[], options: Grouped): Promise<EntityGroup[][]>;
  (text: string, options?: Single): Promise<TokenEntity[]>;
  (texts: readonly string[], options?: Single): Promise<TokenEntity[][]>;
  (text: string, options?: TokenClassificationOptions): Promise<TokenEntity[] | EntityGroup[]>;
  (texts: readonly string[], options?: TokenClassificationOptions): Promise<TokenEntity[][] | EntityGroup[][]>;
  /** Answers one by one, in bounded memory. */
  stream(texts: Inputs<readonly string[]>, options: Grouped & Words): Results<EntityGroup[]>;
  stream(texts: Inputs<readonly string[]>, options: Single & Words): Results<TokenEntity[]>;
  stream(texts: Inputs<string>, options: Grouped): Results<EntityGroup[]>;
  stream(texts: Inputs<string>, options?: Single): Results<TokenEntity[]>;
  stream(texts: Inputs<string>, options?: TokenClassificationOptions): Results<TokenEntity[] | EntityGroup[]>;
}

/**
 * The pipeline over a model that is loaded already (the reference's `TokenClassificationPipeline`).
 * @param defaults options of calls that do not give their own.
 */
export function createTokenClassification(
  parts: PipelineParts<TokenClassifier>,
  defaults: TokenClassificationOptions = {},
): TokenClassificationPipeline {
  const { model, tokenizer } = parts;
  const labelling: Labelling = {
    scheme: schemeOf(Object.values(model.config.id2label)),
    label: (id) => model.config.id2label[id] ?? `LABEL_${id}`,
    join: (tokens) => tokenizer.convertTokensToString(tokens),
  };
  const job = (options: TokenClassificationOptions) => {
    const {
      aggregation_strategy: strategy = "none",
      ignore_labels: ignored = ["O"],
      stride,
      truncation = true,
    } = options;
    if (stride !== undefined) checkStride(stride, strategy, longestRow(parts));

    return makeJob(options, {
      prepare: (input: unknown) => ({ rows: textRows(parts, input, { ...options, truncation }) }),
      compute: (rows) => model.forwardRagged(sequencesOf(rows), options),
      answer(_input, { rows }, outputs): (TokenEntity | EntityGroup)[] {
        const tokensOf = (row: TextRow, i: number) => labelledTokens(row, outputs[i]!.logits);
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
  return makePipeline(parts, { task: "token-classification", rules: TOKEN_CLASSIFICATION_RULES, defaults, job });
}

function checkStride(stride: number, strategy: AggregationStrategy, limit: number): void {
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

function labelledTokens({ textTokens }: TextRow, logits: FloatArray): LabelledToken[] {
  return textTokens.map((token) => ({ ...token, scores: softmax(rowAt(logits, token.index)) }));
}
