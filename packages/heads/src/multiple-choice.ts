import {
  type ArrayInput,
  ConfigError,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  type RaggedInputs,
} from "@convbert/model";
import { encoderOutputs, withShape } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import { crossEntropy, type Tensor } from "@convbert/tensor";
import { choicesAsSequences, countChoices } from "./choices.js";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { integerLabels } from "./labels.js";
import { eachRow, type RaggedLogits } from "./ragged.js";
import { SequenceSummary } from "./sequence-summary.js";

/** As for every model, with an axis for the choices: `[batch, choices, length]`. */
export interface MultipleChoiceInputs extends ConvBertInputs {
  /** `[batch]`: the right choice. */
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
export class ConvBertForMultipleChoice extends ConvBertWithHead<MultipleChoiceInputs> {
  static readonly modelName: string = "ConvBertForMultipleChoice";
  protected readonly ownArguments = ["labels"];
  readonly #summary: SequenceSummary;
  readonly #classifier: Linear;

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
      const logits = this.#logits(inputs, context);
      const loss = multipleChoiceLoss(logits, inputs, {});
      return {
        ...(loss !== null && { loss: loss.item() }),
        logits: withShape(logits.toArray(), logits.shape),
        ...encoderOutputs(context.encoded, context.prepared),
      };
    });
  }

  /**
   * Scores sequences of any lengths without padding, each as one choice; `logits` are `[1]`, to be compared among the
   * choices of a prompt. A result for each, equal to running it alone. Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: RaggedInputs, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, (context) => {
      return eachRow(this.#classifier.forward(this.#summary.forward(context)));
    });
  }

  protected override loss(inputs: MultipleChoiceInputs, context: HeadContext, options: LossOptions) {
    return multipleChoiceLoss(this.#logits(inputs, context), inputs, options);
  }

  #logits(inputs: MultipleChoiceInputs, context: HeadContext): Tensor<"float32"> {
    return this.#classifier.forward(this.#summary.forward(context)).reshape([-1, countChoices(inputs)]);
  }

  /** Each choice is a sequence of its own. */
  protected override encoderInputs(inputs: MultipleChoiceInputs): ConvBertInputs {
    return choicesAsSequences(inputs);
  }
}

/** Cross-entropy over the choices of `[batch, choices]`; null without labels. */
export function multipleChoiceLoss(
  logits: Tensor<"float32">,
  { labels }: MultipleChoiceInputs,
  options: LossOptions,
): Tensor<"float32"> | null {
  if (labels == null) {
    return null;
  }
  const expected = { count: logits.extent(0), classes: logits.extent(-1), flat: true };
  return crossEntropy(logits, integerLabels(logits.backend, "labels", labels, expected), options);
}
