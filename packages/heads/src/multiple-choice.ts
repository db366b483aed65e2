import {
  type ArrayInput,
  ConfigError,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  type SequenceBatch,
  withoutPadding,
} from "@convbert/model";
import { encoderOutputs, isSequenceBatch } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import { add, crossEntropy, scale, type Tensor } from "@convbert/tensor";
import { choiceEnds, choicesAsSequences, countChoices } from "./choices.js";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { integerLabels, labelsAt } from "./labels.js";
import { eachRow, type Ragged, type RaggedLogits, withLosses } from "./ragged.js";
import { SequenceSummary } from "./sequence-summary.js";

/** As for every model, with an axis for the choices: `[batch, choices, length]`. */
export interface MultipleChoiceInputs extends ConvBertInputs {
  /** `[batch]`: the right choice. */
  readonly labels?: ArrayInput | null | undefined;
}

/** The choices of all prompts without padding, each a sequence of its own. */
export interface MultipleChoiceBatch extends SequenceBatch {
  /** How many choices each prompt has; they need not be as many. By default nothing says which belong together. */
  readonly choices?: ArrayLike<number> | null | undefined;
  /** `[prompts]`: the right choice; needs `choices`. */
  readonly labels?: ArrayInput | null | undefined;
}

/** The reference's `MultipleChoiceModelOutput`. */
export interface MultipleChoiceOutput extends EncoderOutputs {
  /** Mean cross-entropy over the choices. */
  readonly loss?: number;
  /** `[batch, choices]`. */
  readonly logits: FloatArray;
}

/**
 * Scores alternatives (the reference's `ConvBertForMultipleChoice`): each choice is a sequence, summarised and mapped to
 * one number. By default the summary is the **last** position, padding or not, as in the reference.
 */
export class ConvBertForMultipleChoice extends ConvBertWithHead<MultipleChoiceInputs, MultipleChoiceBatch> {
  static readonly modelName: string = "ConvBertForMultipleChoice";
  protected readonly ownArguments = ["labels"];
  readonly #summary: SequenceSummary;
  readonly #classifier: Linear;

  protected override get ownBatchArguments(): readonly string[] {
    return ["labels", "choices"];
  }

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root);
    this.#summary = new SequenceSummary(root.scope("sequence_summary"), config);
    if (this.#summary.size !== config.hidden_size) {
      throw new ConfigError(
        "summary_proj_to_labels",
        `a summary of ${this.#summary.size} channels does not fit a classifier of hidden_size ${config.hidden_size}`,
      );
    }
    this.#classifier = new Linear(root.scope("classifier"), config.hidden_size, 1);
  }

  /** Runs the model, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  forward(inputs: MultipleChoiceInputs, options: ForwardOptions = {}): Promise<MultipleChoiceOutput> {
    return this.run(inputs, options, (context) => {
      const logits = this.#scores(context).reshape([-1, countChoices(inputs)]);
      const loss = multipleChoiceLoss(logits, inputs, {});
      return {
        ...(loss !== null && { loss: loss.readItem() }),
        logits: logits.read(),
        ...encoderOutputs(context.encoded, context.prepared),
      };
    });
  }

  /**
   * Scores sequences of any lengths without padding, each as one choice; equal to running it alone. A result for each
   * prompt, `logits` being `[choices]`; where nothing says how many `choices` a prompt has, one for each sequence, `[1]`, to be
   * compared among those of a prompt. Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: Ragged<MultipleChoiceBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, ({ labels, choices }, context) => {
      const scores = this.#scores(context);
      const ends = choiceEnds(choices, scores.extent(0), labels != null);
      if (ends === null) return eachRow(scores);
      const rows = rowsOf(scores, ends);
      const results = rows.map((row) => ({ logits: row.reshape([-1]).read() }));
      if (labels == null) return results;
      return withLosses(results, (prompt) =>
        multipleChoiceLoss(rows[prompt]!, { labels: labelsAt(labels, prompt, rows.length) }, {}),
      );
    });
  }

  override unpadded(inputs: MultipleChoiceInputs): MultipleChoiceBatch {
    const { batch } = withoutPadding(this.encoderInputs(inputs));
    const choices = countChoices(inputs);
    const prompts = (batch.offsets.length - 1) / choices;
    return { ...batch, choices: new Array<number>(prompts).fill(choices), labels: inputs.labels };
  }

  protected override loss(
    inputs: MultipleChoiceInputs | MultipleChoiceBatch,
    context: HeadContext,
    options: LossOptions,
  ) {
    const { labels } = inputs;
    if (labels == null) return null;
    const scores = this.#scores(context);
    if (!isSequenceBatch(inputs)) {
      return multipleChoiceLoss(scores.reshape([-1, countChoices(inputs)]), inputs, options);
    }
    const ends = choiceEnds(inputs.choices, scores.extent(0), true)!;
    const each = ends[0]!;
    if (ends.every((end, prompt) => end === (prompt + 1) * each)) {
      return multipleChoiceLoss(scores.reshape([-1, each]), inputs, options);
    }
    const losses = rowsOf(scores, ends).map(
      (row, prompt) => multipleChoiceLoss(row, { labels: labelsAt(labels, prompt, ends.length) }, options)!,
    );
    return scale(
      losses.reduce((sum, loss) => add(sum, loss)),
      1 / losses.length,
    );
  }

  /** One number for each sequence, `[sequences, 1]`. */
  #scores(context: HeadContext): Tensor<"float32"> {
    return this.#classifier.forward(this.#summary.forward(context));
  }

  /** Each choice is a sequence of its own. */
  protected override encoderInputs(inputs: MultipleChoiceInputs): ConvBertInputs {
    return choicesAsSequences(inputs);
  }
}

/** The scores of each prompt, `[1, choices]`. */
function rowsOf(scores: Tensor<"float32">, ends: readonly number[]): Tensor<"float32">[] {
  return ends.map((end, prompt) => scores.slice(0, ends[prompt - 1] ?? 0, end).reshape([1, -1]));
}

/** Cross-entropy over the choices of `[batch, choices]`; null without labels. */
export function multipleChoiceLoss(
  logits: Tensor<"float32">,
  { labels }: Pick<MultipleChoiceInputs, "labels">,
  options: LossOptions,
): Tensor<"float32"> | null {
  if (labels == null) {
    return null;
  }
  const expected = { count: logits.extent(0), classes: logits.extent(-1), flat: true };
  return crossEntropy(logits, integerLabels(logits.backend, "labels", labels, expected), options);
}
