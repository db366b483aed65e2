import {
  type ArrayInput,
  type ConvBertConfig,
  type ConvBertInputs,
  type EncoderOutputs,
  type FloatArray,
  type ForwardOptions,
  InputError,
  type ProblemType,
  type SequenceBatch,
  withoutPadding,
} from "@convbert/model";
import { drop, encoderOutputs, floats, hiddenActivation, isIntegral } from "@convbert/model/internal";
import { Linear, type Scope } from "@convbert/nn";
import { binaryCrossEntropy, crossEntropy, meanSquaredError, softCrossEntropy, type Tensor } from "@convbert/tensor";
import { firstTokens } from "./first-tokens.js";
import { ConvBertWithHead, type HeadContext, type LossOptions } from "./head.js";
import { floatLabels, integerLabels, labelsAt, likelihoods } from "./labels.js";
import { eachRow, type Ragged, type RaggedLogits, withLosses } from "./ragged.js";

interface SequenceLabels {
  /**
   * `[batch]` classes, or `[batch, num_labels]` how likely each class is (problem_type "single_label_classification"); 0 or 1
   * `[batch, num_labels]` for several labels at once; numbers for regression.
   */
  readonly labels?: ArrayInput | null | undefined;
  /** Which loss the labels have, where the configuration does not say it. */
  readonly problem_type?: ProblemType | null | undefined;
}

export interface SequenceClassificationInputs extends ConvBertInputs, SequenceLabels {}

/** The same without padding. */
export interface SequenceClassificationBatch extends SequenceBatch, SequenceLabels {}

/** The reference's `SequenceClassifierOutput`. */
export interface SequenceClassificationOutput extends EncoderOutputs {
  readonly loss?: number;
  /** `[batch, num_labels]`. */
  readonly logits: FloatArray;
}

/**
 * Classifies a sequence, or scores it, by its first token (the reference's `ConvBertForSequenceClassification`): dense,
 * `hidden_act`, and a map to the labels.
 */
export class ConvBertForSequenceClassification extends ConvBertWithHead<
  SequenceClassificationInputs,
  SequenceClassificationBatch
> {
  static readonly modelName: string = "ConvBertForSequenceClassification";
  protected readonly ownArguments = ["labels", "problem_type"];
  readonly #dense: Linear;
  readonly #project: Linear;

  /** @internal */
  constructor(config: ConvBertConfig, root: Scope) {
    super(config, root);
    const classifier = root.scope("classifier");
    this.#dense = new Linear(classifier.scope("dense"), config.hidden_size, config.hidden_size);
    this.#project = new Linear(classifier.scope("out_proj"), config.hidden_size, config.num_labels);
  }

  /** Runs the model, with a loss where labels are given. Throws InputError for arguments that do not fit. */
  forward(inputs: SequenceClassificationInputs, options: ForwardOptions = {}): Promise<SequenceClassificationOutput> {
    return this.run(inputs, options, (context) => {
      const logits = this.#logits(context);
      const loss = sequenceClassificationLoss(this.config, logits, inputs, {});
      return {
        ...(loss !== null && { loss: loss.readItem() }),
        logits: logits.read(),
        ...encoderOutputs(context.encoded, context.prepared),
      };
    });
  }

  /**
   * Runs sequences of any lengths without padding; a result for each, equal to running it alone. `logits` are `[num_labels]`.
   * Throws InputError for arguments that do not fit.
   */
  forwardRagged(inputs: Ragged<SequenceClassificationBatch>, options: ForwardOptions = {}): Promise<RaggedLogits[]> {
    return this.runRagged(inputs, options, (batch, context) => {
      const logits = this.#logits(context);
      const { labels } = batch;
      if (labels == null) return eachRow(logits);
      const problem_type = problemOf(this.config, batch);
      return withLosses(eachRow(logits), (row) => {
        const own = { labels: labelsAt(labels, row, logits.extent(0)), problem_type };
        return sequenceClassificationLoss(this.config, logits.slice(0, row, row + 1), own, {});
      });
    });
  }

  override unpadded(inputs: SequenceClassificationInputs): SequenceClassificationBatch {
    const { labels, problem_type } = inputs;
    return { ...withoutPadding(inputs).batch, labels, problem_type };
  }

  protected override loss(
    inputs: SequenceClassificationInputs | SequenceClassificationBatch,
    context: HeadContext,
    options: LossOptions,
  ) {
    return sequenceClassificationLoss(this.config, this.#logits(context), inputs, options);
  }

  #logits({ encoded, random }: HeadContext): Tensor<"float32"> {
    const rate = this.config.classifier_dropout ?? this.config.hidden_dropout_prob;
    const first = drop(firstTokens(encoded), rate, random);
    const dense = this.#dense.forward(first, hiddenActivation(this.config));
    return this.#project.forward(drop(dense, rate, random));
  }
}

const PROBLEM_TYPES: readonly ProblemType[] = [
  "regression",
  "single_label_classification",
  "multi_label_classification",
];

/** The reference's rule: one label is regression, integers are classes, anything else is several labels at once. */
function inferProblem(numLabels: number, labels: ArrayInput): ProblemType {
  if (numLabels === 1) {
    return "regression";
  }
  return isIntegral(labels) && !isTable(labels) ? "single_label_classification" : "multi_label_classification";
}

/** Nested lists of whole numbers have no element type: one row of 0 and 1 a text can only mean several labels. */
function isTable(labels: ArrayInput): boolean {
  return Array.isArray(labels) && Array.isArray(labels[0]) && labels[0].length > 1;
}

/** Which loss the labels, the call or the configuration ask for. */
export function problemOf(config: ConvBertConfig, { labels, problem_type: given }: SequenceLabels): ProblemType {
  return given ?? config.problem_type ?? inferProblem(config.num_labels, labels!);
}

/** Whether there are as many numbers for each text as classes: the reference has no use for them and refuses them. */
function isLikelihood(labels: ArrayInput, classes: number): boolean {
  const { shape } = floats("labels", labels);
  return classes > 1 && shape.length === 2 && shape[1] === classes;
}

/** The loss that the labels, the call or the configuration ask for; null without labels. */
export function sequenceClassificationLoss(
  config: ConvBertConfig,
  logits: Tensor<"float32">,
  inputs: SequenceLabels,
  options: LossOptions,
): Tensor<"float32"> | null {
  const { labels } = inputs;
  if (labels == null) {
    return null;
  }
  switch (problemOf(config, inputs)) {
    case "regression":
      return meanSquaredError(
        logits,
        floatLabels(logits.backend, "labels", labels, logits.shape, config.num_labels === 1),
      );
    case "multi_label_classification":
      return binaryCrossEntropy(logits, floatLabels(logits.backend, "labels", labels, logits.shape));
    case "single_label_classification":
      if (isLikelihood(labels, logits.extent(-1))) {
        return softCrossEntropy(logits, likelihoods(logits.backend, "labels", labels, logits.shape), options);
      }
      return crossEntropy(
        logits,
        integerLabels(logits.backend, "labels", labels, { count: logits.extent(0), classes: logits.extent(-1) }),
        options,
      );
    default:
      throw new InputError(
        "problem_type",
        `there is no ${JSON.stringify(inputs.problem_type)}; use one of ${PROBLEM_TYPES.join(", ")}`,
      );
  }
}
